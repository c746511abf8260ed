// SPDX-License-Identifier: Apache-2.0
// Is the worker alive? It ticks every 100 ms; looked at every LOOK_MS. One without a tick for so many looks died, or
// the browser ended it. One that never ticked is still on its way: 70 KB that fifty phones may want at once.
//
// A page that stood still itself looks once, and finds the ticks waiting.

export const LOOK_MS = 250;
const MISSES = 4;
const COMING = 40; // 10 s; twice as many for each that did not come, as a script that is ended begins anew ...
const COMING_MAX = 320; // ... up to 80 s

export class Pulse {
  private misses = 0;
  private coming = COMING;
  private limit = COMING;

  ticked(): void {
    this.misses = 0;
    this.coming = COMING;
    this.limit = MISSES;
  }

  /** It will never tick: another one soon, not at once. */
  failed(): void {
    this.limit = Math.min(this.limit, this.misses + MISSES);
  }

  /** True: another worker is due, and counted from now. */
  look(): boolean {
    if (++this.misses < this.limit) return false;
    this.misses = 0;
    if (this.limit === this.coming) this.coming = Math.min(COMING_MAX, 2 * this.coming);
    this.limit = this.coming;
    return true;
  }
}
