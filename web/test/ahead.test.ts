// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAD_MS, pauseMs } from "../sound/ahead";
import { entryAt } from "../sound/seek";

test("the first seconds are fetched without a pause, the rest the calmer the more is in hand", () => {
  const wish = (leftMs: number) => ({ leftMs, pieceMs: 4000, load: () => Promise.resolve() });
  assert.equal(pauseMs(wish(HEAD_MS - 1), 0.5), 0);
  assert.equal(Math.round(pauseMs(wish(HEAD_MS), 0.5)), 1333);
  assert.equal(Math.round(pauseMs(wish(120_000), 0.5)), 2667);
  assert.ok(pauseMs(wish(120_000), 1) < 4000, "always faster than it is played");
});

test("bytes in hand hold the sound before the last entry that begins in them", () => {
  const table = [
    { offset: 100, frame: -312 },
    { offset: 9000, frame: 48_000 },
    { offset: 18_000, frame: 96_000 },
  ];
  assert.equal(entryAt(table, 17_999).frame, 48_000);
  assert.equal(entryAt(table, 18_000).frame, 96_000);
  assert.equal(entryAt(table, 0).frame, -312);
});
