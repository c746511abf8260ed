// SPDX-License-Identifier: Apache-2.0
// What staff and kiosks hear beyond phones (wire.ts): the whole house, and zones. Apart, so that phones need
// not fetch it.
import {
  type Dict, type FromServer, type Report, type Role, type State, ROLES, isDict, isId, isInt, isText, isU32, readObject,
  readPhoneMessage, readReport, readState,
} from "./wire";

export type Channel = "left" | "right" | "mono" | "none";
export interface Output {
  lang?: string; // absent: the kiosk's own
  channel: Channel;
}
export interface Zone {
  type: "zone";
  trim: number; // microseconds, positive: later
  gain: number; // tenths of a dB
  mute: boolean;
  map: [Output, Output]; // left, right
}
export interface Member {
  id: string;
  role: Role;
  name: string;
  lang: string;
  kiosk?: string; // which machine
  report?: Omit<Report, "type">;
}
/** Visitors' phones, all of them, however many members are listed. */
export interface Phones {
  ready: number;
  loading: number;
  waiting: number; // for a tap
  asleep: number; // not heard of for a while
  astray: number; // sound, but out of step
  muted: number; // turned off there, or taken by a call
  lost: number; // their line broke within the last minute
  off: number[]; // of those that sound: within each of OFF_MS, and beyond
}
export const OFF_MS: readonly number[] = [1, 5, 10, 25, 50, 100];
/** How the box itself does; what is not known is absent. */
export interface Box {
  commitUs: number; // p99 of what a change takes to be on disk
  sockets: number;
  upUs: number;
  cpu?: number; // percent of all processors
  memory?: [free: number, size: number]; // bytes
  disk?: [free: number, size: number];
}
export interface Group {
  id: string;
  name: string;
  code: string;
  link?: string;
  tour?: string;
  state: State;
  lead_us: number;
  visitors: number;
  kiosks: number;
  degraded: boolean; // changes cannot be saved
  phones?: Phones;
  members: Member[];
}
export interface HouseClock {
  trusted: boolean; // schedules can go by the wall clock
  guessed: boolean; // nobody knows how long the box was off
}
export interface Certificate {
  state: string; // ok, soon, expired, early, unknown
  daysLeft?: number;
}
/** A kiosk that waits to be adopted. */
export interface NewKiosk {
  id: string;
  name: string;
  address: string;
  online: boolean;
}
/** Two machines showed the key of this kiosk at once: the one here is obeyed, the other is not. */
export interface Double {
  id: string;
  name: string;
  here: string;
  other: string;
}
export interface House {
  type: "house";
  kiosksRev: number; // rises when what is set for a kiosk was changed
  box?: Box;
  time: HouseClock;
  storage: string; // ok, or the error code that changes get
  certificate?: Certificate; // of HTTPS
  house_now: number;
  clock_epoch: number;
  groups: Group[];
  newKiosks: NewKiosk[];
  cloned: Double[];
}
const CHANNELS: readonly string[] = ["left", "right", "mono", "none"];
const LANG = /^[a-z0-9][a-z0-9-]{1,15}$/;
const KIOSK = /^[0-9a-f]{16}$/;

function readMember(x: unknown): Member | null {
  if (!isDict(x) || !isText(x.id, 64) || !ROLES.includes(x.role as string)) return null;
  const member: Member = {
    id: x.id,
    role: x.role as Role,
    name: isText(x.name, 80) ? x.name : "",
    lang: isText(x.lang, 16) ? x.lang : "",
  };
  if (typeof x.kiosk === "string" && KIOSK.test(x.kiosk)) member.kiosk = x.kiosk;
  const report = readReport(x.report);
  if (report) member.report = report;
  return member;
}

const isCount = (x: unknown): x is number => isInt(x, 0);

function readPhones(x: unknown): Phones | undefined {
  if (!isDict(x) || !Array.isArray(x.off) || x.off.length !== OFF_MS.length + 1 || !x.off.every(isCount)) return undefined;
  const { ready, loading, waiting, asleep, astray, off } = x;
  if (!isCount(ready) || !isCount(loading) || !isCount(waiting) || !isCount(asleep) || !isCount(astray)) return undefined;
  const { muted, lost } = x;
  return { ready, loading, waiting, asleep, astray, muted: isCount(muted) ? muted : 0, lost: isCount(lost) ? lost : 0, off };
}

function readPair(x: unknown): [number, number] | undefined {
  return Array.isArray(x) && isCount(x[0]) && isCount(x[1]) ? [x[0], x[1]] : undefined;
}

function readBox(x: unknown): Box | undefined {
  if (!isDict(x) || !isCount(x.commit_p99) || !isCount(x.sockets) || !isCount(x.up)) return undefined;
  const box: Box = { commitUs: x.commit_p99, sockets: x.sockets, upUs: x.up };
  const memory = readPair(x.memory), disk = readPair(x.disk);
  if (isInt(x.cpu, 0, 100)) box.cpu = x.cpu;
  if (memory) box.memory = memory;
  if (disk) box.disk = disk;
  return box;
}

export function readGroup(x: unknown): Group | null {
  if (!isDict(x) || !isId(x.id) || !isText(x.name, 80) || !isText(x.code, 32)) return null;
  const state = readState(x.state);
  if (!state || !isInt(x.lead_us) || !isInt(x.visitors) || !isInt(x.kiosks)) return null;
  const members = Array.isArray(x.members) ? x.members.slice(0, 100).map(readMember) : [];
  const group: Group = {
    id: x.id,
    name: x.name,
    code: x.code,
    state,
    lead_us: x.lead_us,
    visitors: x.visitors,
    kiosks: x.kiosks,
    degraded: x.degraded === true,
    members: members.filter((m): m is Member => m !== null),
  };
  const phones = readPhones(x.phones);
  if (phones) group.phones = phones;
  if (isId(x.tour)) group.tour = x.tour;
  if (isText(x.link, 200)) group.link = x.link;
  return group;
}

function readOutput(x: unknown): Output | null {
  if (!isDict(x) || !CHANNELS.includes(x.channel as string)) return null;
  const output: Output = { channel: x.channel as Channel };
  if (x.lang === undefined) return output;
  if (typeof x.lang !== "string" || !LANG.test(x.lang)) return null;
  output.lang = x.lang;
  return output;
}

function readZone(x: Dict): Zone | null {
  if (!isInt(x.trim, -500_000, 500_000) || !isInt(x.gain, -600, 0)) return null;
  if (x.mute !== undefined && typeof x.mute !== "boolean") return null;
  if (!Array.isArray(x.map) || x.map.length !== 2) return null;
  const left = readOutput(x.map[0]), right = readOutput(x.map[1]);
  if (!left || !right) return null;
  return { type: "zone", trim: x.trim, gain: x.gain, mute: x.mute === true, map: [left, right] };
}

function readCertificate(x: unknown): Certificate | undefined {
  if (!isDict(x) || !isText(x.state, 64)) return undefined;
  return isInt(x.days_left) ? { state: x.state, daysLeft: x.days_left } : { state: x.state };
}

const isKiosk = (x: unknown): x is string => typeof x === "string" && KIOSK.test(x);

function readNewKiosk(x: unknown): NewKiosk | null {
  if (!isDict(x) || !isKiosk(x.id) || !isText(x.name, 80) || !isText(x.address, 47)) return null;
  return { id: x.id, name: x.name, address: x.address, online: x.online === true };
}

function readDouble(x: unknown): Double | null {
  if (!isDict(x) || !isKiosk(x.id) || !isText(x.here, 47) || !isText(x.other, 47)) return null;
  return { id: x.id, name: isText(x.name, 80) ? x.name : x.id, here: x.here, other: x.other };
}

/** Those of a list that can be read; [] where there is none. */
function readList<T>(x: unknown, most: number, read: (one: unknown) => T | null): T[] {
  return (Array.isArray(x) ? x.slice(0, most) : []).map(read).filter((one): one is NonNullable<typeof one> => one !== null) as T[];
}

function readHouse(x: Dict): House | null {
  if (!isInt(x.house_now) || !isU32(x.clock_epoch) || !Array.isArray(x.groups)) return null;
  const groups = x.groups.map(readGroup).filter((g): g is Group => g !== null);
  const time = isDict(x.time) ? x.time : {};
  const certificate = readCertificate(x.certificate);
  const box = readBox(x.box);
  return {
    type: "house",
    ...(certificate && { certificate }),
    ...(box && { box }),
    kiosksRev: isInt(x.kiosks_rev) ? x.kiosks_rev : 0,
    house_now: x.house_now,
    clock_epoch: x.clock_epoch,
    time: { trusted: time.trusted !== false, guessed: time.guessed === true },
    storage: isText(x.storage, 64) ? x.storage : "ok",
    groups,
    newKiosks: readList(x.new_kiosks, 32, readNewKiosk),
    cloned: readList(x.cloned, 16, readDouble),
  };
}

/** Reads one text message of the server, of all there are; null for one that is not known. */
export function readMessage(text: string): FromServer | null {
  const x = readObject(text);
  switch (x?.type) {
    case "zone":
      return readZone(x);
    case "house":
      return readHouse(x);
    default:
      return readPhoneMessage(text);
  }
}
