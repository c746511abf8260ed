// SPDX-License-Identifier: Apache-2.0
// What this phone, and this tab, remember. Storage may be forbidden or full: it is a convenience,
// never a need.
export const tab = (): Storage => sessionStorage;
export const phone = (): Storage => localStorage;

export function keep(storage: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    // lives without
  }
}

export function kept(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}
