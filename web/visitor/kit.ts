// SPDX-License-Identifier: Apache-2.0
// What one needs to know to go on alone, kept beside the tour itself (offline.ts).
import { keep, kept, phone } from "./kept";

const KEPT_KIT = "roomtone.offline";

export interface Kit {
  tour: string; // hash of its document
  group: string; // name
}

/** Pages may keep things only where they came over HTTPS. */
export const mayKeep = (): boolean => isSecureContext && "serviceWorker" in navigator && "caches" in window;

export function keepKit(kit: Kit): void {
  keep(phone, KEPT_KIT, JSON.stringify(kit));
}

export function keptKit(): Kit | null {
  try {
    const kit = JSON.parse(kept(phone, KEPT_KIT) ?? "null") as Partial<Kit> | null;
    if (typeof kit?.tour !== "string" || typeof kit.group !== "string") return null;
    return /^[0-9a-f]{64}$/.test(kit.tour) ? { tour: kit.tour, group: kit.group } : null;
  } catch {
    return null;
  }
}
