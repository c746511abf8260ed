// SPDX-License-Identifier: Apache-2.0
// The sections of the page, in the order of its rail, and who sees each. A section lives in a folder of
// its own; `#tours/weavers` is the section "tours", which reads the rest itself.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { Now } from "./now/now";
import { type Props, later } from "./later";

export type Role = "viewer" | "guide" | "curator" | "admin";

export interface Section {
  id: string;
  title: string;
  from: Role; // this role and those above it
  View: ComponentType<Props>;
  aside?: boolean; // not on the rail
}

const RANKS: readonly Role[] = ["viewer", "guide", "curator", "admin"];

/** Whether someone of `role` may do what is for `from` and above. */
export function may(role: string | undefined, from: Role): boolean {
  return RANKS.indexOf(role as Role) >= RANKS.indexOf(from);
}

export const SECTIONS: readonly Section[] = [
  { id: "now", title: "Now", from: "viewer", View: Now },
  { id: "groups", title: "Groups", from: "viewer", View: later(() => import("./groups/groups").then((m) => m.Groups)) },
  { id: "tours", title: "Tours", from: "viewer", View: later(() => import("./tours/tours").then((m) => m.Tours)) },
  { id: "library", title: "Library", from: "curator", View: later(() => import("./library/library").then((m) => m.Library)) },
  { id: "kiosks", title: "Kiosks", from: "viewer", View: later(() => import("./kiosks/kiosks").then((m) => m.Kiosks)) },
  { id: "posters", title: "Posters", from: "curator", View: later(() => import("./posters/posters").then((m) => m.Posters)) },
  { id: "house", title: "House", from: "curator", View: later(() => import("./house/house").then((m) => m.House)) },
  { id: "people", title: "People", from: "viewer", View: later(() => import("./people/people").then((m) => m.People)) },
  { id: "setup", title: "Set-up", from: "admin", aside: true, View: later(() => import("./setup/setup").then((m) => m.Setup)) },
];

/** The address behind the "#", in parts: the section, then what the section makes of it. */
export const place = signal<readonly string[]>(read());

function read(): string[] {
  const parts = location.hash.slice(1).split("/").map(decode);
  return parts[0] ? parts : ["now"];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place, for links and for location.hash. */
export const address = (...parts: string[]): string => `#${parts.map(encodeURIComponent).join("/")}`;

addEventListener("hashchange", () => (place.value = read()));
