// SPDX-License-Identifier: Apache-2.0
// Texts of the visitor page: one flat dictionary per language, loaded when its language is used.
// test/words.test.ts holds the dictionaries against each other.
//
// A text that counts something has one form for each plural of its language, by CLDR's names:
//   "one: {n} second | other: {n} seconds"
import { bring } from "./bring";
import type en from "../lang/en";

export type Texts = Record<keyof typeof en, string>;
export type Key = keyof Texts;

export const LANGS = ["en", "de", "fr", "es", "it", "ja", "ar"] as const;
export type Lang = (typeof LANGS)[number];

const LOADERS: Record<Lang, () => Promise<{ default: Texts }>> = {
  en: () => import("../lang/en"),
  de: () => import("../lang/de"),
  fr: () => import("../lang/fr"),
  es: () => import("../lang/es"),
  it: () => import("../lang/it"),
  ja: () => import("../lang/ja"),
  ar: () => import("../lang/ar"),
};

const base = (lang: string): string => lang.toLowerCase().split("-")[0] ?? "";

export function pickLang(wishes: readonly string[]): Lang {
  for (const wish of wishes) {
    const found = LANGS.find((l) => l === base(wish));
    if (found) return found;
  }
  return "en";
}

/** Which way a language is written; tracks come in more languages than the page speaks. */
export function direction(lang: string): "ltr" | "rtl" {
  return ["ar", "dv", "fa", "he", "ku", "ps", "ur", "yi"].includes(base(lang)) ? "rtl" : "ltr";
}

export async function loadTexts(lang: Lang): Promise<Texts> {
  return (await bring(LOADERS[lang])).default;
}

/** Puts values in the place of {name}. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}

/** The form of a counting text for `n`, filled. */
export function count(text: string, lang: string, n: number): string {
  const forms = text.split("|").map((form) => /^\s*(\w+):\s*(.*?)\s*$/.exec(form));
  const wanted = new Intl.PluralRules(lang).select(n);
  const form = forms.find((f) => f?.[1] === wanted) ?? forms[forms.length - 1];
  return fill(form?.[2] ?? text, { n });
}
