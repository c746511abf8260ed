// SPDX-License-Identifier: Apache-2.0
// An hour-long track, played by the worker's own classes as fast as this machine can: what is held
// stays bounded. The decoder is the real one; the file is silence, padded to 64 kbit/s.
import assert from "node:assert/strict";
import { test } from "node:test";
import v8 from "node:v8";
import vm from "node:vm";
import { PIECE_BYTES, Pieces } from "../sound/pieces";
import { Stream } from "../sound/stream";

const SECONDS = 3600;
const PRE_SKIP = 312;
const RATE = 8000; // little to resample: this is about memory
const GROWTH_MAX = 5e6;
const HASH = { opus: "a".repeat(64), seek: "b".repeat(64) };

/** 20 ms of silence in 160 bytes: full band, code 3, one frame of two bytes, 155 of padding. */
function packet(): Uint8Array {
  const p = new Uint8Array(160);
  p.set([0xfb, 0x41, 155, 0xff, 0xfe]);
  return p;
}

function page(...packets: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(packets);
  const head = Buffer.alloc(27 + packets.length);
  head.write("OggS");
  head[26] = packets.length;
  packets.forEach((p, i) => (head[27 + i] = p.length));
  return Buffer.concat([head, body]);
}

/** The track and its seek table, a page a second. */
function makeTrack(): { opus: Buffer; seek: ArrayBuffer } {
  const head = Buffer.alloc(19);
  head.write("OpusHead");
  head.set([1, 1], 8); // version, mono
  head.writeUInt16LE(PRE_SKIP, 10);
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.alloc(16);
  tags.write("OpusTags");
  const front = Buffer.concat([page(head), page(tags)]);
  const second = page(...Array.from({ length: 50 }, packet));
  const opus = Buffer.concat([front, ...Array.from({ length: SECONDS }, () => second)]);
  const seek = new DataView(new ArrayBuffer(SECONDS * 8));
  for (let i = 0; i < SECONDS; i++) {
    seek.setUint32(i * 8, front.length + i * second.length, true);
    seek.setInt32(i * 8 + 4, i * 48_000 - PRE_SKIP, true);
  }
  return { opus, seek: seek.buffer };
}

function serve(track: ReturnType<typeof makeTrack>): void {
  globalThis.fetch = (path, options) => {
    if (String(path).endsWith(".seek")) return Promise.resolve(new Response(track.seek));
    const range = new Headers(options?.headers).get("Range") ?? "";
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    const part = new Uint8Array(track.opus.subarray(Number(from), Number(to) + 1));
    return Promise.resolve(new Response(part, { status: 206 }));
  };
}

async function held(): Promise<number> {
  const gc = vm.runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((done) => setTimeout(done, 20)); // buffers are swept beside
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("memory stays where it is over an hour-long track", async (t) => {
  v8.setFlagsFromString("--expose-gc");
  const track = makeTrack();
  serve(track);
  const source = { ...HASH, bytes: track.opus.length, frames: SECONDS * 48_000 };
  const stream = new Stream(source, new Pieces(), RATE);
  await stream.open(0);
  await stream.seek(0);
  let at = 0;
  let first = 0;
  let most = 0;
  for (let s = 0; s < SECONDS - 1; s++) {
    for (let i = 0; i < 4; i++) {
      const chunk = await stream.render(RATE / 4, 48_000 / RATE);
      assert.equal(chunk.at, at);
      at += 12_000;
    }
    const wish = stream.wish(); // twice as fast as it is played
    if (wish && s % 2 === 0) await wish.load();
    if (s === 10) first = await held();
    if (s % 300 === 299) most = Math.max(most, await held());
  }
  stream.close();
  stream.free();
  const growth = most - first;
  t.diagnostic(`grew by ${(growth / 1e6).toFixed(2)} MB in an hour; pieces are ${PIECE_BYTES} bytes`);
  assert.ok(growth < GROWTH_MAX, `grew by ${growth} bytes`);
});
