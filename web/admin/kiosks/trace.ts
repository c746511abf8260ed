// SPDX-License-Identifier: Apache-2.0
// What is drawn of a kiosk: the last ten minutes as the box has kept them, and what comes live.
import { type Dict, isDict, isInt } from "../../common/wire";
import type { Member } from "../../common/wire_staff";

export const EVERY_US = 2e6;
export const POINTS = 300;

export interface Point {
  slot: number; // house time in EVERY_US
  error: number | null; // us, while it sounded
  dac: number | null; // ppb
  buffer: number | null; // ms
  xruns: number;
}
/** Oldest first, a point for each slot. */
export type Trace = Point[];

const EMPTY = { error: null, dac: null, buffer: null, xruns: 0 };
const slotOf = (houseUs: number): number => Math.floor(houseUs / EVERY_US);

function extend(trace: Trace, slot: number): Point {
  const last = trace[trace.length - 1];
  if (last && (slot < last.slot || slot - last.slot > POINTS)) trace.length = 0; // the house's clock was set anew
  for (let s = (trace[trace.length - 1]?.slot ?? slot - 1) + 1; s <= slot; s++) trace.push({ slot: s, ...EMPTY });
  trace.splice(0, Math.max(0, trace.length - POINTS));
  return trace[trace.length - 1] as Point;
}

const larger = (a: number | null, b: number): number => (a !== null && Math.abs(a) >= Math.abs(b) ? a : b);

/** Takes a report that was heard at this house time. Dropouts are the box's to count. */
export function take(trace: Trace, report: NonNullable<Member["report"]>, houseUs: number): void {
  const p = extend(trace, slotOf(houseUs));
  if (report.buffer_ms !== undefined) p.buffer = Math.min(p.buffer ?? Infinity, report.buffer_ms);
  if (report.playing !== "sound") return;
  if (report.error_us !== undefined) p.error = larger(p.error, report.error_us);
  if (report.peak_us !== undefined) p.error = larger(p.error, report.peak_us);
  if (report.dac_ppb !== undefined) p.dac = report.dac_ppb;
}

function figures(x: unknown): (number | null)[] {
  return Array.isArray(x) ? x.slice(-POINTS).map((v) => (isInt(v, Number.MIN_SAFE_INTEGER) ? v : null)) : [];
}

/** What GET /traces said, by kiosk. */
export function readTraces(x: Dict): Map<string, Trace> {
  const out = new Map<string, Trace>();
  if (!isInt(x.until) || x.every !== EVERY_US || !Array.isArray(x.kiosks)) return out;
  const last = slotOf(x.until);
  for (const k of x.kiosks) {
    if (!isDict(k) || typeof k.id !== "string") continue;
    const error = figures(k.error_us), dac = figures(k.dac_ppb), buffer = figures(k.buffer_ms), xruns = figures(k.xruns);
    out.set(k.id, error.map((e, i) => ({
      slot: last - error.length + 1 + i,
      error: e,
      dac: dac[i] ?? null,
      buffer: buffer[i] ?? null,
      xruns: xruns[i] ?? 0,
    })));
  }
  return out;
}

/** The limits of a plot that holds all values: round, and never so small that noise fills it. */
export function span(values: readonly number[], least: number): number {
  const most = Math.max(least, ...values.map(Math.abs));
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((k) => k * power).find((s) => s >= most) ?? most;
}
