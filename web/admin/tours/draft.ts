// SPDX-License-Identifier: Apache-2.0
// A tour while it is edited: every edit is a whole draft, so undo and redo are a matter of which one is
// looked at. Pure.
import type { Draft, DraftCue, Track } from "./api";

const UNDO_MAX = 200;
const FADE_MAX_US = 30e6;

/** One thing somebody did, and what it led to. */
export interface Step {
  what: string; // in words: "Moved The loom to 3"
  draft: Draft;
}

export class Edits {
  private readonly steps: Step[];
  private at = 0;

  constructor(draft: Draft) {
    this.steps = [{ what: "", draft }];
  }

  get draft(): Draft {
    return (this.steps[this.at] as Step).draft;
  }
  /** What undo would take back, redo do again; "" for nothing. */
  get undoes(): string {
    return this.at > 0 ? (this.steps[this.at] as Step).what : "";
  }
  get redoes(): string {
    return this.steps[this.at + 1]?.what ?? "";
  }

  /** An edit of the same kind that follows at once (letters of a title, a slider) is one with the last. */
  edit(what: string, draft: Draft, same = false): void {
    if (same && this.at > 0 && (this.steps[this.at] as Step).what === what) this.at--;
    this.steps.splice(this.at + 1, Infinity, { what, draft });
    if (this.steps.length > UNDO_MAX) this.steps.shift();
    this.at = this.steps.length - 1;
  }
  /** Takes the newest edit back for good: it was only on its way. */
  drop(): void {
    if (this.at === 0) return;
    this.steps.splice(this.at);
    this.at--;
  }
  undo(): void {
    if (this.at > 0) this.at--;
  }
  redo(): void {
    if (this.at + 1 < this.steps.length) this.at++;
  }
}

export const same = (a: Draft, b: Draft): boolean => JSON.stringify(a) === JSON.stringify(b);

export function moved(draft: Draft, from: number, to: number): Draft {
  const cues = [...draft.cues];
  const [cue] = cues.splice(from, 1);
  if (!cue) return draft;
  cues.splice(to, 0, cue);
  return { ...draft, cues };
}

/** A cue for a track, with an id that no other cue has: editions know cues by it. */
export function cueFor(draft: Draft, track: string): DraftCue {
  const taken = new Set(draft.cues.map((c) => c.id));
  let id = track;
  for (let n = 2; taken.has(id); n++) id = `${track.slice(0, 56)}-${n}`;
  return { id, track, on_end: "next", gap_us: 0, fade_in_us: 0, fade_out_us: 0 };
}

export const withCue = (draft: Draft, i: number, cue: DraftCue): Draft => ({ ...draft, cues: draft.cues.map((c, k) => (k === i ? cue : c)) });
export const without = (draft: Draft, i: number): Draft => ({ ...draft, cues: draft.cues.filter((_, k) => k !== i) });

export interface Problem {
  text: string;
  cue: number; // -1: the tour's
  blocks: boolean; // it could not be played
}

/** All languages of the tour's tracks, in the order in which they first appear. */
export function languages(draft: Draft, tracks: Map<string, Track>): string[] {
  return [...new Set(draft.cues.flatMap((c) => tracks.get(c.track)?.variants.map((v) => v.lang) ?? []))];
}

export function problems(draft: Draft, tracks: Map<string, Track>, name: (track: string) => string, lang: (l: string) => string): Problem[] {
  const out: Problem[] = [];
  const say = (cue: number, blocks: boolean, text: string): void => void out.push({ text, cue, blocks });
  const all = languages(draft, tracks);
  if (Object.values(draft.title).every((t) => t.trim() === "")) say(-1, true, "The tour has no title.");
  if (draft.cues.length === 0) say(-1, true, "The tour has no cues.");
  draft.cues.forEach((c, i) => {
    const track = tracks.get(c.track);
    if (!track) return say(i, true, `There is no track ${c.track} (any more).`);
    if (track.variants.length === 0) return say(i, true, `${name(c.track)} has no audio yet.`);
    if (c.fade_in_us + c.fade_out_us > track.dur_us) say(i, true, `The fades of ${name(c.track)} are longer than the track.`);
    if (Math.max(c.fade_in_us, c.fade_out_us) > FADE_MAX_US) say(i, true, `A fade of ${name(c.track)} is longer than 30 seconds.`);
    const missing = all.filter((l) => !track.variants.some((v) => v.lang === l));
    if (missing.length > 0) say(i, false, `${name(c.track)} is not there in ${missing.map(lang).join(", ")}: these listeners hear ${lang(track.variants[0]?.lang ?? "")}.`);
    const last = i + 1 === draft.cues.length;
    if (c.on_end === "loop" && !last) say(i, false, `${name(c.track)} repeats for ever: what follows is heard only when somebody goes on.`);
    if (c.on_end === "stop" && !last) say(i, false, `The tour ends at ${name(c.track)}; "wait for the guide" would stand ready at the next cue.`);
  });
  return out;
}

/** Two editions beside each other: the cues of both in one order, and what is different. */
export interface Pair {
  id: string;
  ours: DraftCue | null;
  theirs: DraftCue | null;
  differs: boolean;
}
export function pairs(ours: Draft, theirs: Draft): Pair[] {
  const ids = [...new Set([...theirs.cues, ...ours.cues].map((c) => c.id))];
  return ids.map((id) => {
    const a = ours.cues.findIndex((c) => c.id === id);
    const b = theirs.cues.findIndex((c) => c.id === id);
    const [mine, other] = [ours.cues[a] ?? null, theirs.cues[b] ?? null];
    return { id, ours: mine, theirs: other, differs: JSON.stringify(mine) !== JSON.stringify(other) || a !== b };
  });
}
