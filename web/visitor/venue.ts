// SPDX-License-Identifier: Apache-2.0
// Whose house this is: its name, logo and colour, asked for when the page is up, and kept on the
// phone so that the next visit begins with them. Without an answer the page is in its own colours.
import { signal } from "@preact/signals";
import { type Rgb, colourText, readColour, readableOn } from "../common/colour";
import { isDict, isPicture, isText } from "../common/wire";
import { keep, kept, phone } from "./kept";

const KEPT = "roomtone.venue";

export interface Venue {
  name?: string;
  colour?: string;
  logo?: string;
}

// --ground and --raised of tokens.css and visitor.css: test/senses.test.ts holds them together.
export const DARK: readonly Rgb[] = [[0x10, 0x12, 0x16], [0x1a, 0x1e, 0x25]];
export const LIGHT: readonly Rgb[] = [[0xec, 0xe7, 0xdd], [0xf7, 0xf3, 0xea]];

export const venue = signal<Venue>({});

export function readVenue(x: unknown): Venue {
  const out: Venue = {};
  if (!isDict(x)) return out;
  if (isText(x.name, 80) && x.name !== "") out.name = x.name;
  if (readColour(x.colour)) out.colour = x.colour as string;
  if (isPicture(x.logo)) out.logo = x.logo;
  return out;
}

function show(v: Venue): void {
  venue.value = v;
  const { style } = document.documentElement;
  const colour = readColour(v.colour);
  for (const [name, grounds] of [["--venue-dark", DARK], ["--venue-light", LIGHT]] as const)
    if (colour) style.setProperty(name, colourText(readableOn(colour, grounds)));
    else style.removeProperty(name);
}

/** What was so at the last visit: before the first paint, so that nothing changes colour later. */
export function recallVenue(): void {
  try {
    show(readVenue(JSON.parse(kept(phone, KEPT) ?? "{}")));
  } catch {
    // somebody else's words
  }
}

export async function askVenue(): Promise<void> {
  const response = await fetch("/api/v1/venue").catch(() => null);
  if (!response?.ok) return;
  const v = readVenue(await response.json().catch(() => null));
  show(v);
  keep(phone, KEPT, JSON.stringify(v));
}
