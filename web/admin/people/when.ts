// SPDX-License-Identifier: Apache-2.0
// When something was, in words. House time is all that is sure; how long ago is what people want.
import { signal } from "@preact/signals";

/** House time now, us, as far as the page knows; kept by whoever has a clock. */
export const houseNow = signal<number | null>(null);

export function ago(us: number): string {
  if (houseNow.value === null) return "";
  const s = Math.max(0, (houseNow.value - us) / 1e6);
  if (s < 90) return "just now";
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  if (s < 172_800) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86_400)} days ago`;
}

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** By the wall clock where it could be trusted, else by how long ago it was. */
export const when = (at: number, wall?: number): string => (wall ? FULL.format(new Date(wall / 1000)) : `${ago(at)} (the clock was not set)`);
