// SPDX-License-Identifier: Apache-2.0
// The C core through its rim: known values, and a clock that converges.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Core, NEXT, NOW } from "../common/core";
import type { State } from "../common/wire";
import { loadCore, random, seed } from "./support";

test("join codes: spaces forgiven, slips found", async () => {
  const core = await loadCore();
  // 12345678 and its Damm check digit.
  const good = [...Array(10).keys()].map((d) => `12345678${d}`).filter((c) => core.joinCode(c) !== null);
  assert.equal(good.length, 1, "exactly one check digit fits");
  const code = good[0] as string;
  assert.equal(core.joinCode(` ${code.slice(0, 3)} ${code.slice(3, 6)}-${code.slice(6)} `), code);
  for (let i = 0; i < 8; i++) {
    const swapped = [...code];
    [swapped[i], swapped[i + 1]] = [swapped[i + 1] as string, swapped[i] as string];
    assert.equal(core.joinCode(swapped.join("")), null, "neighbours swapped");
  }
  for (const bad of ["", "12345678", `${code}0`, "12345678x", "\u0661".repeat(9), "1".repeat(500)])
    assert.equal(core.joinCode(bad), null, bad);
});

const running: State = {
  group: "g", epoch: 1, rev: 1, clock_epoch: 1, mode: "running", cue: 0, dur: 75e6,
  vec: { p0: 10e6, t0: 1000e6, rate: 1 },
  next: { at: 1065e6, mode: "running", cue: 1, dur: 30e6, vec: { p0: 0, t0: 1065e6, rate: 1 } },
};

test("the timeline: held before its start, running, then the next part", async () => {
  const core = await loadCore();
  core.setTimeline(running);
  assert.equal(core.position(NOW, 999e6), 10e6);
  assert.equal(core.position(NOW, 1020e6), 30e6);
  assert.equal(core.end(NOW), 1065e6);
  assert.equal(core.partAt(1065e6 - 1), NOW);
  assert.equal(core.partAt(1065e6), NEXT);
  assert.equal(core.position(NEXT, 1070e6), 5e6);
  assert.equal(core.position(NEXT, 2000e6), 30e6, "clamped at the end");
  assert.equal(core.sounds(NEXT, 1064e6), false);
  assert.equal(core.sounds(NEXT, 1066e6), true);
  core.setTimeline({ ...running, next: undefined } as unknown as State);
  assert.equal(core.partAt(1e12), NOW);
});

/** A house clock and a wire with random queues, as the core sees them through the exchange. */
function ask(core: Core, local: number, house: (l: number) => number, out: number, back: number, epoch = 7): string {
  const question = core.ask(local);
  const answer = new DataView(new ArrayBuffer(36));
  new Uint8Array(answer.buffer).set([0x52, 0x54, 0x41, 1]);
  new Uint8Array(answer.buffer).set(question.subarray(4, 16), 4);
  const t2 = house(local + out);
  answer.setBigInt64(16, BigInt(Math.round(t2 * 1000)), true);
  answer.setBigInt64(24, BigInt(Math.round((t2 + 5) * 1000)), true);
  answer.setUint32(32, epoch, true);
  return core.answer(new Uint8Array(answer.buffer), local + out + 0.005 + back);
}

test("the clock converges through a jittery wire", async () => {
  const core = await loadCore();
  const rand = random(seed());
  const house = (local: number): number => 5e9 + local * 1000 * (1 + 40e-6); // us
  let local = 1000;
  assert.equal(core.valid, false);
  assert.equal(ask(core, local, house, 1, 1), "anew", "the first answer brings its epoch");
  for (let i = 0; i < 60; i++) {
    local += core.intervalMs;
    assert.equal(ask(core, local, house, 1 + rand() * 8, 1 + rand() * 8), "taken");
  }
  assert.equal(core.epoch, 7);
  const error = Math.abs(core.house(local) - house(local));
  assert.ok(error < 1500, `off by ${error} us`);
  assert.ok(error <= core.uncertaintyUs(local) + 1, "the uncertainty is honest");
  assert.ok(Math.abs(core.local(core.house(local)) - local) < 0.01, "there and back");
});

test("a forged or old answer is refused", async () => {
  const core = await loadCore();
  const house = (local: number): number => local * 1000 + 1e9;
  ask(core, 10, house, 1, 1);
  const question = core.ask(20);
  const forged = new Uint8Array(36);
  forged.set([0x52, 0x54, 0x41, 1]);
  forged.set(question.subarray(4, 8), 4); // right number, wrong t1
  assert.equal(core.answer(forged, 21), "refused");
  assert.equal(core.answer(new Uint8Array(35), 21), "refused");
  assert.equal(core.answer(new Uint8Array(400), 21), "refused");
});

test("another epoch, or a clock that stood still, begins anew", async () => {
  const core = await loadCore();
  let shift = 0;
  const house = (local: number): number => local * 1000 + 1e9 + shift;
  let local = 0;
  for (let i = 0; i < 20; i++) ask(core, (local += 100), house, 1, 1);
  assert.equal(ask(core, (local += 100), house, 1, 1, 8), "anew");
  assert.equal(core.epoch, 8);
  for (let i = 0; i < 20; i++) ask(core, (local += 100), house, 1, 1, 8);
  shift = 30e6; // the phone slept for half a minute
  assert.equal(ask(core, (local += 100), house, 1, 1, 8), "anew");
  assert.ok(Math.abs(core.house(local) - house(local)) < 1500);
});
