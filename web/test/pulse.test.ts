// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOK_MS, Pulse } from "../sound/pulse";

/** Milliseconds until another worker is due. */
function due(p: Pulse): number {
  for (let looks = 1; looks < 10_000; looks++) if (p.look()) return looks * LOOK_MS;
  throw new Error("never");
}

test("a worker that has ticked is missed after a second", () => {
  const p = new Pulse();
  p.ticked();
  assert.equal(due(p), 1000);
});

test("one whose script is on its way gets long, and longer each time, and not for ever", () => {
  const p = new Pulse();
  assert.deepEqual([1, 2, 3, 4, 5].map(() => due(p)), [10_000, 20_000, 40_000, 80_000, 80_000]);
  p.ticked();
  assert.deepEqual([due(p), due(p)], [1000, 10_000]);
});

test("one whose script did not come is tried again after a second", () => {
  const p = new Pulse();
  for (let i = 0; i < 5; i++) {
    p.look();
    p.failed();
    assert.equal(due(p), 1000);
  }
});
