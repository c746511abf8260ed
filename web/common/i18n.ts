// SPDX-License-Identifier: Apache-2.0
// Texts of the visitor page: one flat dictionary per language, loaded when its language is used.
// test/i18n.test.ts holds the dictionaries against each other.
import type en from "../lang/en";

export type Texts = Record<keyof typeof en, string>;
export type Key = keyof Texts;

export const LANGS = ["en", "de", "fr"] as const;
export type Lang = (typeof LANGS)[number];

const LOADERS: Record<Lang, () => Promise<{ default: Texts }>> = {
  en: () => import("../lang/en"),
  de: () => import("../lang/de"),
  fr: () => import("../lang/fr"),
};

export function pickLang(wishes: readonly string[]): Lang {
  for (const wish of wishes) {
    const base = wish.toLowerCase().split("-")[0];
    const found = LANGS.find((l) => l === base);
    if (found) return found;
  }
  return "en";
}

export async function loadTexts(lang: Lang): Promise<Texts> {
  return (await LOADERS[lang]()).default;
}

/** Puts values in the place of {name}. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}
