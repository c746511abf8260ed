// SPDX-License-Identifier: Apache-2.0
// Tracks, uploads and jobs as the library uses them.
import { type Dict, isDict, isHash, isId, isInt, isPicture, isText } from "../../common/wire";
import type { Titles } from "../../common/tour";
import { ApiError, MEANWHILE, call, tagOf } from "../api";

export interface Level {
  kind: "speech" | "music";
  target: number; // LUFS
  before: number | null; // LUFS; null: silence, or too short
  gain: number; // dB
  after: number | null;
  peak: number | null; // dBTP
  limited: string; // why the target was not reached; ""
}
export interface Variant {
  lang: string;
  opus: string;
  bytes: number;
  dur: number; // us
  peaks?: string;
  captions?: string;
  transcript: boolean;
  source?: { name: string; bytes: number };
  level: Level | null; // null: made before levels were kept
}
export interface Track {
  id: string;
  title: Titles;
  cover?: string;
  dur: number;
  uneven: number; // us between the longest and the shortest; 0: near enough
  tours: string[];
  variants: Variant[];
}
export interface Upload {
  id: string;
  name: string;
  size: number;
  received: number;
  busy: boolean;
}
export interface Job {
  id: string;
  state: string;
  percent: number;
  detail: string;
}
export interface Problem {
  line: number;
  text: string;
}

const number = (x: unknown): number | null => (typeof x === "number" && Number.isFinite(x) ? x : null);
const text = (x: unknown, most = 400): string => (isText(x, most) ? x : "");

function readLevel(x: unknown): Level | null {
  if (!isDict(x) || !isDict(x.made)) return null;
  return {
    kind: x.kind === "music" ? "music" : "speech",
    target: number(x.target_lufs) ?? -16,
    before: number(x.loudness_lufs),
    gain: number(x.gain_db) ?? 0,
    after: number(x.made.loudness_lufs),
    peak: number(x.made.true_peak_dbtp),
    limited: text(x.limited, 20),
  };
}

function readVariant(x: unknown): Variant | null {
  if (!isDict(x) || !isText(x.lang, 16) || !isHash(x.opus) || !isInt(x.bytes) || !isInt(x.dur_us)) return null;
  const v: Variant = {
    lang: x.lang,
    opus: x.opus,
    bytes: x.bytes,
    dur: x.dur_us,
    transcript: x.transcript === true,
    level: readLevel(x.ingest),
  };
  if (isHash(x.peaks)) v.peaks = x.peaks;
  if (isHash(x.captions)) v.captions = x.captions;
  if (isDict(x.source) && isInt(x.source.bytes)) v.source = { name: text(x.source.name), bytes: x.source.bytes };
  return v;
}

function readTrack(x: unknown): Track | null {
  if (!isDict(x) || !isId(x.id) || !isDict(x.title) || !isInt(x.dur_us) || !Array.isArray(x.variants)) return null;
  const t: Track = {
    id: x.id,
    title: x.title as Titles,
    dur: x.dur_us,
    uneven: isInt(x.uneven_us) ? x.uneven_us : 0,
    tours: Array.isArray(x.tours) ? x.tours.filter(isId) : [],
    variants: x.variants.map(readVariant).filter((v): v is Variant => v !== null),
  };
  if (isPicture(x.cover)) t.cover = x.cover;
  return t;
}

function readAll<T>(list: unknown, read: (x: unknown) => T | null): T[] {
  return Array.isArray(list) ? list.map(read).filter((x): x is T => x !== null) : [];
}

export async function tracks(): Promise<Track[]> {
  return readAll((await call("GET", "/tracks")).tracks, readTrack);
}

export async function nameTrack(id: string, title: Titles, cover?: string): Promise<void> {
  await call("PUT", `/tracks/${id}`, cover === undefined ? { title } : { title, cover });
}

/** On top of what is shown. */
export async function renameTrack(shown: Track, title: Titles, cover: string): Promise<void> {
  const answer = await call("GET", `/tracks/${shown.id}`);
  const now = readTrack(answer);
  const names = (t: Track | null): string => JSON.stringify([Object.entries(t?.title ?? {}).sort(), t?.cover]);
  if (names(now) !== names(shown)) throw new Error(MEANWHILE);
  await call("PUT", `/tracks/${shown.id}`, { title, cover }, tagOf(answer));
}

export async function removeTrack(id: string, lang?: string): Promise<void> {
  await call("DELETE", lang === undefined ? `/tracks/${id}` : `/tracks/${id}/audio/${lang}`);
}

// --- uploads ---

function readUpload(x: unknown): Upload | null {
  if (!isDict(x) || !isText(x.id, 64) || !isInt(x.size) || !isInt(x.received)) return null;
  return { id: x.id, name: text(x.name), size: x.size, received: x.received, busy: x.in_use === true };
}

function upload(x: unknown): Upload {
  const u = readUpload(x);
  if (!u) throw new ApiError(0, "internal", "The box does not say how the upload stands.");
  return u;
}

export async function uploads(): Promise<Upload[]> {
  return readAll((await call("GET", "/uploads")).uploads, readUpload);
}

export async function newUpload(name: string, size: number): Promise<Upload> {
  return upload(await call("POST", "/uploads", { name, size }));
}

export async function showUpload(id: string): Promise<Upload> {
  return upload(await call("GET", `/uploads/${id}`));
}

export async function putPiece(id: string, offset: number, piece: Blob, signal: AbortSignal): Promise<Upload> {
  return upload(await call("PUT", `/uploads/${id}?offset=${offset}`, piece, undefined, signal));
}

export async function removeUpload(id: string): Promise<void> {
  await call("DELETE", `/uploads/${id}`);
}

// --- jobs ---

function readJob(x: Dict): Job {
  return { id: text(x.id, 64), state: text(x.state, 20), percent: isInt(x.percent) ? x.percent : 0, detail: text(x.detail) };
}

/** Of an upload, or (without one) of the original that the box has kept. */
export async function makeAudio(track: string, lang: string, wish: { upload?: string; kind?: string; target_lufs?: number }): Promise<Job> {
  return readJob(await call("POST", `/tracks/${track}/audio/${lang}`, wish));
}

export async function showJob(id: string): Promise<Job> {
  return readJob(await call("GET", `/jobs/${id}`));
}

// --- words ---

export async function putText(kind: "captions" | "transcript", track: string, lang: string, file: Blob): Promise<void> {
  await call("PUT", `/tracks/${track}/${kind}/${lang}`, file);
}

export async function removeText(kind: "captions" | "transcript", track: string, lang: string): Promise<void> {
  await call("DELETE", `/tracks/${track}/${kind}/${lang}`);
}

/** Empty where there is none. */
export async function transcript(track: string, lang: string): Promise<{ text: string; own: boolean }> {
  try {
    const a = await call("GET", `/tracks/${track}/transcript/${lang}`);
    return { text: isText(a.text, 1 << 20) ? a.text : "", own: a.from === "text" };
  } catch (e) {
    if (e instanceof ApiError && e.status === 404) return { text: "", own: false };
    throw e;
  }
}

/** Why captions were refused, line by line. */
export function problemsOf(e: unknown): Problem[] {
  if (!(e instanceof ApiError)) return [];
  return readAll(e.body.problems, (p) => (isDict(p) && isInt(p.line) ? { line: p.line, text: text(p.text) } : null));
}

/** In words; what is told line by line is left out of them. */
export function reason(e: unknown): string {
  return problemsOf(e).length > 0 ? "These captions cannot be used:" : words(e);
}

export const words = (e: unknown): string => (e instanceof Error ? e.message : String(e));
