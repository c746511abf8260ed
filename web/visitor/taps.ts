// SPDX-License-Identifier: Apache-2.0
// What taps along with a knock each second say: how much later than meant the knock is heard.
//
//   knocks meant      |         |         |         |      1 s apart
//   taps                  x         x        x         x
//   late by               '-- the median of these, where they agree
//
// Hands are early by some tens of ms and screens late by as much; the rest is the eye's, at the flash.
export const TAPS_NEEDED = 8; // the first ones find the rhythm and do not count
const TAPS_SKIPPED = 2;
const PERIOD_MS = 1000;
const UNEVEN_MS = 60; // mean distance from the median beyond which nobody should go by them

/** Milliseconds, in -500 to 500; null when the taps are too few or too uneven. `meant` is the time
    of any one knock, `taps` times on the same clock. */
export function lateness(taps: readonly number[], meant: number): number | null {
  if (taps.length < TAPS_NEEDED) return null;
  const used = taps.slice(TAPS_SKIPPED);
  // On a circle: late by 490 ms and early by 490 ms are neighbours.
  const angles = used.map((t) => ((t - meant) / PERIOD_MS) * 2 * Math.PI);
  const middle = Math.atan2(sum(angles.map(Math.sin)), sum(angles.map(Math.cos)));
  const about = angles.map((a) => wrap(a - middle));
  const sorted = [...about].sort((x, y) => x - y);
  const half = sorted.length >> 1;
  const median = ((sorted[half] as number) + (sorted[sorted.length - 1 - half] as number)) / 2;
  const toMs = PERIOD_MS / (2 * Math.PI);
  const spread = (sum(about.map((a) => Math.abs(a - median))) / about.length) * toMs;
  return spread > UNEVEN_MS ? null : Math.round(wrap(middle + median) * toMs);
}

const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
const wrap = (a: number): number => a - 2 * Math.PI * Math.round(a / (2 * Math.PI));
