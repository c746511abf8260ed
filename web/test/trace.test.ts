// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERY_US, POINTS, type Trace, readTraces, span, take } from "../admin/kiosks/trace";

const at = (slot: number, within = 0): number => slot * EVERY_US + within;

test("a point holds the worst of its two seconds, and a silence is a gap", () => {
  const t: Trace = [];
  take(t, { playing: "sound", error_us: 5, peak_us: -40, dac_ppb: 7, buffer_ms: 1500 }, at(10));
  take(t, { playing: "sound", error_us: 12, buffer_ms: 900 }, at(10, 1e6));
  take(t, { playing: "silent", error_us: 99, buffer_ms: 800 }, at(13));
  assert.deepEqual(t.map((p) => p.error), [-40, null, null, null]);
  assert.deepEqual(t.map((p) => p.buffer), [900, null, null, 800]);
  assert.equal(t[0]?.dac, 7);
});

test("it is ten minutes, and begins anew when the house's clock was set", () => {
  const t: Trace = [];
  for (let i = 0; i < 2 * POINTS; i++) take(t, { playing: "sound", error_us: i }, at(i));
  assert.equal(t.length, POINTS);
  assert.equal(t[0]?.error, POINTS);
  take(t, { playing: "sound", error_us: 1 }, at(5));
  assert.deepEqual(t.map((p) => p.slot), [5]);
});

test("what the box kept is read, and the live goes on from it", () => {
  const all = readTraces({
    every: EVERY_US, until: at(20, 5),
    kiosks: [{ id: "7a91869e4c114964", error_us: [1, null, "x"], dac_ppb: [1, null], buffer_ms: [1, 2, 3], xruns: [0, 1, 0] }, 5],
  });
  const t = all.get("7a91869e4c114964") as Trace;
  assert.deepEqual(t.map((p) => [p.slot, p.error, p.dac, p.buffer, p.xruns]), [[18, 1, 1, 1, 0], [19, null, null, 2, 1], [20, null, null, 3, 0]]);
  take(t, { playing: "sound", error_us: -3 }, at(20, 9));
  assert.deepEqual(t.map((p) => p.error), [1, null, -3]);
  assert.equal(readTraces({ every: 1, until: 5, kiosks: [] }).size, 0);
});

test("a plot spans round numbers and never so little that noise fills it", () => {
  assert.equal(span([3, -4], 20), 20);
  assert.equal(span([31, -4], 20), 50);
  assert.equal(span([-1200], 20), 2000);
  assert.equal(span([], 100), 100);
});
