// SPDX-License-Identifier: Apache-2.0
// Keeps the screen on while somebody reads along, where the browser lets a page ask for that (HTTPS).
// A page that is hidden loses the lock; it is taken again when the page is back.
import { useEffect } from "preact/hooks";

let wanted = false;
let lock: WakeLockSentinel | null = null;
let asking = false;

/** For as long as the component that says so is shown. */
export function useScreenOn(): void {
  useEffect(() => {
    keepScreenOn(true);
    return () => keepScreenOn(false);
  }, []);
}

function keepScreenOn(on: boolean): void {
  wanted = on;
  void settle();
}

async function settle(): Promise<void> {
  if (asking || !("wakeLock" in navigator)) return;
  asking = true;
  let was;
  do {
    was = wanted;
    try {
      if (wanted && (!lock || lock.released) && !document.hidden) lock = await navigator.wakeLock.request("screen");
      if (!wanted && lock) {
        await lock.release();
        lock = null;
      }
    } catch {
      // a low battery may forbid it: the screen goes dark as it always does
    }
  } while (was !== wanted); // meanwhile
  asking = false;
}

document.addEventListener("visibilitychange", () => void settle());
