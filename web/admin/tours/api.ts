// SPDX-License-Identifier: Apache-2.0
// Tours over HTTP, as the editor uses them.
import { type Dict, isDict, isHash, isId, isInt, isPicture, isText } from "../../common/wire";
import { type Titles, readTitles } from "../../common/tour";
import { call } from "../api";

export const ENDS = ["next", "loop", "stop", "wait"] as const;
export type End = (typeof ENDS)[number];

/** A cue as it is asked for. */
export interface DraftCue {
  id: string;
  track: string;
  on_end: End;
  gap_us: number;
  fade_in_us: number;
  fade_out_us: number;
  picture?: string;
}
export interface Draft {
  title: Titles;
  alone?: string;
  cues: readonly DraftCue[];
}
export interface Shown {
  hash: string;
  version: number;
  tour: Draft;
}
export interface Version {
  version: number;
  hash: string;
  cues: number;
  wall: number; // us since 1970; 0: not known
  actor: string;
}
export interface TrackVariant {
  lang: string;
  dur_us: number;
  opus: string;
  captions: boolean;
  peaks?: string; // at /content/HASH.peaks
}
export interface Track {
  id: string;
  title: Titles;
  dur_us: number;
  variants: TrackVariant[];
}
export type When = "none" | "now" | "cue_end" | "later" | "stop";
/** What an edition means for a group that has the tour loaded. */
export interface Touched {
  id: string;
  name: string;
  mode: string;
  cueId: string;
  when: When;
  at: number; // house time; 0: nothing plays
  is: string | null; // the cue that follows by itself today
  will: string | null;
}

const list = (x: unknown): Dict[] => (Array.isArray(x) ? x.filter(isDict) : []);
const span = (x: unknown): number => (isInt(x, 0, 6e8) ? x : 0);

function readCue(x: Dict): DraftCue | null {
  if (!isId(x.id) || !isId(x.track)) return null;
  const end = ENDS.find((e) => e === x.on_end) ?? "next";
  const cue: DraftCue = { id: x.id, track: x.track, on_end: end, gap_us: span(x.gap_us), fade_in_us: span(x.fade_in_us), fade_out_us: span(x.fade_out_us) };
  if (isPicture(x.picture)) cue.picture = x.picture;
  return cue;
}

function readDraft(x: unknown): Draft {
  if (!isDict(x)) throw new Error("The box sent no tour.");
  const cues = list(x.cues).map(readCue).filter((c): c is DraftCue => c !== null);
  const draft: Draft = { title: readTitles(x.title) ?? {}, cues };
  if (isText(x.alone, 16)) draft.alone = x.alone;
  return draft;
}

/** What goes over the wire: what is nothing is left out. */
export function asked(draft: Draft): object {
  const cues = draft.cues.map((c) => Object.fromEntries(Object.entries(c).filter(([, v]) => v !== 0 && v !== undefined)));
  return { ...draft, cues };
}

function readShown(x: Dict): Shown {
  if (!isHash(x.hash) || !isInt(x.version, 1)) throw new Error("The box sent no tour.");
  return { hash: x.hash, version: x.version, tour: readDraft(x.tour) };
}

export const show = async (id: string): Promise<Shown> => readShown(await call("GET", `/tours/${id}`));
export const showVersion = async (id: string, n: number): Promise<Shown> => readShown(await call("GET", `/tours/${id}/versions/${n}`));

/** `on`: the hash that the editor has seen, "" for a new tour. The new hash. */
export async function publish(id: string, draft: Draft, on: string): Promise<string> {
  const { hash } = await call("PUT", `/tours/${id}`, asked(draft), on);
  if (!isHash(hash)) throw new Error("The box did not say what it published.");
  return hash;
}

export async function versions(id: string): Promise<Version[]> {
  return list((await call("GET", `/tours/${id}/versions`)).versions).flatMap((v) =>
    isInt(v.version, 1) && isHash(v.hash)
      ? [{ version: v.version, hash: v.hash, cues: isInt(v.cues) ? v.cues : 0, wall: isInt(v.wall) ? v.wall : 0, actor: isText(v.actor, 80) ? v.actor : "" }]
      : [],
  );
}

export const restore = (id: string, version: number): Promise<Dict> => call("POST", `/tours/${id}/versions/${version}/restore`);
export const remove = (id: string): Promise<Dict> => call("DELETE", `/tours/${id}`);

export async function deleted(): Promise<{ id: string; title: Titles; version: number }[]> {
  return list((await call("GET", "/deleted/tours")).tours).flatMap((t) =>
    isId(t.id) && isInt(t.version, 1) ? [{ id: t.id, title: readTitles(t.title) ?? {}, version: t.version }] : [],
  );
}

export async function effect(id: string, draft?: Draft): Promise<Touched[]> {
  return list((await call("POST", `/tours/${id}/effect`, draft ? asked(draft) : {})).groups).flatMap((g) => {
    if (!isId(g.id) || !isText(g.name, 80)) return [];
    const next = isDict(g.next) ? g.next : {};
    return [{
      id: g.id, name: g.name, mode: isText(g.mode, 16) ? g.mode : "", cueId: isText(g.cue_id, 64) ? g.cue_id : "", when: g.when as When,
      at: isInt(g.at) ? g.at : 0, is: isText(next.is, 64) ? next.is : null, will: isText(next.will, 64) ? next.will : null,
    }];
  });
}

function readVariant(x: Dict): TrackVariant | null {
  if (!isText(x.lang, 16) || !isInt(x.dur_us, 1) || !isHash(x.opus)) return null;
  const v: TrackVariant = { lang: x.lang, dur_us: x.dur_us, opus: x.opus, captions: isHash(x.captions) };
  if (isHash(x.peaks)) v.peaks = x.peaks;
  return v;
}

export async function tracks(): Promise<Map<string, Track>> {
  const out = new Map<string, Track>();
  for (const t of list((await call("GET", "/tracks")).tracks)) {
    if (!isId(t.id)) continue;
    const variants = list(t.variants).map(readVariant).filter((v): v is TrackVariant => v !== null);
    out.set(t.id, { id: t.id, title: readTitles(t.title) ?? {}, dur_us: isInt(t.dur_us) ? t.dur_us : 0, variants });
  }
  return out;
}

/** Loads the newest edition into a group, in the place where it is if that can be. */
export const takeOver = (group: string, tour: string): Promise<Dict> => call("POST", `/groups/${group}/commands`, { do: "load", tour, keep: true });
