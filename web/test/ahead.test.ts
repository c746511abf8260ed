// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAD_MS, headMs, headOf, pauseMs } from "../sound/ahead";
import { type Coming, comingOf } from "../sound/coming";
import { Pieces } from "../sound/pieces";
import { entryAt } from "../sound/seek";
import { asState, asTour, serve } from "./content";

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

test("what is held is fetched at once, from where it would go on, and then it is ready", async () => {
  const asked = serve();
  const pieces = new Pieces();
  const coming = comingOf(asState({ mode: "held", cue: 1, p0: 60e6, rate: 0 }), asTour(3), "en") as Coming;
  assert.equal(coming.held, true);
  assert.equal(headMs(coming, pieces), 0);
  for (let i = 0; i < 50; i++) {
    const wish = headOf(coming, pieces);
    if (!wish) break;
    assert.ok(wish.leftMs < HEAD_MS, "without a pause");
    await wish.load();
  }
  assert.equal(headOf(coming, pieces), null);
  assert.ok(headMs(coming, pieces) >= HEAD_MS);
  assert.ok(asked.every(([from]) => from === 0 || from > 100_000), "nothing from the track's beginning but its header");
});

test("what comes is what is held, or the stop behind what plays", () => {
  const tour = asTour(3);
  const nth = (state: Parameters<typeof asState>[0]): number =>
    tour.cues.findIndex((c) => c.variants[0]?.opus === comingOf(asState(state), tour, "en")?.source.opus);
  assert.equal(nth({ mode: "running", cue: 0, p0: 0, rate: 1 }), 1);
  assert.equal(nth({ mode: "running", cue: 2, p0: 0, rate: 1 }), -1, "nothing behind the last");
  assert.equal(nth({ mode: "ready", cue: 2, p0: 0, rate: 0 }), 2);
  assert.equal(nth({ mode: "ended", cue: 2, p0: 0, rate: 0 }), 0, "play begins the tour anew");
  assert.equal(nth({ mode: "void", cue: -1, p0: 0, rate: 0 }), 0);
  assert.equal(comingOf(null, tour, "en"), null);
});
