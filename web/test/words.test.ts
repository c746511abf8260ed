// SPDX-License-Identifier: Apache-2.0
// Captions, numbers, and the dictionaries.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { clockText, codeText, microText } from "../common/format";
import { LANGS, count, direction, fill, pickLang } from "../common/i18n";
import { captionAt, readVtt } from "../common/vtt";
import ar from "../lang/ar";
import de from "../lang/de";
import en from "../lang/en";
import es from "../lang/es";
import fr from "../lang/fr";
import it from "../lang/it";
import ja from "../lang/ja";
import guideAr from "../lang/guide/ar";
import guideDe from "../lang/guide/de";
import guideEn from "../lang/guide/en";
import guideEs from "../lang/guide/es";
import guideFr from "../lang/guide/fr";
import guideIt from "../lang/guide/it";
import guideJa from "../lang/guide/ja";

test("captions are read: with and without hours, names, settings, tags", () => {
  const got = readVtt(
    "\ufeffWEBVTT - a title\r\n\r\nNOTE not shown\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n" +
      "1\r\n00:01.000 --> 00:02.500 line:0\r\n<v Weaver>Good <i>morning</i> &amp; welcome\r\nsecond line\r\n\r\n" +
      "01:00:00.000 --> 01:00:01.000\r\nAn hour on\r\n",
  );
  assert.deepEqual(got, [
    { start: 1e6, end: 2.5e6, text: "Good morning & welcome\nsecond line" },
    { start: 3600e6, end: 3601e6, text: "An hour on" },
  ]);
});

test("what is no caption is left out", () => {
  assert.deepEqual(readVtt("hello"), []);
  assert.deepEqual(readVtt("WEBVTTX\n\n00:01.000 --> 00:02.000\nx"), []);
  assert.deepEqual(readVtt("WEBVTT\n\n00:03.000 --> 00:02.000\nbackwards\n\n0:1 --> 2\nx\n\n00:01.000 --> 00:02.000\n\n"), []);
  const many = `WEBVTT\n\n${"00:01.000 --> 00:02.000\nx\n\n".repeat(9000)}`;
  assert.ok(readVtt(many).length <= 5000);
});

test("the caption at a position", () => {
  const c = readVtt("WEBVTT\n\n00:01.000 --> 00:02.000\na\n\n00:03.000 --> 00:04.000\nb\n");
  assert.deepEqual([0, 1e6, 2.5e6, 3e6, 9e6].map((p) => captionAt(c, p)), [-1, 0, 0, 1, 1]);
});

test("numbers as people read them", () => {
  assert.equal(clockText(83e6), "1:23");
  assert.equal(clockText(3723e6), "1:02:03");
  assert.equal(clockText(-5), "0:00");
  assert.equal(codeText("123456789"), "123 456 789");
  assert.equal(codeText("1234"), "123 4");
  assert.equal(microText(-83), "-83 \u00b5s");
  assert.equal(microText(12_400), "12.4 ms");
});

const guide = { en: guideEn, ar: guideAr, de: guideDe, es: guideEs, fr: guideFr, it: guideIt, ja: guideJa };
const slots = (text: string): string[] => [...new Set([...text.matchAll(/\{\w+\}/g)].map((m) => m[0]))].sort();
const counts = (text: string): string[] => [...text.matchAll(/(?:^|\|)\s*(\w+):/g)].map((m) => m[1] as string).sort();

/** The forms a counting text needs. French, Spanish and Italian have one for millions, which nothing here counts. */
function plurals(lang: string): string[] {
  const { pluralCategories } = new Intl.PluralRules(lang).resolvedOptions();
  return pluralCategories.filter((p) => p !== "many" || lang === "ar").sort();
}

test("every language has every text, with the same places to fill", () => {
  const all = { ar, de, en, es, fr, it, ja };
  const files = readdirSync("lang").filter((f) => f.endsWith(".ts")).map((f) => f.replace(".ts", "")).sort();
  assert.deepEqual(files, [...LANGS].sort(), "a dictionary for each language, and no other");
  for (const [lang, texts] of Object.entries(all)) {
    assert.deepEqual(Object.keys(texts), Object.keys(en), lang);
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      const text: string = texts[key];
      assert.notEqual(text.trim(), "", `${lang}.${key}`);
      assert.deepEqual(slots(text), slots(en[key]), `${lang}.${key}`);
      if (!en[key].includes("|")) continue;
      assert.deepEqual(counts(text), plurals(lang), `${lang}.${key}`);
    }
  }
});

test("the guide's words: every language has every text, with the same places to fill", () => {
  const files = readdirSync("lang/guide").map((f) => f.replace(".ts", "")).sort();
  assert.deepEqual(files, [...LANGS].sort());
  const wanted: Record<string, string> = guide.en;
  for (const [lang, words] of Object.entries<Record<string, string>>(guide)) {
    assert.deepEqual(Object.keys(words), Object.keys(wanted), lang);
    for (const [key, text] of Object.entries(words)) {
      assert.notEqual(text.trim(), "", `${lang}.${key}`);
      assert.deepEqual(slots(text), slots(wanted[key] ?? ""), `${lang}.${key}`);
      if (wanted[key]?.includes("other:")) assert.deepEqual(counts(text), plurals(lang), `${lang}.${key}`);
    }
  }
});

test("texts that count", () => {
  const text = "one: {n} second | other: {n} seconds";
  assert.deepEqual([0, 1, 2].map((n) => count(text, "en", n)), ["0 seconds", "1 second", "2 seconds"]);
  assert.equal(count("zero: a | one: b | two: c | few: d | many: e | other: f", "ar", 11), "e");
});

test("no text is forgotten in the dictionary", () => {
  const files = readdirSync("visitor", { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f));
  const source = files.map((f) => readFileSync(`visitor/${f}`, "utf8")).join("\n");
  const unused = Object.keys(en).filter(
    (key) => !new RegExp(`(\\b(texts|t|value)\\.|")${key}\\b`).test(source),
  );
  assert.deepEqual(unused, []);
  const idle = Object.keys(guideEn).filter((key) => !/^r_/.test(key) && !new RegExp(`\\bw\\.${key}\\b|"${key}"`).test(source));
  assert.deepEqual(idle, []);
});

test("the page speaks the first language it can", () => {
  assert.equal(pickLang(["nl", "fr-CA", "de"]), "fr");
  assert.equal(pickLang(["nl"]), "en");
  assert.equal(pickLang([]), "en");
  assert.equal(pickLang(["ar-EG"]), "ar");
  assert.deepEqual(["ar-EG", "ja", "he"].map(direction), ["rtl", "ltr", "rtl"]);
  assert.equal(fill("Stop {n} of {total}", { n: 1, total: 4 }), "Stop 1 of 4");
});
