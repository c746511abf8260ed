// SPDX-License-Identifier: Apache-2.0
// Watches an audio context that calls itself running. Phones break theirs in two ways that no event
// tells of: after a call its time stands still, and after a change of headset it runs at another
// sample rate than it says (44.1 for 48 kHz: 9 % off). Both end only with a new context.
//
// Times: `now` is performance.now() in ms, `current` the context's time in seconds.

const STANDS_MS = 500; // a card that stumbles is back sooner; not so an iPhone that changes its headset,
const STANDS_PHONE_MS = 2000; // where another context needs a hand (an iPhone has audio sessions)
const GAP_MS = 400; // between two looks: the page itself stood still, and nothing can be said
const RACE_MS = 5000;
const RACE = 0.05; // crystals are a thousand times better
const RACE_COUNT = 2; // ... and a busy machine is slow for once
const FRESH_MS = 500; // a context needs this to begin

export type Verdict = "well" | "stands" | "races";

export class Watch {
  private readonly standsMs = "audioSession" in (globalThis.navigator ?? {}) ? STANDS_PHONE_MS : STANDS_MS;
  private first: { now: number; current: number } | null = null;
  private last = { now: 0, current: 0 };
  private movedAt = 0;
  private strange = 0; // windows in a row at another pace

  look(now: number, current: number, running: boolean): Verdict {
    if (!running || !this.first || now - this.last.now > GAP_MS) {
      this.first = running ? { now, current } : null;
      this.last = { now, current };
      this.movedAt = now;
      this.strange = 0;
      return "well";
    }
    if (current !== this.last.current) this.movedAt = now;
    this.last = { now, current };
    const stood = now - this.movedAt;
    if (stood > this.standsMs + (current === 0 ? FRESH_MS : 0)) return "stands";
    const seen = now - this.first.now;
    if (seen < RACE_MS) return "well";
    const pace = ((current - this.first.current) * 1000) / seen;
    this.first = { now, current };
    this.strange = Math.abs(pace - 1) > RACE ? this.strange + 1 : 0;
    return this.strange >= RACE_COUNT ? "races" : "well";
  }
}
