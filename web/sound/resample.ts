// SPDX-License-Identifier: Apache-2.0
// Reads 48 kHz sound at a slightly other speed: from the track's frames to the phone's frames,
// which differ by the sample rate (44.1 kHz outputs) and by some parts per million that the clocks
// differ. Windowed sinc, 32 taps, 256 phases with a straight line between two of them: flat to
// 20 kHz, aliases below -80 dB, and a slow change of speed leaves no trace but the speed.
//
//   track   |   |   |   |   |   |   |      position p moves by `step` per output frame;
//   output    |    |    |    |    |        the sinc is laid around p
//
// Theory: Smith, "Digital Audio Resampling", CCRMA.

export const TAPS = 32;
const HALF = TAPS / 2;
const PHASES = 256;

/** `cutoff` 1 keeps everything up to 24 kHz; less when the output runs slower than the track. */
function makeTable(cutoff: number): Float32Array {
  const table = new Float32Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++) {
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const x = tap - (HALF - 1) - phase / PHASES; // distance from the sinc's middle
      const arg = Math.PI * x * cutoff;
      const sinc = Math.abs(arg) < 1e-9 ? 1 : Math.sin(arg) / arg;
      const w = Math.cos((Math.PI * x) / (TAPS + 2)); // cos^2: a Hann window
      const value = sinc * w * w;
      table[phase * TAPS + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < TAPS; tap++) {
      const i = phase * TAPS + tap;
      table[i] = (table[i] as number) / sum;
    }
  }
  return table;
}

export class Resampler {
  private readonly table: Float32Array;

  constructor(outputRate: number) {
    this.table = makeTable(outputRate < 48_000 ? (outputRate / 48_000) * 0.96 : 1);
  }

  /** First and last (not included) track frame that `n` output frames from `position` touch. */
  static span(position: number, step: number, n: number): [number, number] {
    const first = Math.floor(position) - (HALF - 1);
    const last = Math.floor(position + step * (n - 1)) + HALF + 1;
    return [first, last];
  }

  /** Fills `out`; `input[0]` is track frame `inputFirst`. The span must be inside the input. */
  run(input: Float32Array, inputFirst: number, position: number, step: number, out: Float32Array): void {
    const { table } = this;
    for (let i = 0; i < out.length; i++) {
      const p = position + step * i;
      const whole = Math.floor(p);
      const x = (p - whole) * PHASES;
      const phase = Math.floor(x);
      const mix = x - phase;
      let t = phase * TAPS;
      let j = whole - (HALF - 1) - inputFirst;
      let a = 0;
      let b = 0;
      for (let k = 0; k < TAPS; k++, t++, j++) {
        const s = input[j] as number;
        a += s * (table[t] as number);
        b += s * (table[t + TAPS] as number);
      }
      out[i] = a + (b - a) * mix;
    }
  }
}
