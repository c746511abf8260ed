// SPDX-License-Identifier: Apache-2.0
// The volume slider. Ears hear ratios: equal steps of the slider are equal steps in dB. Never above
// what the recording has (0 dB): tracks are levelled, and a phone's own keys do the rest.
//
//   slider   0 ....... 0.85 .. 1
//   dB     silent  -40 ... -6 .. 0

const RANGE_DB = 40;
const FIRST_DB = -6;
export const FIRST_GAIN = 10 ** (FIRST_DB / 20); // where a visitor begins: nobody is startled, there is room either way

/** Gain at a place of the slider, 0 to 1. */
export function gainAt(slider: number): number {
  if (!(slider > 0)) return 0;
  return 10 ** (((Math.min(1, slider) - 1) * RANGE_DB) / 20);
}

export function dbOf(gain: number): number {
  return gain > 0 ? 20 * Math.log10(gain) : -Infinity;
}

/** The slider's place for a gain. */
export function sliderOf(gain: number): number {
  return Math.max(0, Math.min(1, 1 + dbOf(gain) / RANGE_DB)) || 0;
}
