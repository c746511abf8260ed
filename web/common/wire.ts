// SPDX-License-Identifier: Apache-2.0
// The wire as phones see it (docs/PROTOCOL.md; staff and kiosks hear more: wire_staff.ts): types, and
// guards that read what the server sent. A guard is strict about what it knows and skips what it does
// not; null means refused.
import type { House, Zone } from "./wire_staff";

export type Mode = "void" | "ready" | "running" | "held" | "ended";
export type Playing = "idle" | "fetching" | "silent" | "sound";
export type Role = "visitor" | "kiosk" | "staff" | "guide";
export type Op =
  | "load" | "play" | "pause" | "seek" | "goto" | "next" | "prev" | "stop" | "stop_now"
  | "claim" | "renew" | "release" | "hand_over" | "deputy";
export type Reaction = "clap" | "laugh" | "heart" | "question";

export interface Vec {
  p0: number;
  t0: number;
  rate: 0 | 1;
}
export interface Part {
  mode: Mode;
  cue: number;
  dur: number;
  vec: Vec;
}
export interface State extends Part {
  group: string;
  epoch: number;
  rev: number;
  clock_epoch: number;
  tour?: string;
  guide?: string;
  guide_name?: string;
  next?: Part & { at: number };
}
export interface Hello {
  type: "hello";
  v: 1;
  role: Role;
  code?: string;
  link?: string;
  session?: string;
  device?: string;
  lang?: string;
  name?: string;
}
export interface Command {
  type: "command";
  group?: string; // a guide's is the one they are in
  cmd_id: string;
  do: Op;
  at?: number;
  position?: number;
  cue?: number;
  tour?: string;
  if_rev?: [number, number];
  fence?: number; // a guide's: of the lease they believe to hold
  member?: string;
}
export type Servo = "silent" | "acquire" | "lock" | "holdover" | "degraded";
export type Via = "ws" | "udp";
export interface Report {
  type: "report";
  playing: Playing;
  ready?: boolean; // would sound at once
  muted?: boolean; // its listener turned the sound off, or a call took it
  lang?: string;
  servo?: Servo;
  via?: Via;
  position?: number;
  at?: number;
  error_us?: number;
  peak_us?: number;
  uncertainty_us?: number;
  rtt_us?: number;
  skew_ppb?: number;
  dac_ppb?: number;
  corr_ppb?: number;
  buffer_ms?: number;
  xruns?: number;
  jumps?: number;
  missing?: number;
  prep_us?: number;
}
export interface Welcome {
  type: "welcome";
  member: string;
  role: Role;
  clock_epoch: number;
  house_now: number;
  group: string;
  group_name: string;
  resumed: boolean; // the same visitor as before, with what was kept:
  lang: string;
  trim: number;
  pin: boolean; // visitors: the group has a PIN that makes guides
  code: string; // guides: for inviting others; "" for visitors
  link: string;
}
export interface SessionToken {
  type: "session";
  token: string;
  valid_s: number;
}
export interface Keep {
  type: "keep";
  lang?: string;
  name?: string;
  trim?: number;
}
export interface Ack {
  type: "ack";
  group: string;
  cmd_id: string;
  epoch: number;
  rev: number;
  at: number;
  duplicate: boolean;
  fence?: number;
}
export interface WireError {
  type: "error";
  code: string;
  message: string;
  cmd_id?: string;
  detail?: string;
  retry_ms?: number;
}
export interface Hand {
  type: "hand";
  up: boolean;
  number?: number; // what a guide may call
  member?: string; // a guide lowers this one's
}
export interface Ask {
  type: "ask"; // ... whether everybody is ready
}
export interface GuideAway {
  type: "guide";
  away: boolean; // the one who leads has not been heard of for long
}
/** How a group is doing: for guides, whose page reads it (visitor/guide/audience.ts). */
export interface AudienceSaid {
  type: "audience";
  said: Dict;
}
export interface Bye {
  type: "bye";
  reason: string;
  retry_ms: number;
}
export type FromServer =
  | Welcome
  | SessionToken
  | ({ type: "state" } & State)
  | Ack
  | WireError
  | Bye
  | Hand
  | Ask
  | GuideAway
  | AudienceSaid
  | Zone
  | House;

export type Dict = Record<string, unknown>;
export const isDict = (x: unknown): x is Dict =>
  typeof x === "object" && x !== null && !Array.isArray(x);

const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const HASH = /^[0-9a-f]{64}$/;
const PICTURE = /^[0-9a-f]{64}\.(png|jpg|webp|svg)$/;
const MODES: readonly string[] = ["void", "ready", "running", "held", "ended"];
const PLAYING: readonly string[] = ["idle", "fetching", "silent", "sound"];
const SERVOS: readonly string[] = ["silent", "acquire", "lock", "holdover", "degraded"];
const VIAS: readonly string[] = ["ws", "udp"];
export const ROLES: readonly string[] = ["visitor", "kiosk", "staff", "guide"];

export const isId = (x: unknown): x is string => typeof x === "string" && ID.test(x);
export const isHash = (x: unknown): x is string => typeof x === "string" && HASH.test(x);
export const isPicture = (x: unknown): x is string => typeof x === "string" && PICTURE.test(x);
export const isInt = (x: unknown, min = 0, max = Number.MAX_SAFE_INTEGER): x is number =>
  Number.isSafeInteger(x) && (x as number) >= min && (x as number) <= max;
export const isText = (x: unknown, max: number): x is string =>
  typeof x === "string" && x.length <= max;
export const isU32 = (x: unknown): x is number => isInt(x, 0, 0xffffffff);

function readVec(x: unknown): Vec | null {
  if (!isDict(x) || !isInt(x.p0) || !isInt(x.t0) || (x.rate !== 0 && x.rate !== 1)) return null;
  return { p0: x.p0, t0: x.t0, rate: x.rate };
}

function readPart(x: Dict): Part | null {
  const vec = readVec(x.vec);
  if (!vec || !MODES.includes(x.mode as string) || !isInt(x.cue, -1, 199) || !isInt(x.dur))
    return null;
  return { mode: x.mode as Mode, cue: x.cue, dur: x.dur, vec };
}

export function readState(x: unknown): State | null {
  if (!isDict(x) || !isId(x.group) || !isU32(x.epoch) || !isInt(x.rev) || !isU32(x.clock_epoch))
    return null;
  const part = readPart(x);
  if (!part || (x.tour !== undefined && !isHash(x.tour))) return null;
  const state: State = {
    ...part,
    group: x.group,
    epoch: x.epoch,
    rev: x.rev,
    clock_epoch: x.clock_epoch,
  };
  if (x.tour !== undefined) state.tour = x.tour;
  if (isText(x.guide, 64)) state.guide = x.guide;
  if (isText(x.guide_name, 80)) state.guide_name = x.guide_name;
  if (x.next !== undefined) {
    if (!isDict(x.next) || !isInt(x.next.at)) return null;
    const next = readPart(x.next);
    if (!next) return null;
    state.next = { ...next, at: x.next.at };
  }
  return state;
}

/** True when `a` replaces `b`: messages that are not newer are dropped. */
export function newer(a: State, b: State | null): boolean {
  return !b || a.group !== b.group || a.epoch > b.epoch || (a.epoch === b.epoch && a.rev > b.rev);
}

export function readReport(x: unknown): Omit<Report, "type"> | null {
  if (!isDict(x) || !PLAYING.includes(x.playing as string)) return null;
  const out: Omit<Report, "type"> = { playing: x.playing as Playing };
  const min = -Number.MAX_SAFE_INTEGER;
  for (const key of ["position", "at", "error_us", "peak_us", "uncertainty_us", "rtt_us", "skew_ppb",
    "dac_ppb", "corr_ppb", "buffer_ms", "xruns", "jumps", "missing", "prep_us"] as const) {
    const value = x[key];
    if (value === undefined) continue;
    if (!isInt(value, min)) return null;
    out[key] = value;
  }
  if (x.ready === true) out.ready = true;
  if (isText(x.lang, 16)) out.lang = x.lang;
  if (SERVOS.includes(x.servo as string)) out.servo = x.servo as Servo;
  if (VIAS.includes(x.via as string)) out.via = x.via as Via;
  return out;
}

function readWelcome(x: Dict): Welcome | null {
  if (!isText(x.member, 64) || !ROLES.includes(x.role as string)) return null;
  if (!isU32(x.clock_epoch) || !isInt(x.house_now)) return null;
  return {
    type: "welcome",
    member: x.member,
    role: x.role as Role,
    clock_epoch: x.clock_epoch,
    house_now: x.house_now,
    group: isText(x.group, 64) ? x.group : "",
    group_name: isText(x.group_name, 80) ? x.group_name : "",
    resumed: x.resumed === true,
    lang: isText(x.lang, 16) ? x.lang : "",
    trim: isInt(x.trim, -1_000_000, 1_000_000) ? x.trim : 0,
    pin: x.pin === true,
    code: typeof x.code === "string" && /^\d{9}$/.test(x.code) ? x.code : "",
    link: typeof x.link === "string" && /^\/j\/[\w-]{1,64}$/.test(x.link) ? x.link : "",
  };
}

function readSession(x: Dict): SessionToken | null {
  if (typeof x.token !== "string" || !/^[\w-]{1,64}$/.test(x.token) || !isInt(x.valid_s)) return null;
  return { type: "session", token: x.token, valid_s: x.valid_s };
}

function readAck(x: Dict): Ack | null {
  if (!isId(x.group) || !isText(x.cmd_id, 32) || !isU32(x.epoch) || !isInt(x.rev) || !isInt(x.at))
    return null;
  const ack: Ack = { type: "ack", group: x.group, cmd_id: x.cmd_id, epoch: x.epoch, rev: x.rev, at: x.at,
    duplicate: x.duplicate === true };
  if (isInt(x.fence, 1)) ack.fence = x.fence;
  return ack;
}

function readError(x: Dict): WireError | null {
  if (!isText(x.code, 64)) return null;
  const error: WireError = {
    type: "error",
    code: x.code,
    message: isText(x.message, 400) ? x.message : x.code,
  };
  if (isText(x.cmd_id, 32)) error.cmd_id = x.cmd_id;
  if (isText(x.detail, 400)) error.detail = x.detail;
  if (isInt(x.retry_ms, 0, 3_600_000)) error.retry_ms = x.retry_ms;
  return error;
}

function readHand(x: Dict): Hand | null {
  if (typeof x.up !== "boolean") return null;
  const hand: Hand = { type: "hand", up: x.up };
  if (isInt(x.number, 1, 0x7fffffff)) hand.number = x.number;
  if (isText(x.member, 23)) hand.member = x.member;
  return hand;
}

export function readObject(text: string): Dict | null {
  try {
    const x: unknown = JSON.parse(text);
    return isDict(x) ? x : null;
  } catch {
    return null;
  }
}

/** Reads one text message of the server, of those that phones get; null for one that is not known. */
export function readPhoneMessage(text: string): FromServer | null {
  const x = readObject(text);
  switch (x?.type) {
    case "welcome":
      return readWelcome(x);
    case "session":
      return readSession(x);
    case "state": {
      const state = readState(x);
      return state && { type: "state", ...state };
    }
    case "ack":
      return readAck(x);
    case "error":
      return readError(x);
    case "bye":
      return {
        type: "bye",
        reason: isText(x.reason, 64) ? x.reason : "",
        retry_ms: isInt(x.retry_ms, 0, 600_000) ? x.retry_ms : 1000,
      };
    case "hand":
      return readHand(x);
    case "ask":
      return { type: "ask" };
    case "guide":
      return typeof x.away === "boolean" ? { type: "guide", away: x.away } : null;
    case "audience":
      return { type: "audience", said: x };
    default:
      return null;
  }
}
