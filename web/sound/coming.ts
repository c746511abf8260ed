// SPDX-License-Identifier: Apache-2.0
// What is most likely played next, so that its beginning is in hand when the word comes.
import { type Cue, type Tour, chooseVariant } from "../common/tour";
import type { State } from "../common/wire";
import type { Source } from "./stream";

const RESUME_US = 2_500_000; // a guide who goes on may go back a little (guide/lead.ts)

export interface Coming {
  source: Source;
  near: number; // the frame it would begin at
  held: boolean; // nothing plays: it is waited for
}

/** What is held, or the stop behind what plays. */
export function comingOf(state: State | null, tour: Tour | null, lang: string): Coming | null {
  if (!state || !tour) return null;
  const { mode, vec, cue } = state.next ?? state;
  const held = vec.rate === 0;
  if (!held) return begin(tour.cues[cue + 1], 0);
  if (mode === "ended" || cue < 0) return begin(tour.cues[0], 0); // "play" begins the tour
  return begin(tour.cues[cue], (Math.max(0, vec.p0 - RESUME_US) * 48) / 1000);

  function begin(of: Cue | undefined, near: number): Coming | null {
    return of ? { source: sourceOf(of, lang), near, held } : null;
  }
}

export function sourceOf(cue: Cue, lang: string): Source {
  const { opus, seek, bytes, dur_us } = chooseVariant(cue, lang);
  const source: Source = { opus, seek, bytes, frames: Math.round((dur_us * 48) / 1000) };
  const { fade_in_us = 0, fade_out_us = 0 } = cue;
  const frames = (us: number): number => Math.floor((us * 48) / 1000);
  if (fade_in_us + fade_out_us > 0)
    source.fades = { in: frames(fade_in_us), out: frames(fade_out_us), length: frames(cue.dur_us) };
  return source;
}
