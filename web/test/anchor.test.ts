// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAnchor } from "../visitor/anchor";

test("the anchor is long and loud enough for browsers, and nothing for ears", async (t) => {
  const blobs: Blob[] = [];
  t.mock.method(URL, "createObjectURL", (b: Blob) => `blob:${blobs.push(b)}`);
  Object.assign(globalThis, { Audio: class { setAttribute(): void { /* nothing to see */ } } });
  t.after(() => Reflect.deleteProperty(globalThis, "Audio"));
  makeAnchor();
  const wav = new DataView(await (blobs[0] as Blob).arrayBuffer());
  const word = (at: number): string => String.fromCharCode(...[0, 1, 2, 3].map((i) => wav.getUint8(at + i)));
  assert.deepEqual([word(0), word(8), word(12), word(36)], ["RIFF", "WAVE", "fmt ", "data"]);
  assert.deepEqual([wav.getUint16(20, true), wav.getUint16(22, true), wav.getUint16(32, true), wav.getUint16(34, true)], [1, 1, 2, 16]);
  const rate = wav.getUint32(24, true);
  const frames = wav.getUint32(40, true) / 2;
  assert.deepEqual([wav.getUint32(4, true), 44 + frames * 2], [wav.byteLength - 8, wav.byteLength]);
  assert.ok(frames / rate >= 10, "no mere beep");
  const all = Array.from({ length: frames }, (_, i) => wav.getInt16(44 + i * 2, true) / 32768);
  const rms = 10 * Math.log10(all.reduce((sum, x) => sum + x * x, 0) / frames);
  assert.ok(rms > -64 && rms < -59, `${rms.toFixed(1)} dBFS`); // above -72 with some to spare
  const steps = all.map((x, i) => Math.abs(x - (all[(i + 1) % frames] as number)));
  assert.ok(Math.max(...steps) < 2 / 32768, "no click, at the seam neither");
});
