// SPDX-License-Identifier: Apache-2.0
// What this phone, and this tab, remember. Storage may be forbidden or full: it is a convenience,
// never a need. What could not be written is remembered for as long as the page lives.
import { signal } from "@preact/signals";

export const tab = (): Storage => sessionStorage;
export const phone = (): Storage => localStorage;

/** False when the last thing to keep could not be kept. */
export const keeps = signal(true);
const here = new Map<string, string>();

export function keep(storage: () => Storage, key: string, value: string | null): void {
  here.delete(key);
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, value);
    keeps.value = true;
  } catch {
    if (value === null) return;
    here.set(key, value);
    keeps.value = false;
  }
}

export function kept(storage: () => Storage, key: string): string | null {
  try {
    return here.get(key) ?? storage().getItem(key);
  } catch {
    return null;
  }
}
