// SPDX-License-Identifier: Apache-2.0
// What curators edit: drafts with undo, problems, rules in words; and the fades that they set, to the sample.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Draft, Track } from "../admin/tours/api";
import { Edits, cueFor, moved, pairs, problems } from "../admin/tours/draft";
import { daysOf, ruleText } from "../admin/groups/words";
import { fadeGain } from "../sound/stream";

const draft = (...tracks: string[]): Draft =>
  tracks.reduce<Draft>((d, t) => ({ ...d, cues: [...d.cues, cueFor(d, t)] }), { title: { en: "T" }, cues: [] });
const order = (d: Draft): string => d.cues.map((c) => c.id).join(" ");
const track = (id: string, ...langs: string[]): Track => ({
  id, title: { en: id }, dur_us: 10e6, variants: langs.map((lang) => ({ lang, dur_us: 10e6, opus: "", captions: false })),
});

test("a fade is a matter of the track's frame, as on kiosks", () => {
  const f = { in: 48_000, out: 24_000, length: 5 * 48_000 };
  assert.ok(fadeGain(f, 0) < 1e-8 && fadeGain(f, f.length - 1) < 1e-8);
  assert.ok(Math.abs(fadeGain(f, 24_000) - 0.5) < 1e-4);
  assert.ok(Math.abs(fadeGain(f, f.length - 12_000) - 0.5) < 1e-4);
  assert.equal(fadeGain(f, 48_000), 1);
  assert.equal(fadeGain({ in: 0, out: 0, length: 100 }, 200), 1);
  // t = 1/4 and a half sample: 3t^2 - 2t^3
  const t = 12_000.5 / 48_000;
  assert.equal(fadeGain(f, 12_000), t * t * (3 - 2 * t));
});

test("every edit is undone and done again, and a new one ends what could be done again", () => {
  const e = new Edits(draft("a", "b", "c"));
  e.edit("Moved a", moved(e.draft, 0, 2));
  e.edit("Took out b", { ...e.draft, cues: e.draft.cues.slice(1) });
  assert.equal(order(e.draft), "c a");
  e.undo();
  assert.equal(order(e.draft), "b c a");
  assert.equal(e.redoes, "Took out b");
  e.undo();
  e.undo();
  assert.equal(order(e.draft), "a b c");
  e.redo();
  e.edit("Title", { ...e.draft, title: { en: "X" } }, true);
  e.edit("Title", { ...e.draft, title: { en: "XY" } }, true);
  assert.equal(e.redoes, "");
  e.undo(); // letters typed in a row are one edit
  assert.deepEqual([order(e.draft), e.draft.title], ["b c a", { en: "T" }]);
  e.edit("On its way", moved(e.draft, 0, 1));
  e.drop();
  assert.deepEqual([order(e.draft), e.redoes], ["b c a", ""]);
});

test("a track that comes twice has two cues of different names", () => {
  assert.equal(order(draft("a", "a", "b", "a")), "a a-2 b a-3");
});

test("problems are told, and only what cannot be played blocks", () => {
  const tracks = new Map([track("a", "en", "de"), track("b", "en"), track("none")].map((t) => [t.id, t]));
  const of = (d: Draft): string[] => problems(d, tracks, (t) => t, (l) => l).map((p) => `${p.cue} ${p.blocks ? "blocks" : "hint"}`);
  assert.deepEqual(of(draft("a")), []);
  assert.deepEqual(of(draft("a", "b")), ["1 hint"]); // b is not there in German
  assert.deepEqual(of(draft("none", "gone")), ["0 blocks", "1 blocks"]);
  assert.deepEqual(of({ title: {}, cues: [] }), ["-1 blocks", "-1 blocks"]);
  const long = draft("a");
  assert.deepEqual(of({ ...long, cues: long.cues.map((c) => ({ ...c, fade_in_us: 6e6, fade_out_us: 5e6 })) }), ["0 blocks"]);
});

test("two editions beside each other mark what is different", () => {
  const ours = draft("a", "b", "c");
  const theirs = draft("a", "c", "d");
  assert.deepEqual(pairs(ours, theirs).map((p) => `${p.id}${p.differs ? "!" : ""}`), ["a", "c!", "d!", "b!"]);
});

test("rules are sentences", () => {
  assert.equal(ruleText("daily 11:00 start"), "Starts at 11:00, every day");
  assert.equal(ruleText("tue-sun 10:00-17:40/20min start"), "Starts every 20 minutes from 10:00 to 17:40, Tuesday to Sunday");
  assert.equal(ruleText("mon,wed,fri 09:30:15 start:3"), "Starts with cue 4 at 09:30:15, Monday, Wednesday, Friday");
  assert.match(ruleText("2026-12-03 10:20 start"), /^Starts at 10:20, once, on .*2026$/);
  assert.equal(ruleText("sat,sun 10:00-18:00/1h hold"), "Pauses every hour from 10:00 to 18:00, Saturday, Sunday");
  assert.equal(ruleText("what"), "what");
  assert.equal(daysOf([true, true, true, true, true, true, true]), "daily");
  assert.equal(daysOf([true, false, true, false, false, false, false]), "mon,wed");
});
