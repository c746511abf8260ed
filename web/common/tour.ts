// SPDX-License-Identifier: Apache-2.0
// The tour document at /content/HASH.json, read with the limits of common/wire/tour.h.
import { isDict, isHash, isId, isInt, isPicture, isText } from "./wire";

export type Titles = Record<string, string>;
export interface Variant {
  lang: string;
  dur_us: number;
  bytes: number;
  opus: string;
  seek: string;
  captions?: string;
}
export interface Cue {
  id: string;
  on_end: string;
  title: Titles;
  dur_us: number;
  gap_us?: number; // silence behind it, before what follows by itself
  fade_in_us?: number;
  fade_out_us?: number;
  variants: Variant[];
  picture?: string; // at /content/
}
export interface Tour {
  id: string;
  title: Titles;
  cues: Cue[];
}

const CUES_MAX = 200;
const VARIANTS_MAX = 32;

export function readTitles(x: unknown): Titles | null {
  if (!isDict(x)) return null;
  const out: Titles = Object.create(null) as Titles;
  for (const [lang, text] of Object.entries(x)) {
    if (!isText(text, 80)) return null;
    out[lang] = text;
  }
  return Object.keys(out).length > 0 ? out : null;
}

function readVariant(x: unknown): Variant | null {
  if (!isDict(x) || !isText(x.lang, 16) || !/^[a-z0-9-]{2,16}$/.test(x.lang)) return null;
  if (!isInt(x.dur_us, 1) || !isInt(x.bytes, 1, 2 ** 31)) return null;
  if (!isHash(x.opus) || !isHash(x.seek)) return null;
  const v: Variant = { lang: x.lang, dur_us: x.dur_us, bytes: x.bytes, opus: x.opus, seek: x.seek };
  if (isHash(x.captions)) v.captions = x.captions;
  return v;
}

function readCue(x: unknown): Cue | null {
  if (!isDict(x) || !isId(x.id) || !isDict(x.track) || !isText(x.on_end, 16)) return null;
  const { title, dur_us, variants } = x.track;
  const titles = readTitles(title);
  if (!titles || !isInt(dur_us, 1) || !Array.isArray(variants)) return null;
  if (variants.length < 1 || variants.length > VARIANTS_MAX) return null;
  const read = variants.map(readVariant);
  if (read.includes(null)) return null;
  const cue: Cue = { id: x.id, on_end: x.on_end, title: titles, dur_us, variants: read as Variant[] };
  for (const span of ["gap_us", "fade_in_us", "fade_out_us"] as const) if (isInt(x[span], 1, 6e8)) cue[span] = x[span];
  if (isPicture(x.picture)) cue.picture = x.picture;
  return cue;
}

export function readTour(x: unknown): Tour | null {
  if (!isDict(x) || x.format !== "roomtone.tour.v1" || !isId(x.id) || !Array.isArray(x.cues))
    return null;
  const title = readTitles(x.title);
  if (!title || x.cues.length < 1 || x.cues.length > CUES_MAX) return null;
  const cues = x.cues.map(readCue);
  if (cues.includes(null)) return null;
  return { id: x.id, title, cues: cues as Cue[] };
}

const base = (lang: string): string => lang.split("-", 1)[0] ?? "";

/** The one of `have` for a listener: exact language, then its base ("pt-br" -> "pt"), then the
    first. The rule of tour_choose() in common/wire/tour.h. */
export function chooseLang(have: readonly string[], lang: string): string {
  const exact = have.find((l) => l === lang);
  const near = base(lang) !== "" ? have.find((l) => base(l) === base(lang)) : undefined;
  return exact ?? near ?? have[0] ?? "";
}

export function chooseVariant(cue: Cue, lang: string): Variant {
  const chosen = chooseLang(cue.variants.map((v) => v.lang), lang);
  return cue.variants.find((v) => v.lang === chosen) as Variant;
}

export function titleIn(titles: Titles, lang: string): string {
  return titles[chooseLang(Object.keys(titles), lang)] ?? "";
}

/** All languages of a tour, in the order in which they first appear. */
export function languages(tour: Tour): string[] {
  return [...new Set(tour.cues.flatMap((c) => c.variants.map((v) => v.lang)))];
}
