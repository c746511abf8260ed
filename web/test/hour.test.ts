// SPDX-License-Identifier: Apache-2.0
// An hour-long track, played by the worker's own classes as fast as this machine can: what is held
// stays bounded. The decoder is the real one; the file is silence, padded to 64 kbit/s.
import assert from "node:assert/strict";
import { test } from "node:test";
import v8 from "node:v8";
import vm from "node:vm";
import { PIECE_BYTES, Pieces } from "../sound/pieces";
import { Stream } from "../sound/stream";
import { SEEK, hash, makeTrack, serve } from "./content";

const SECONDS = 3600;
const RATE = 8000; // little to resample: this is about memory
const GROWTH_MAX = 5e6;

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
  const track = makeTrack(SECONDS);
  serve(track);
  const source = { opus: hash(0), seek: SEEK, bytes: track.opus.length, frames: SECONDS * 48_000 };
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
