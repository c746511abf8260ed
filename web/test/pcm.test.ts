// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pcm } from "../sound/pcm";
import { random, seed } from "./support";

test("frames come out where they went in, whatever is pushed, forgotten and asked", () => {
  const rand = random(seed());
  const pcm = new Pcm(2, 100);
  pcm.restart(-312);
  let next = -312;
  const out = new Float32Array(300);
  for (let round = 0; round < 2000; round++) {
    const n = Math.floor(rand() * 60);
    const ramp = Float32Array.from({ length: n }, (_, i) => next + i);
    pcm.push([ramp], n); // the second channel stays silent
    next += n;
    assert.equal(pcm.last, next);
    const from = pcm.first - 10 + Math.floor(rand() * 50);
    const to = from + Math.floor(rand() * 200);
    pcm.copy(0, from, to, out);
    for (let f = from; f < to; f++) assert.equal(out[f - from], f >= pcm.first && f < next ? f : 0);
    pcm.copy(1, from, to, out);
    assert.ok(out.subarray(0, to - from).every((x) => x === 0));
    pcm.forget(next - Math.floor(rand() * 80));
  }
});
