// SPDX-License-Identifier: Apache-2.0
// The first run, over HTTP.
import { isDict, isInt, isText } from "../../common/wire";
import { type Look, call, readLook } from "../api";

export interface Setup {
  firstPassword: boolean;
  venue: Look;
  zone: string; // the one in force
  zoneFixed: boolean; // by the settings
  clock: { trusted: boolean; source: string; wall?: number };
  groups: number;
  tours: number;
  demo: boolean; // one came with the box
}

export async function setup(): Promise<Setup> {
  const a = await call("GET", "/setup");
  const time = isDict(a.time) ? a.time : {};
  const out: Setup = {
    firstPassword: a.first_password === true,
    venue: readLook(isDict(a.venue) ? a.venue : {}),
    zone: isText(a.zone, 255) ? a.zone : "",
    zoneFixed: a.zone_fixed === true,
    clock: { trusted: time.trusted === true, source: isText(time.source, 32) ? time.source : "none" },
    groups: isInt(a.groups) ? a.groups : 0,
    tours: isInt(a.tours) ? a.tours : 0,
    demo: a.demo === true,
  };
  if (isInt(time.wall)) out.clock.wall = time.wall;
  return out;
}

/** It is this time, says this laptop. */
export async function tellTime(): Promise<void> {
  await call("PUT", "/setup/clock", { wall: Math.round(Date.now() * 1000) });
}

/** The demo exhibit that came with the box; its group, which plays. */
export async function demoTour(): Promise<string> {
  const { groups, kept } = await call("POST", "/setup/demo");
  const id = [groups, kept].flat().find((g) => isText(g, 64)) as string;
  await call("POST", `/groups/${id}/commands`, { do: "play" });
  return id;
}

/** An id for what somebody called so; `taken` are those there are. */
export function idOf(name: string, taken: ReadonlySet<string>): string {
  const plain = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40).replace(/-+$/, "") || "track";
  for (let i = 1; ; i++) {
    const id = i === 1 ? plain : `${plain}-${i}`;
    if (!taken.has(id)) return id;
  }
}

/** Files become tracks, tracks a tour, the tour a group that plays. `tell` hears how far it is. */
export async function firstTour(name: string, lang: string, files: File[], tell: (text: string) => void): Promise<string> {
  const ids = async (path: string, key: string): Promise<Set<string>> => {
    const list = (await call("GET", path))[key];
    return new Set(Array.isArray(list) ? list.filter(isDict).map((x) => String(x.id)) : []);
  };
  const taken = await ids("/tracks", "tracks");
  const tracks: string[] = [];
  for (const [i, file] of files.entries()) {
    const title = file.name.replace(/\.[^.]+$/, "").replace(/[_-]+/g, " ").trim() || "Track";
    tell(`Taking in ${i + 1} of ${files.length}: ${file.name}`);
    const id = idOf(title, taken);
    taken.add(id);
    await call("PUT", `/tracks/${id}`, { title: { [lang]: title } });
    await call("PUT", `/tracks/${id}/audio/${lang}`, file);
    tracks.push(id);
  }
  tell("Making the tour and its group");
  const tour = idOf(name, await ids("/tours", "tours"));
  await call("PUT", `/tours/${tour}`, { title: { [lang]: name }, cues: tracks.map((track) => ({ track })) });
  const group = await call("POST", "/groups", { name, tour });
  const id = String(group.id);
  await call("POST", `/groups/${id}/commands`, { do: "play" });
  return id;
}
