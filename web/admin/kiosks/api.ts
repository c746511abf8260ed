// SPDX-License-Identifier: Apache-2.0
// Kiosks over HTTP, as docs/PROTOCOL.md has them.
import { type Dict, isDict, isId, isInt, isText } from "../../common/wire";
import type { Channel, Output } from "../../common/wire_staff";
import { call } from "../api";
import { type Trace, readTraces } from "./trace";

export interface Kiosk {
  id: string;
  name: string;
  online: boolean;
  group: string;
  place?: string; // the group that staff put it in
  lastSeen: number; // house time, us
  trim: number; // us, positive: later
  gain: number; // tenths of a dB
  ceiling: number; // likewise
  mute: boolean;
  map: Output[]; // left, right
}
export type Change = Partial<{
  name: string;
  place: string;
  trim: number;
  gain: number;
  ceiling: number;
  mute: boolean;
  map: (Output | null)[];
}>;

const CHANNELS: readonly string[] = ["left", "right", "mono", "none"];

function readOutput(x: unknown): Output {
  if (!isDict(x) || !CHANNELS.includes(x.channel as string)) return { channel: "none" };
  return isText(x.lang, 16) && x.lang !== "" ? { channel: x.channel as Channel, lang: x.lang } : { channel: x.channel as Channel };
}

function readKiosk(x: unknown): Kiosk | null {
  if (!isDict(x) || !isText(x.id, 16) || !isText(x.name, 80)) return null;
  const least = Number.MIN_SAFE_INTEGER;
  if (!isInt(x.trim, least) || !isInt(x.gain, least) || !isInt(x.ceiling, least) || !isInt(x.last_seen)) return null;
  return {
    id: x.id,
    name: x.name || x.id,
    online: x.online === true,
    group: isId(x.group) ? x.group : "",
    ...(isId(x.place) ? { place: x.place } : {}),
    lastSeen: x.last_seen,
    trim: x.trim,
    gain: x.gain,
    ceiling: x.ceiling,
    mute: x.mute === true,
    map: (Array.isArray(x.map) ? x.map : []).map(readOutput),
  };
}

export async function list(): Promise<Kiosk[]> {
  const { kiosks } = await call("GET", "/kiosks");
  return (Array.isArray(kiosks) ? kiosks : []).map(readKiosk).filter((k): k is Kiosk => k !== null);
}

export async function traces(): Promise<Map<string, Trace>> {
  return readTraces(await call("GET", "/traces"));
}

export async function change(id: string, wanted: Change): Promise<Kiosk | null> {
  return readKiosk(await call("PATCH", `/kiosks/${id}`, wanted));
}

export const tone = (id: string): Promise<Dict> => call("POST", `/kiosks/${id}/tone`);
export const forget = (id: string): Promise<Dict> => call("DELETE", `/kiosks/${id}`);
