// SPDX-License-Identifier: Apache-2.0
// The HTTP API as the admin page uses it. An error is thrown as ApiError with words for people.
import { type Dict, isDict, isId, isInt, isPicture, isText } from "../common/wire";
import { type Group, readGroup } from "../common/wire_staff";
import type { Titles } from "../common/tour";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryMs = 0,
    readonly body: Dict = {}, // the whole problem
  ) {
    super(message);
  }
}

export interface Me {
  user: string;
  role: string;
  firstPassword: boolean; // the one that the box made
}
export interface TourEntry {
  id: string;
  title: Titles;
  cues: number;
}

export interface Look {
  name?: string;
  colour?: string;
  logo?: string;
  lang?: string; // the house's own language
  zone?: string; // its time zone
}

// What tells our own requests from those that another page makes a browser send with our cookie.
let csrf = "";

/** Headers of every request that changes something, also of those that do not go by call(). */
export const ours = (): Record<string, string> => (csrf === "" ? {} : { "X-CSRF-Token": csrf });

/** Asks for the password when the box wants it again; true once it was right. The page sets it. */
let confirmer: (() => Promise<boolean>) | null = null;
export const setConfirmer = (ask: () => Promise<boolean>): void => void (confirmer = ask);

/** One request. What the box wants first (the password again, a newer token) is seen to, and it is sent once more. */
export async function call(method: string, path: string, body?: object, on?: string, signal?: AbortSignal): Promise<Dict> {
  try {
    return await once(method, path, body, on, signal);
  } catch (e) {
    const code = e instanceof ApiError ? e.code : "";
    const again = code === "confirm_password" ? await confirmer?.() : code === "bad_csrf" && (await me()) !== null;
    if (!again) throw e;
    return once(method, path, body, on, signal);
  }
}

const tags = new WeakMap<Dict, string>();

/** Of an answer that can be edited: what says which edition was seen. */
export const tagOf = (answer: Dict): string | undefined => tags.get(answer);

export const MEANWHILE = "Somebody else has changed it meanwhile. It is shown as it is now; do yours again if it still makes sense.";

/** `on`: the tag of what was seen; somebody else's edit since is an error ("precondition_failed"). "": nothing was there. */
async function once(method: string, path: string, body?: object, on?: string, signal?: AbortSignal): Promise<Dict> {
  const seen: Record<string, string> = on === undefined ? {} : on === "" ? { "If-None-Match": "*" } : { "If-Match": `"${on}"` };
  const json = body && !(body instanceof Blob);
  const type = { "Content-Type": json ? "application/json" : "application/octet-stream" };
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      ...(signal ? { signal } : {}),
      headers: { ...(method === "GET" ? {} : ours()), ...seen, ...(body ? type : {}) },
      ...(body ? { body: json ? JSON.stringify(body) : body } : {}),
    });
  } catch {
    throw new ApiError(0, "offline", "The box cannot be reached.");
  }
  const text = await response.text();
  let answer: unknown = {};
  try {
    answer = text === "" ? {} : JSON.parse(text);
  } catch {
    // a body that is no JSON says nothing
  }
  const dict = isDict(answer) ? answer : {};
  const tag = response.headers.get("ETag");
  if (tag) tags.set(dict, tag.replace(/"/g, ""));
  if (response.ok) return dict;
  const words = [dict.title, dict.detail].filter((x) => isText(x, 400) && x !== "").join(" ");
  const code = isText(dict.code, 64) ? dict.code : "internal";
  const retry = isInt(dict.retry_ms) ? dict.retry_ms : 0;
  throw new ApiError(response.status, code, words || `The box refused (${response.status}).`, retry, dict);
}

function readMe(x: Dict): Me {
  if (isText(x.csrf, 64)) csrf = x.csrf;
  return {
    user: isText(x.user, 80) ? x.user : "",
    role: isText(x.role, 32) ? x.role : "",
    firstPassword: x.first_password === true,
  };
}

/** Null when nobody is signed in. */
export async function me(): Promise<Me | null> {
  try {
    return readMe(await call("GET", "/me"));
  } catch (e) {
    if (e instanceof ApiError && e.code === "unauthorized") return null;
    throw e;
  }
}

export async function login(user: string, password: string): Promise<Me> {
  return readMe(await call("POST", "/login", { user, password }));
}

export async function logout(): Promise<void> {
  await call("POST", "/logout", {});
}

export async function createGroup(name: string, tour: string): Promise<Group | null> {
  return readGroup(await call("POST", "/groups", tour === "" ? { name } : { name, tour }));
}

export type HouseOp = "silence" | "pause" | "play" | "stop";
/** Groups by id. */
export interface Moved {
  moved: string[];
  failed: { group: string; code: string }[];
}

export async function orderHouse(what: HouseOp, groups?: string[]): Promise<Moved> {
  const answer = await call("POST", "/house/commands", groups ? { do: what, groups } : { do: what });
  const list = (x: unknown): Dict[] => (Array.isArray(x) ? x.filter(isDict) : []);
  return {
    moved: list(answer.moved).flatMap((m) => (isId(m.group) ? [m.group] : [])),
    failed: list(answer.failed).flatMap((f) => (isId(f.group) && isText(f.code, 64) ? [{ group: f.group, code: f.code }] : [])),
  };
}

/** Takes a new kiosk in. */
export async function adoptKiosk(kiosk: string, name: string, group: string): Promise<void> {
  await call("POST", `/kiosks/${kiosk}/adopt`, name === "" ? { group } : { group, name });
}

/** Has it chirp. */
export async function identifyKiosk(kiosk: string): Promise<void> {
  await call("POST", `/kiosks/${kiosk}/identify`);
}

/** Join links, by group. */
export async function links(): Promise<Map<string, string>> {
  const { groups } = await call("GET", "/groups");
  const out = new Map<string, string>();
  for (const g of Array.isArray(groups) ? groups : [])
    if (isDict(g) && isId(g.id) && isText(g.link, 200)) out.set(g.id, g.link);
  return out;
}

export async function tours(): Promise<TourEntry[]> {
  const answer = await call("GET", "/tours");
  const out: TourEntry[] = [];
  for (const t of Array.isArray(answer.tours) ? answer.tours : [])
    if (isDict(t) && isId(t.id) && isDict(t.title) && isInt(t.cues))
      out.push({ id: t.id, title: t.title as Titles, cues: t.cues });
  return out;
}

export function readLook(x: Dict): Look {
  const out: Look = {};
  if (isText(x.name, 80)) out.name = x.name;
  if (isText(x.colour, 7)) out.colour = x.colour;
  if (isPicture(x.logo)) out.logo = x.logo;
  if (isText(x.lang, 16)) out.lang = x.lang;
  if (isText(x.zone, 63)) out.zone = x.zone;
  return out;
}

export async function look(): Promise<Look> {
  return readLook(await call("GET", "/venue"));
}

/** `change` gets the look as it is now, and says how it is to be; nobody's edit is lost in between. */
export async function changeLook(change: (now: Look) => Look): Promise<Look> {
  const now = await call("GET", "/venue");
  return readLook(await call("PUT", "/venue", change(readLook(now)), tagOf(now)));
}

/** Keeps a picture; its name. */
export async function addPicture(file: Blob): Promise<string> {
  const { picture } = await call("PUT", "/pictures", file);
  if (!isPicture(picture)) throw new ApiError(0, "internal", "The box gave the picture no name.");
  return picture;
}

/** Nothing was done on this box yet. */
export async function isFresh(): Promise<boolean> {
  return (await call("GET", "/setup")).fresh === true;
}
