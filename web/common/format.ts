// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them.

/** 83 s as "1:23"; hours only when there are some. */
export function clockText(us: number): string {
  const s = Math.max(0, Math.floor(us / 1e6));
  const two = (n: number): string => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  const m = Math.floor(s / 60) % 60;
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** An interval at a size that can be read at a glance: "83 us" or "12.4 ms". */
export function microText(us: number): string {
  const size = Math.abs(us);
  if (size < 1000) return `${Math.round(us)} \u00b5s`;
  return `${(us / 1000).toFixed(size < 100_000 ? 1 : 0)} ms`;
}

export function codeText(code: string): string {
  return code.replace(/\s/g, "").replace(/(\d{3})(?=\d)/g, "$1 ");
}

// The page's own languages: a browser's list of names takes an old phone a tenth of a second to open.
const NAMES: Record<string, string> = {
  ar: "العربية", de: "Deutsch", en: "English", es: "Español", fr: "Français", it: "Italiano", ja: "日本語",
};

/** A language in its own words: "de" as "Deutsch". */
export function langName(lang: string): string {
  const known = NAMES[lang];
  if (known) return known;
  try {
    const name = new Intl.DisplayNames([lang], { type: "language" }).of(lang);
    return name ? name.charAt(0).toLocaleUpperCase(lang) + name.slice(1) : lang;
  } catch {
    return lang;
  }
}
