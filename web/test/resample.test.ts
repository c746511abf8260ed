// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Resampler } from "../sound/resample";

const sine = (frame: number, hz: number): number => Math.sin((2 * Math.PI * hz * frame) / 48_000);

/** Worst distance from the ideal sine when read from `position` with `step`. */
function worst(rate: number, hz: number, position: number, step: number, n = 4800): number {
  const [first, last] = Resampler.span(position, step, n);
  const input = Float32Array.from({ length: last - first }, (_, i) => sine(first + i, hz));
  const out = new Float32Array(n);
  new Resampler(rate).run(input, first, position, step, out);
  return out.reduce((w, y, i) => Math.max(w, Math.abs(y - sine(position + i * step, hz))), 0);
}

test("at a whole position and speed one, nothing is changed", () => {
  assert.ok(worst(48_000, 1000, 100, 1) < 1e-6);
});

test("between the frames, up to 16 kHz, the error stays below -60 dB", () => {
  for (const hz of [100, 1000, 8000, 16_000])
    assert.ok(worst(48_000, hz, 1000.37, 1 + 123e-6) < 0.001, `${hz} Hz: ${worst(48_000, hz, 1000.37, 1 + 123e-6)}`);
});

test("for a 44.1 kHz output too", () => {
  assert.ok(worst(44_100, 1000, 0.25, 48_000 / 44_100) < 0.001);
  assert.ok(worst(44_100, 10_000, 0.25, 48_000 / 44_100) < 0.003);
});

test("two chunks join as one", () => {
  const step = 1 - 77e-6;
  const n = 1200;
  const [first] = Resampler.span(5, step, n);
  const [, last] = Resampler.span(5, step, 2 * n);
  const input = Float32Array.from({ length: last - first }, (_, i) => sine(first + i, 440));
  const r = new Resampler(48_000);
  const whole = new Float32Array(2 * n);
  r.run(input, first, 5, step, whole);
  const second = new Float32Array(n);
  r.run(input, first, 5 + n * step, step, second);
  for (let i = 0; i < n; i++) assert.ok(Math.abs((whole[n + i] as number) - (second[i] as number)) < 1e-5);
});
