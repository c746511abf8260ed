// SPDX-License-Identifier: Apache-2.0
// Keeps the screen on while somebody reads along, where the browser lets a page ask for that (HTTPS).
// A page that is hidden loses the lock; it is taken again when the page is back.

let wanted = false;
let lock: WakeLockSentinel | null = null;
let asking = false;

export function keepScreenOn(on: boolean): void {
  wanted = on;
  void settle();
}

async function settle(): Promise<void> {
  if (asking || !("wakeLock" in navigator)) return;
  asking = true;
  try {
    if (wanted && (!lock || lock.released) && !document.hidden) lock = await navigator.wakeLock.request("screen");
    if (!wanted && lock) {
      await lock.release();
      lock = null;
    }
  } catch {
    // a low battery may forbid it: the screen goes dark as it always does
  } finally {
    asking = false;
  }
}

document.addEventListener("visibilitychange", () => void settle());
