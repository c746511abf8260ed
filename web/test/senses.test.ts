// SPDX-License-Identifier: Apache-2.0
// What eyes and ears are given: colours that can be read, whatever the venue's is; volume; trim by taps.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CONTRAST_MIN, type Rgb, colourText, contrast, readColour, readableOn } from "../common/colour";
import { dbOf, gainAt, sliderOf } from "../common/level";
import { TAPS_NEEDED, lateness } from "../visitor/taps";
import { DARK, LIGHT } from "../visitor/venue";
import { random, seed } from "./support";

const variable = (css: string, name: string): Rgb => {
  const text = new RegExp(`--${name}: (?:var\\([^,]+, )?(#[0-9a-f]{3,6})`).exec(css)?.[1] ?? "";
  const colour = readColour(text.length === 4 ? text.replace(/[0-9a-f]/g, "$&$&") : text);
  assert.ok(colour, name);
  return colour;
};
const dark = readFileSync("common/tokens.css", "utf8");
const light = readFileSync("visitor/visitor.css", "utf8");

test("every text of ours can be read on both grounds, by day too", () => {
  for (const css of [dark, light])
    for (const text of ["text", "soft", "past", "light", "good", "bad"])
      for (const ground of ["ground", "raised"]) {
        const got = contrast(variable(css, text), variable(css, ground));
        assert.ok(got >= CONTRAST_MIN, `${css === dark ? "dark" : "light"}: ${text} on ${ground}: ${got.toFixed(2)}`);
      }
});

test("the venue's colour is held against the grounds of the styles", () => {
  for (const [css, grounds] of [[dark, DARK], [light, LIGHT]] as const)
    assert.deepEqual(grounds, [variable(css, "ground"), variable(css, "raised")]);
});

test("edges of fields can be seen", () => {
  for (const css of [dark, light])
    for (const ground of ["ground", "raised"]) assert.ok(contrast(variable(css, "edge"), variable(css, ground)) >= 3);
});

test("any colour of a venue can be read, and letters on it", () => {
  const next = random(seed());
  for (let i = 0; i < 2000; i++) {
    const asked: Rgb = [next(), next(), next()].map((x) => Math.floor(x * 256)) as unknown as Rgb;
    for (const css of [dark, light]) {
      const grounds = [variable(css, "ground"), variable(css, "raised")];
      const got = readableOn(asked, grounds);
      for (const g of [...grounds, variable(css, "on-light")])
        assert.ok(contrast(got, g) >= CONTRAST_MIN, `${colourText(asked)} as ${colourText(got)} on ${colourText(g)}`);
    }
  }
});

test("a colour that can be read stays as it is", () => {
  const ground = variable(dark, "ground");
  assert.equal(colourText(readableOn(readColour("#ffc56e") as Rgb, [ground])), "#ffc56e");
  assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21);
  for (const bad of ["#12345", "red", "#12345g", "", null, 7]) assert.equal(readColour(bad), null);
});

test("the volume is never above the recording's, and silent at the left", () => {
  assert.deepEqual([gainAt(1), gainAt(2), gainAt(0), gainAt(-1), gainAt(NaN)], [1, 1, 0, 0, 0]);
  assert.ok(Math.abs(dbOf(gainAt(0.85)) + 6) < 1e-9);
  for (const s of [0.025, 0.5, 1]) assert.ok(Math.abs(sliderOf(gainAt(s)) - s) < 1e-9);
  assert.equal(sliderOf(0), 0);
});

test("taps along with a knock say how late it is heard", () => {
  const next = random(seed());
  const meant = 12_345;
  for (const late of [0, 180, -120, 480]) {
    const taps = Array.from({ length: TAPS_NEEDED }, (_, i) => meant + (i + 3) * 1000 + late + (next() - 0.5) * 60);
    taps[0] = (taps[0] as number) + 250; // finding the rhythm
    const got = lateness(taps, meant);
    const off = Math.abs((got ?? NaN) - late);
    assert.ok(Math.min(off, 1000 - off) <= 30, `${got} for ${late}`); // -495 is as good as 505
  }
  assert.equal(lateness([1, 2, 3], meant), null, "too few");
  assert.equal(lateness([0, 1000, 2100, 3500, 4900, 5300, 6700, 7000], 0), null, "uneven");
});
