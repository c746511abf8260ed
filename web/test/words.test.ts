// SPDX-License-Identifier: Apache-2.0
// Captions, numbers, and the dictionaries.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { clockText, codeText, microText } from "../common/format";
import { LANGS, fill, pickLang } from "../common/i18n";
import { captionAt, readVtt } from "../common/vtt";
import de from "../lang/de";
import en from "../lang/en";
import fr from "../lang/fr";

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

const slots = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort();

test("every language has every text, with the same places to fill", () => {
  const files = readdirSync("lang").map((f) => f.replace(".ts", "")).sort();
  assert.deepEqual(files, [...LANGS].sort(), "a dictionary for each language, and no other");
  for (const [lang, texts] of Object.entries({ de, fr })) {
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(en).sort(), lang);
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      assert.notEqual(texts[key].trim(), "", `${lang}.${key}`);
      assert.deepEqual(slots(texts[key]), slots(en[key]), `${lang}.${key}`);
    }
  }
});

test("no text is forgotten in the dictionary", () => {
  const source = ["visitor/view.tsx", "visitor/view/alone.tsx", "visitor/session.ts", "visitor/boot.ts"].map((f) => readFileSync(f, "utf8")).join("\n");
  const unused = Object.keys(en).filter((key) => !source.includes(`texts.${key}`) && !source.includes(`"${key}"`));
  assert.deepEqual(unused, []);
});

test("the page speaks the first language it can", () => {
  assert.equal(pickLang(["nl", "fr-CA", "de"]), "fr");
  assert.equal(pickLang(["nl"]), "en");
  assert.equal(pickLang([]), "en");
  assert.equal(fill("Stop {n} of {total}", { n: 1, total: 4 }), "Stop 1 of 4");
});
