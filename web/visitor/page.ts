// SPDX-License-Identifier: Apache-2.0
// The language the page speaks: the browser's, until the visitor picks another. Which language is
// heard is another matter (session.ts).
import { signal } from "@preact/signals";
import { type Lang, type Texts, direction, loadTexts, pickLang } from "../common/i18n";

const KEPT = "roomtone.page";

export const pageLang = signal<Lang>("en");
export const texts = signal<Texts | null>(null);

/** What was picked before comes first. */
export function wishedLang(): Lang {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    // storage is forbidden: the browser's language, then
  }
  return pickLang([...(kept ? [kept] : []), ...navigator.languages]);
}

/** Brings the dictionary, then turns the whole page at once. */
export async function speak(lang: Lang): Promise<void> {
  const got = await loadTexts(lang);
  const { documentElement: root } = document;
  root.lang = lang;
  root.dir = direction(lang);
  pageLang.value = lang;
  texts.value = got;
}

export async function pickPageLang(lang: Lang): Promise<void> {
  await speak(lang).catch(() => undefined); // the line is down: the page stays as it was
  try {
    localStorage.setItem(KEPT, lang);
  } catch {
    // lives without
  }
}
