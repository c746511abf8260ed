// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { OggReader, PACKET_MAX, packetFrames, readOpusHead } from "../sound/ogg";
import { readSeekTable, seekEntry } from "../sound/seek";
import { random, seed } from "./support";

function page(segments: number[], body: Uint8Array, flags = 0): Uint8Array {
  const out = new Uint8Array(27 + segments.length + body.length);
  out.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
  out[26] = segments.length;
  out.set(segments, 27);
  out.set(body, 27 + segments.length);
  return out;
}

function lacing(n: number): number[] {
  return [...new Array<number>(Math.floor(n / 255)).fill(255), n % 255];
}

function packetOf(n: number, value: number): Uint8Array {
  return new Uint8Array(n).fill(value);
}

function pageOf(...packets: Uint8Array[]): Uint8Array {
  return page(packets.flatMap((p) => lacing(p.length)), join(packets));
}

function join(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

test("packets come out whole, however the bytes are cut", () => {
  const packets = [packetOf(10, 1), packetOf(255, 2), packetOf(600, 3), packetOf(1, 4)];
  const bytes = join([pageOf(...packets.slice(0, 2)), pageOf(...packets.slice(2))]);
  for (const cut of [1, 7, 27, 100, bytes.length]) {
    const reader = new OggReader();
    const got: Uint8Array[] = [];
    for (let i = 0; i < bytes.length; i += cut) got.push(...reader.push(bytes.subarray(i, i + cut)));
    assert.deepEqual(got, packets, `cut ${cut}`);
    assert.equal(reader.skipped, 0);
  }
});

test("a packet goes on in the next page", () => {
  const whole = packetOf(700, 9);
  const first = page([255, 255], whole.subarray(0, 510));
  const second = page([190], whole.subarray(510), 1);
  assert.deepEqual(new OggReader().push(join([first, second])), [whole]);
});

test("starting in the middle, the tail of a packet is no packet", () => {
  const tail = page([190, 5], join([packetOf(190, 9), packetOf(5, 7)]), 1);
  assert.deepEqual(new OggReader().push(tail), [packetOf(5, 7)]);
});

test("what is not a page is skipped", () => {
  const reader = new OggReader();
  const bytes = join([packetOf(333, 0x4f), pageOf(packetOf(8, 1))]);
  assert.deepEqual(reader.push(bytes), [packetOf(8, 1)]);
  assert.equal(reader.skipped, 333);
});

test("a truncated page gives nothing, and does not throw", () => {
  const whole = pageOf(packetOf(400, 5));
  for (let n = 0; n < whole.length; n++)
    assert.deepEqual(new OggReader().push(whole.subarray(0, n)), [], `${n} bytes`);
});

test("a packet without an end is given up at its ceiling", () => {
  const reader = new OggReader();
  const endless = page(new Array<number>(255).fill(255), new Uint8Array(255 * 255), 1);
  reader.push(page(new Array<number>(255).fill(255), new Uint8Array(255 * 255)));
  for (let i = 0; i < 10; i++) assert.deepEqual(reader.push(endless), []);
  assert.deepEqual(reader.push(pageOf(packetOf(3, 3))), [packetOf(3, 3)]);
});

test("any damage is survived, and no packet is too long", () => {
  const rand = random(seed());
  const good = join([pageOf(packetOf(100, 1), packetOf(300, 2)), pageOf(packetOf(900, 3)), pageOf(packetOf(50, 4))]);
  let unharmed = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = good.slice();
    const hits = 1 + Math.floor(rand() * 8);
    for (let i = 0; i < hits; i++) bytes[Math.floor(rand() * bytes.length)] = Math.floor(rand() * 256);
    const cut = bytes.subarray(0, Math.floor(rand() * bytes.length) + 1);
    const packets = new OggReader().push(cut);
    for (const p of packets) {
      assert.ok(p.length <= PACKET_MAX);
      packetFrames(p);
      readOpusHead(p);
    }
    unharmed += packets.length;
  }
  assert.ok(unharmed > 1000, "damage in one place must not cost everything");
});

test("the Opus header is read with its limits", () => {
  const head = new Uint8Array(19);
  head.set(new TextEncoder().encode("OpusHead"));
  head.set([1, 2, 0x38, 0x01], 8); // version 1, stereo, pre-skip 312
  head.set([0x00, 0x06], 16); // +6 dB
  const read = readOpusHead(head);
  assert.equal(read?.channels, 2);
  assert.equal(read.preSkip, 312);
  assert.ok(Math.abs(read.gain - 1.995) < 0.001);
  assert.equal(readOpusHead(head.subarray(0, 18)), null);
  head[9] = 6;
  assert.equal(readOpusHead(head), null);
});

test("a packet says how many frames it holds", () => {
  assert.equal(packetFrames(new Uint8Array([0xfc])), 960); // CELT 20 ms, one frame
  assert.equal(packetFrames(new Uint8Array([0xfd])), 1920); // two
  assert.equal(packetFrames(new Uint8Array([0x08])), 960); // SILK 20 ms
  assert.equal(packetFrames(new Uint8Array([0x1b, 2])), 5760); // 60 ms, twice: the most there is
  assert.equal(packetFrames(new Uint8Array([0x1b, 3])), 0);
  assert.equal(packetFrames(new Uint8Array(0)), 0);
});

function table(...entries: [number, number][]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(entries.length * 8));
  entries.forEach(([offset, frame], i) => {
    view.setUint32(i * 8, offset, true);
    view.setInt32(i * 8 + 4, frame, true);
  });
  return view.buffer;
}

test("the seek table leads to a page 80 ms or more before the frame", () => {
  const entries = readSeekTable(table([200, -312], [9000, 47_688], [18_000, 95_688]));
  assert.ok(entries);
  assert.equal(seekEntry(entries, 0).offset, 200);
  assert.equal(seekEntry(entries, 47_688 + 3839).offset, 200);
  assert.equal(seekEntry(entries, 47_688 + 3840).offset, 9000);
  assert.equal(seekEntry(entries, 10_000_000).offset, 18_000);
});

test("a ragged, empty or falling table is refused", () => {
  assert.equal(readSeekTable(new ArrayBuffer(0)), null);
  assert.equal(readSeekTable(new ArrayBuffer(12)), null);
  assert.equal(readSeekTable(table([200, 0], [100, 48_000])), null);
  assert.equal(readSeekTable(table([200, 0], [300, -1])), null);
});
