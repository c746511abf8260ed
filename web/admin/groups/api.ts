// SPDX-License-Identifier: Apache-2.0
// Groups over HTTP, as their editor uses them.
import { type Dict, type State, isDict, isId, isInt, isText, readState } from "../../common/wire";
import { call } from "../api";

export interface Plan {
  when_empty: string; // continue, hold, reset
  empty_after_s: number;
  after_reboot: string; // continue, hold
  schedule: string[];
}
export interface GroupShown {
  id: string;
  name: string;
  code: string;
  link: string;
  guideLink: string; // "" for who may not see it
  tour: string; // "" for none
  plan: Plan;
  state: State;
  tag: string; // what an edit builds on
  visitors: number;
  kiosks: number;
}
/** What is to change; the rest stays. */
export type Change = Partial<Plan> & { name?: string };

export interface Entry {
  epoch: number;
  rev: number;
  at: number;
  wall: number; // us since 1970; 0: not known
  actor: string;
  op: string;
  event: Dict;
  tour: string;
  state: State;
  plan: Plan;
}
export interface DayEntry {
  wall: number;
  time: string;
  op: "start" | "stop" | "hold";
  cue: number;
  rule: number;
}
export interface Day {
  date: string;
  zone: string;
  entries: DayEntry[];
  more: boolean;
}

const list = (x: unknown): Dict[] => (Array.isArray(x) ? x.filter(isDict) : []);
const text = (x: unknown, most = 200): string => (isText(x, most) ? x : "");

function readPlan(x: unknown): Plan {
  const p = isDict(x) ? x : {};
  return {
    when_empty: text(p.when_empty, 16) || "continue",
    empty_after_s: isInt(p.empty_after_s) ? p.empty_after_s : 600,
    after_reboot: text(p.after_reboot, 16) || "continue",
    schedule: (Array.isArray(p.schedule) ? p.schedule : []).filter((r): r is string => isText(r, 63)),
  };
}

function readShown(x: Dict): GroupShown {
  const state = readState(x.state);
  if (!isId(x.id) || !state) throw new Error("The box sent no group.");
  return {
    id: x.id, name: text(x.name, 80), code: text(x.code, 32), link: text(x.link), guideLink: text(x.guide_link), tour: text(x.tour, 64),
    plan: readPlan(x.plan), state, tag: text(x.tag, 64), visitors: isInt(x.visitors) ? x.visitors : 0, kiosks: isInt(x.kiosks) ? x.kiosks : 0,
  };
}

export const show = async (id: string): Promise<GroupShown> => readShown(await call("GET", `/groups/${id}`));
/** `on`: the tag of what was seen; absent: whatever is there. */
export const change = async (id: string, what: Change, on?: string): Promise<GroupShown> => readShown(await call("PATCH", `/groups/${id}`, what, on));
export const create = async (name: string, tour: string): Promise<GroupShown> => readShown(await call("POST", "/groups", { name, tour }));
export const duplicate = async (id: string, name: string): Promise<GroupShown> => readShown(await call("POST", `/groups/${id}/duplicate`, { name }));
export const remove = (id: string, force: boolean): Promise<Dict> => call("DELETE", `/groups/${id}${force ? "?force=true" : ""}`);
export const undelete = async (id: string): Promise<GroupShown> => readShown(await call("POST", `/deleted/groups/${id}/restore`));
export const setPin = (id: string, pin: string): Promise<Dict> => (pin === "" ? call("DELETE", `/groups/${id}/guide-pin`) : call("PUT", `/groups/${id}/guide-pin`, { pin }));
/** A point in the history: a change, or where a group stood at a house time. */
export type Point = { to: [number, number] } | { to_time: number };
export const restore = (id: string, point: Point): Promise<Dict> => call("POST", `/groups/${id}/commands`, { do: "restore", ...point });

export async function deleted(): Promise<{ id: string; name: string }[]> {
  return list((await call("GET", "/deleted/groups")).groups).flatMap((g) => (isId(g.id) ? [{ id: g.id, name: text(g.name, 80) }] : []));
}

export interface Bulk {
  tour: string;
  name: string;
  count: number;
  date?: string;
  first?: string;
  every_s?: number;
}
export async function bulk(what: Bulk): Promise<string[]> {
  return list((await call("POST", "/groups/bulk", what)).groups).flatMap((g) => (isId(g.id) ? [g.id] : []));
}

const OPS = ["start", "stop", "hold"] as const;
export async function day(schedule: readonly string[], date: string): Promise<Day> {
  const a = await call("POST", "/schedule/day", date === "" ? { schedule } : { schedule, date });
  const entries = list(a.entries).flatMap((e) => {
    const op = OPS.find((o) => o === e.do);
    return op && isInt(e.wall) ? [{ wall: e.wall, time: text(e.time, 16), op, cue: isInt(e.cue) ? e.cue : 0, rule: isInt(e.rule) ? e.rule : 0 }] : [];
  });
  return { date: text(a.date, 16), zone: text(a.zone, 255), entries, more: a.more === true };
}

export async function history(id: string, before?: Entry): Promise<{ entries: Entry[]; more: boolean }> {
  const from = before ? `&before=${before.epoch}.${before.rev}` : "";
  const a = await call("GET", `/groups/${id}/history?limit=30${from}`);
  const entries = list(a.changes).flatMap((c) => {
    const state = isDict(c.state) ? readState({ group: id, ...c.state }) : null;
    if (!state || !isInt(c.epoch, 1) || !isInt(c.rev)) return [];
    return [{
      epoch: c.epoch, rev: c.rev, at: isInt(c.at) ? c.at : 0, wall: isInt(c.wall) ? c.wall : 0, actor: text(c.actor, 80), op: text(c.do, 16),
      event: isDict(c.event) ? c.event : {}, tour: text(c.tour, 64), state, plan: readPlan(c.plan),
    }];
  });
  return { entries, more: a.more === true };
}
