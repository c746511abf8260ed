// SPDX-License-Identifier: Apache-2.0
// What a group does by itself, and what happened to it, in words. Pure.
import { clockText } from "../../common/format";
import type { Entry, Plan } from "./api";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** "mon-wed,sat" as the names of days. */
function daysText(days: string): string {
  if (days === "daily") return "every day";
  if (/^\d{4}-\d\d-\d\d$/.test(days)) return `once, on ${new Date(`${days}T12:00:00`).toLocaleDateString(undefined, { dateStyle: "long" })},`;
  const name = (d: string): string => DAY_NAMES[DAYS.indexOf(d)] ?? d;
  return days.split(",").map((part) => part.split("-").map(name).join(" to ")).join(", ");
}

/** A rule of the schedule as a sentence; itself when it cannot be read. */
export function ruleText(rule: string): string {
  const m = /^(\S+) (\d\d:\d\d(?::\d\d)?)(?:-(\d\d:\d\d(?::\d\d)?)\/(\d+)(s|min|h))? (start|stop|hold)(?::(\d+))?$/.exec(rule);
  if (!m) return rule;
  const [, days = "", first = "", last, every, unit, what, cue] = m;
  const units: Record<string, string> = { s: "second", min: "minute", h: "hour" };
  const often = every === "1" ? units[unit ?? ""] : `${every} ${units[unit ?? ""]}s`;
  const does = what === "stop" ? "Stops" : what === "hold" ? "Pauses" : cue ? `Starts with cue ${Number(cue) + 1}` : "Starts";
  return last ? `${does} every ${often} from ${first} to ${last}, ${daysText(days)}` : `${does} at ${first}, ${daysText(days)}`.replace(/,$/, "");
}

/** The days of a form's boxes as a rule has them; "" for none. */
export function daysOf(chosen: readonly boolean[]): string {
  if (chosen.every(Boolean)) return "daily";
  return DAYS.filter((_, i) => chosen[i]).join(",");
}
export const dayNames = DAY_NAMES;

export const EMPTY: Record<string, string> = {
  continue: "it goes on",
  hold: "it pauses where it is",
  reset: "it stops, and is ready at the first cue",
};
export const REBOOT: Record<string, string> = {
  continue: "it goes on by the time that was guessed",
  hold: "it waits, paused, where it certainly was",
};

export function planText(p: Plan): string {
  const rules = p.schedule.length === 0 ? "No schedule" : p.schedule.map(ruleText).join("; ");
  return `${rules}. When all have gone, ${EMPTY[p.when_empty] ?? p.when_empty}.`;
}

const MODES: Record<string, string> = { void: "without a tour", ready: "ready", running: "playing", held: "paused", ended: "at its end" };

/** A command takes effect a moment after it was given. What somebody means by going back to it is what it did; unless the
    next one came before that. `newer` is the entry above. */
export function takesEffect(e: Entry, newer: Entry | undefined): number {
  const at = e.state.next?.at ?? 0;
  return at > 0 && (!newer || newer.at >= at) ? at : 0;
}

/** Where the group stood after a change. `effect`: of takesEffect(). */
export function placeText(e: Entry, effect: number, cueName: (i: number) => string): string {
  const part = effect > 0 && e.state.next ? e.state.next : e.state;
  if (part.mode === "void" || part.cue < 0) return MODES.void as string;
  const position = part.vec.p0 + part.vec.rate * Math.max(0, (effect || e.at) - part.vec.t0);
  return `${MODES[part.mode] ?? part.mode}, ${cueName(part.cue)} at ${clockText(position)}`;
}

/** What somebody did, or what happened by itself. */
export function deedText(e: Entry, cueName: (i: number) => string): string {
  const { event } = e;
  const cue = typeof event.cue === "number" ? cueName(event.cue) : "";
  const position = typeof event.position === "number" ? clockText(event.position) : "";
  switch (e.op) {
    case "create": return "made the group";
    case "delete": return "deleted the group";
    case "undelete": return "brought the group back";
    case "load": return event.keep === true ? "gave it the newest edition, in its place" : `loaded the tour ${String(event.tour ?? "")}`;
    case "play": return position ? `played from ${position}` : "played";
    case "pause": return "paused";
    case "seek": return `went to ${position}`;
    case "goto": return `went to ${cue}${position ? `, ${position}` : ""}`;
    case "next": return "went to the next cue";
    case "prev": return "went to the cue before";
    case "stop": return "stopped";
    case "stop_now": return "stopped at once";
    case "configure": return configureText(event);
    case "restore": return "went back in time";
    case "claim": return "took the lead";
    case "release": return "gave the lead back";
    case "hand_over": return "handed the lead over";
    case "deputy": return "named who leads next";
    case "schedule": return "the schedule";
    case "advance": return "the tour went on";
    case "visitors": return "somebody came";
    case "empty": return "the last one left";
    case "reboot": return "the box had been off";
    case "lapse": return "the guide was away for too long";
    default: return e.op;
  }
}

function configureText(event: Record<string, unknown>): string {
  const parts: string[] = [];
  if (typeof event.name === "string") parts.push(`called it \u201c${event.name}\u201d`);
  if (Array.isArray(event.schedule)) parts.push(event.schedule.length === 0 ? "took the schedule away" : "changed the schedule");
  if (event.when_empty !== undefined || event.empty_after_s !== undefined) parts.push("changed what happens when all have gone");
  if (event.after_reboot !== undefined) parts.push("changed what happens after the box was off");
  return parts.join(", ") || "changed nothing";
}

export const whoText = (actor: string): string => (actor === "room" ? "By itself" : actor || "Somebody");
