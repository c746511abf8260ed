// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tour } from "../common/tour";
import type { State } from "../common/wire";
import { pauseAlone, playAlone } from "../visitor/alone";
import { slice } from "../visitor/caches";

const cue = (id: string, on_end: string) => ({ id, on_end, title: { en: id }, dur_us: 10e6, variants: [] });
const tour: Tour = { id: "t", title: { en: "t" }, cues: [cue("a", "next"), cue("b", "stop"), cue("c", "next")] };
const ready: State = {
  group: "", epoch: 0, rev: 0, clock_epoch: 0, mode: "ready", cue: 0, dur: 0, vec: { p0: 0, t0: 0, rate: 0 },
};

test("alone, a stop plays from a position and is followed where the tour says so", () => {
  const a = playAlone(ready, tour, 0, 4e6, 100e6);
  assert.deepEqual(a.vec, { p0: 4e6, t0: 100e6, rate: 1 });
  assert.equal(a.next?.at, 106e6);
  assert.equal(a.next?.cue, 1);
  assert.equal(playAlone(a, tour, 1, 0, 106e6).next, undefined);
  assert.equal(playAlone(a, tour, 2, 0, 106e6).next, undefined, "the last");
  const held = pauseAlone(a, 5e6, 101e6);
  assert.deepEqual([held.mode, held.vec, held.next], ["held", { p0: 5e6, t0: 101e6, rate: 0 }, undefined]);
});

test("a kept file is given by parts as the server gives it", async () => {
  const whole = (): Response => new Response(new Uint8Array([0, 1, 2, 3, 4]));
  const part = await slice(whole(), "bytes=1-2");
  assert.equal(part.status, 206);
  assert.equal(part.headers.get("Content-Range"), "bytes 1-2/5");
  assert.deepEqual([...new Uint8Array(await part.arrayBuffer())], [1, 2]);
  assert.equal((await slice(whole(), "bytes=3-99")).headers.get("Content-Range"), "bytes 3-4/5");
  for (const bad of ["bytes=5-6", "bytes=-1", "bytes=0-1,3-4", "lines=1-2"]) assert.equal((await slice(whole(), bad)).status, 416, bad);
});
