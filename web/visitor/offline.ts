// SPDX-License-Identifier: Apache-2.0
// Keeps the page and the tour on the phone, where the page came over HTTPS: it opens again without
// the house. Comes after Listen, and slowly: who listens needs the network first.
//
// What is kept has a ceiling: this page's own files, and of one tour, in one language, as many stops
// from the first on as fit. What belongs to an older page or another tour goes.
import { type Cue, type Tour, chooseVariant } from "../common/tour";
import { ASSETS, CONTENT, PAGE, PAGE_KEY } from "./caches";
import { type Kit, keepKit } from "./kit";
import workerUrl from "worker.js";

const CONTENT_MAX = 64 * 1024 * 1024;
const PART_BYTES = 64 * 1024; // asked at once ...
const PAUSE_MS = 2000; // ... with such pauses: 0.26 Mbit/s

let turn = 0; // the newest call; an older one stops

/** Keeps all of it. `calm`: nobody needs the network just now. Throws when there is no room. */
export async function keepOffline(kit: Kit, tour: Tour, lang: string, calm: () => boolean): Promise<void> {
  const mine = ++turn;
  await navigator.serviceWorker.register("/sw.js");
  await keepPage();
  const content = await caches.open(CONTENT);
  const files = wanted(kit, tour, lang);
  for (const old of await content.keys()) if (!files.includes(new URL(old.url).pathname)) await content.delete(old);
  for (const file of files) {
    if (await content.match(file)) continue;
    const blob = await fetchSlowly(file, async () => {
      do await new Promise((done) => setTimeout(done, PAUSE_MS));
      while (mine === turn && !calm());
      return mine === turn;
    });
    if (!blob) return;
    await content.put(file, new Response(blob));
    if (file.endsWith(".json")) keepKit(kit);
  }
}

async function keepPage(): Promise<void> {
  const page = await caches.open(PAGE);
  await page.add(PAGE_KEY);
  const cache = await caches.open(ASSETS);
  const loaded = performance.getEntriesByType("resource").map((e) => new URL(e.name).pathname);
  const names = new Set([...loaded, workerUrl].filter((n) => n.startsWith("/assets/")));
  for (const old of await cache.keys()) if (!names.has(new URL(old.url).pathname)) await cache.delete(old);
  for (const name of names) if (!(await cache.match(name))) await cache.add(name); // from the browser's own cache
}

/** Paths, in the order of the tour, as far as they fit. */
export function wanted(kit: Kit, tour: Tour, lang: string): string[] {
  const out = [`/content/${kit.tour}.json`];
  let bytes = 0;
  for (const cue of tour.cues) {
    bytes += chooseVariant(cue, lang).bytes;
    if (bytes > CONTENT_MAX) break;
    out.push(...filesOf(cue, lang));
  }
  return [...new Set(out)];
}

function filesOf(cue: Cue, lang: string): string[] {
  const v = chooseVariant(cue, lang);
  return [
    ...(v.captions ? [`/content/${v.captions}.vtt`] : []),
    `/content/${v.seek}.seek`,
    `/content/${v.opus}.opus`,
  ];
}

/** A file by small parts; null when `next` says that it is not wanted any more. */
async function fetchSlowly(file: string, next: () => Promise<boolean>): Promise<Blob | null> {
  const parts: Blob[] = [];
  let type = "";
  for (let at = 0, size = Infinity; at < size; at += PART_BYTES) {
    if (at > 0 && !(await next())) return null;
    const response = await fetch(file, { headers: { Range: `bytes=${at}-${at + PART_BYTES - 1}` }, cache: "no-store" });
    if (response.status !== 206) throw new Error(`${file}: ${response.status}`);
    size = Number(/\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? NaN);
    if (!(size <= CONTENT_MAX)) throw new Error(`${file}: too long`);
    type = response.headers.get("Content-Type") ?? "";
    parts.push(await response.blob());
  }
  return new Blob(parts, { type });
}
