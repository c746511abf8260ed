// SPDX-License-Identifier: Apache-2.0
// The service worker, where the page came over HTTPS: lets the page open without the house, from what
// offline.ts has put into the caches.
//
//   the page itself   network first, the kept one when nobody answers: an update is never in the way
//   /assets/          kept first: their names change with their content
//   /content/         kept first, by Range too; fetched and kept by offline.ts alone
//
// Everything else (the socket, the API, the admin page) never passes here.
import { ASSETS, CONTENT, PAGE, PAGE_KEY, slice } from "./caches";

const ANSWER_LIMIT_MS = 4000; // a house that is there answers at once

interface Extendable extends Event {
  waitUntil(p: Promise<unknown>): void;
}
interface FetchLike extends Extendable {
  readonly request: Request;
  respondWith(r: Promise<Response>): void;
}
interface Scope {
  addEventListener(type: "install" | "activate", f: (e: Extendable) => void): void;
  addEventListener(type: "fetch", f: (e: FetchLike) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
}
const scope = self as unknown as Scope;

scope.addEventListener("install", (e) => e.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (e) => e.waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin) return;
  if (e.request.mode === "navigate") {
    if (/^\/($|[jg]\/)/.test(url.pathname)) e.respondWith(page(e.request));
  } else if (url.pathname.startsWith("/assets/")) e.respondWith(kept(ASSETS, e.request));
  else if (url.pathname.startsWith("/content/")) e.respondWith(kept(CONTENT, e.request));
});

async function page(request: Request): Promise<Response> {
  const cache = await caches.open(PAGE);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ANSWER_LIMIT_MS);
  try {
    const response = await fetch(request.url, { signal: limit.signal, cache: "no-cache" });
    if (response.ok) await cache.put(PAGE_KEY, response.clone()).catch(() => undefined);
    return response;
  } catch (e) {
    const old = await cache.match(PAGE_KEY);
    if (old) return old;
    throw e;
  } finally {
    clearTimeout(timer);
  }
}

async function kept(name: string, request: Request): Promise<Response> {
  const found = await (await caches.open(name)).match(request.url, { ignoreVary: true });
  if (!found) return fetch(request);
  const range = request.headers.get("Range");
  return range ? slice(found, range) : found;
}
