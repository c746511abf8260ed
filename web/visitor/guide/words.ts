// SPDX-License-Identifier: Apache-2.0
// Texts and styles of what is behind the doors (door.tsx): one flat dictionary per language, as in
// common/i18n.ts, loaded when it is needed and changed with the language of the page.
import { effect, signal } from "@preact/signals";
import { bring } from "../../common/bring";
import type { Lang } from "../../common/i18n";
import type en from "../../lang/guide/en";
import { pageLang } from "../page";
import cssUrl from "guide.css";

export type Words = Record<keyof typeof en, string>;
export type Word = keyof Words;

const LOADERS: Record<Lang, () => Promise<{ default: Words }>> = {
  en: () => import("../../lang/guide/en"),
  de: () => import("../../lang/guide/de"),
  fr: () => import("../../lang/guide/fr"),
  es: () => import("../../lang/guide/es"),
  it: () => import("../../lang/guide/it"),
  ja: () => import("../../lang/guide/ja"),
  ar: () => import("../../lang/guide/ar"),
};

export const words = signal<Words | null>(null);
let following = false;

async function speak(lang: Lang): Promise<void> {
  const got = (await bring(LOADERS[lang])).default;
  if (lang === pageLang.value) words.value = got;
}

function style(): Promise<void> {
  const old = document.querySelector(`link[href="${cssUrl}"]`);
  if (old) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = cssUrl;
  return new Promise((done, failed) => {
    link.onload = () => done();
    link.onerror = () => {
      link.remove();
      failed(new Error("no styles"));
    };
    document.head.append(link);
  });
}

export async function prepare(): Promise<void> {
  await Promise.all([style(), words.value ? null : speak(pageLang.value)]);
  if (following) return;
  following = true;
  effect(() => void speak(pageLang.value).catch(() => undefined)); // the line is down: the words stay
}
