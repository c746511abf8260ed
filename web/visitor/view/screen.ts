// SPDX-License-Identifier: Apache-2.0
// A screen that lies over the group's: the phone's own "back" closes it, and does not leave the page.
import { type Signal, signal } from "@preact/signals";

export const reading = signal(false); // the text of the stops
export const trimming = signal(false); // matching the sound by ear

const open = new Set<Signal<boolean>>();

addEventListener("popstate", () => {
  for (const screen of open) screen.value = false;
  open.clear();
});

export function openScreen(screen: Signal<boolean>): void {
  open.add(screen);
  screen.value = true;
  history.pushState(null, "");
  scrollTo(0, 0);
}

/** The group is gone: nobody comes back to what lay over it. */
export function closeScreens(): void {
  open.forEach(closeScreen);
}

export function closeScreen(screen: Signal<boolean>): void {
  if (open.has(screen)) history.back();
  else screen.value = false;
}
