// SPDX-License-Identifier: Apache-2.0
// Trims, remembered for each output that the browser names (a headset is late, the phone's own
// speaker is not); for the phone as a whole where it names none.
import { isDict, isInt } from "../common/wire";
import { keep, kept, phone } from "./kept";

const KEPT = "roomtone.trims";
const OUTPUTS_MAX = 12; // then the one set longest ago goes
const NAME_MAX = 80;

type Trims = Record<string, number>;

function read(): Trims {
  try {
    const x: unknown = JSON.parse(kept(phone, KEPT) ?? "{}");
    const good = isDict(x) ? Object.entries(x).filter(([, ms]) => isInt(ms, -500, 500)) : [];
    return Object.fromEntries(good) as Trims;
  } catch {
    return {};
  }
}

/** Null: never set for this output. */
export function trimOf(output: string): number | null {
  return read()[output] ?? null;
}

export function keepTrim(output: string, ms: number): void {
  const others = Object.entries(read()).filter(([name]) => name !== output);
  const newest = others.slice(1 - OUTPUTS_MAX);
  keep(phone, KEPT, JSON.stringify({ ...Object.fromEntries(newest), [output]: Math.round(ms) }));
}

/** Where the sound goes, in the browser's words; "" where it does not tell. */
export async function outputName(ctx: AudioContext | null): Promise<string> {
  const sink = (ctx as { sinkId?: unknown } | null)?.sinkId;
  const id = typeof sink === "string" && sink !== "" ? sink : "default";
  try {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const found = devices.find((d) => d.kind === "audiooutput" && d.deviceId === id);
    return (found?.label ?? "").slice(0, NAME_MAX);
  } catch {
    return ""; // plain HTTP, or an old browser
  }
}
