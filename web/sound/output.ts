// SPDX-License-Identifier: Apache-2.0
// When does a frame leave the phone? The browser says now and then "context time c is leaving at
// performance time p" (getOutputTimestamp; WebKit's pair is another one, see below), shaking by some tenths
// of a millisecond. A straight line
// through the last minute of such pairs is the phone's output clock:
//
//   c - p │      .   . ___--'      slope: the sound card's ppm
//         │ . ___--'' .
//         │--' .                   ridge regression: a slope is believed as far as the
//         └──────────────── p      spread of the points in time carries it
//
// Units: context time in seconds, performance time in milliseconds.

const WINDOW_MS = 60_000;
const SAMPLES_MAX = 600;
// Ridge: noise of one pair 0.5 ms, crystals differ by some 50 ppm: (0.5 ms / 50e-6)^2 in ms^2.
const RIDGE = (0.5 / 50e-6) ** 2;
const SLOPE_LIMIT = 500e-6;
// The sound card stumbled, a headset was plugged in: the line broke when pairs stay away from it by
// far more than they shake. The line moves; its slope is the crystal's and stays.
const BREAK_MS = 2;
const BREAK_DEVIATIONS = 6;
const BREAK_COUNT = 4;
// WebKit (Safari, and every browser on an iPhone) says when a frame was rendered, not when it leaves: the whole
// latency is missing, 150 ms with some headsets, and until 2024 the context time was wrong as well. Chromium calls
// itself AppleWebKit/537.36 for ever, WebKit is at 605.
const RENDERED_ONLY = /AppleWebKit\/6/;
// There, and where the browser says outputLatency only, that is taken from currentTime. It shakes: followed slowly,
// unless it is another device.
const LATENCY_FOLLOW = 0.01; // of the difference, each sample (0.1 s)
const LATENCY_MOVED_S = 0.03;
// Where it says no outputLatency either (Safari before 18.4, old WebViews): about this much, by what other
// players found; baseLatency is the graph's part alone and no help. What is left is the visitor's trim.
const LATENCY_GUESS: [RegExp, number][] = [
  [/iPhone|iPad|iPod/, 0.04],
  [/Android/, 0.1],
  [/Macintosh/, 0.03],
];
const LATENCY_GUESS_S = 0.05;

export function latencyGuess(userAgent: string): number {
  return LATENCY_GUESS.find(([model]) => model.test(userAgent))?.[1] ?? LATENCY_GUESS_S;
}

export interface Pair {
  context: number;
  perf: number;
}

export class OutputClock {
  private points: { x: number; y: number }[] = [];
  private strange: number[] = []; // how far the newest pairs are off, while they stay off ...
  private held: { x: number; y: number }[] = []; // ... and these pairs
  private spread = 0; // mean distance of pairs from the line, ms
  private offset = 0; // ms, at `origin`
  private slope = 0;
  private origin = 0;
  private smoothed = 0; // outputLatency, s
  /** The newest pair the browser gave: what is being heard. */
  latest: Pair | null = null;
  /** How often the line broke. */
  breaks = 0;
  /** Latency the browser does not know of (Bluetooth), ms; by ear. Positive: sound comes later. */
  trimMs = 0;

  constructor(private readonly ctx: AudioContext) {}

  reset(): void {
    this.points = [];
    this.strange = [];
    this.held = [];
    this.latest = null;
  }

  get ready(): boolean {
    return this.points.length >= 2;
  }

  /** Context seconds per performance second. */
  get rate(): number {
    return 1 + this.slope;
  }

  /** Output latency as the page sees it, ms. */
  get latencyMs(): number {
    return (this.ctx.currentTime - this.contextAt(performance.now())) * 1000;
  }

  sample(): void {
    const pair = this.read();
    if (!pair || pair.context === this.latest?.context) return;
    this.latest = pair;
    this.add({ x: pair.perf, y: pair.context * 1000 - pair.perf });
  }

  /** Context time that is heard at a performance time. */
  contextAt(perf: number): number {
    const p = perf - this.trimMs;
    return (p + this.offset + this.slope * (p - this.origin)) / 1000;
  }

  /** Performance time at which a context time is heard. */
  perfAt(context: number): number {
    const y0 = this.offset - this.slope * this.origin;
    return (context * 1000 - y0) / (1 + this.slope) + this.trimMs;
  }

  private read(): Pair | null {
    const { ctx } = this;
    const now = performance.now();
    const current = ctx.currentTime;
    if (current <= 0) return null;
    const t = RENDERED_ONLY.test(globalThis.navigator?.userAgent) ? null : ctx.getOutputTimestamp?.();
    if (t?.contextTime && t.performanceTime) {
      // Believed when it speaks of the last second, and of sound that was rendered already.
      const heardNow = t.contextTime + (now - t.performanceTime) / 1000;
      if (Math.abs(now - t.performanceTime) < 1000 && heardNow < current + 0.1 && heardNow > current - 1)
        return { context: t.contextTime, perf: t.performanceTime };
    }
    return { context: current - this.latency(), perf: now };
  }

  private latency(): number {
    const said = this.ctx.outputLatency || 0;
    if (said <= 0) return latencyGuess(navigator.userAgent);
    if (!this.smoothed || Math.abs(said - this.smoothed) > LATENCY_MOVED_S) this.smoothed = said;
    this.smoothed += LATENCY_FOLLOW * (said - this.smoothed);
    return this.smoothed;
  }

  private add(p: { x: number; y: number }): void {
    const off = p.y - (this.offset + this.slope * (p.x - this.origin));
    const limit = Math.max(BREAK_MS, BREAK_DEVIATIONS * this.spread);
    if (this.points.length >= BREAK_COUNT && Math.abs(off) > limit) {
      this.strange.push(off);
      this.held.push(p);
      if (this.strange.length < BREAK_COUNT) return;
      const move = [...this.strange].sort((a, b) => a - b)[BREAK_COUNT >> 1] as number;
      for (const old of this.points) old.y += move;
      this.breaks++;
      this.points.push(...this.held);
    } else {
      this.points.push(p);
      this.spread += 0.05 * (Math.abs(off) - this.spread);
      if (this.points.length <= BREAK_COUNT) this.spread = 0;
    }
    this.strange = [];
    this.held = [];
    while (this.points.length > SAMPLES_MAX || p.x - (this.points[0]?.x ?? p.x) > WINDOW_MS)
      this.points.shift();
    this.fit();
  }

  private fit(): void {
    const n = this.points.length;
    let mx = 0;
    let my = 0;
    for (const p of this.points) {
      mx += p.x / n;
      my += p.y / n;
    }
    let sxx = 0;
    let sxy = 0;
    for (const p of this.points) {
      sxx += (p.x - mx) ** 2;
      sxy += (p.x - mx) * (p.y - my);
    }
    this.slope = Math.max(-SLOPE_LIMIT, Math.min(SLOPE_LIMIT, sxy / (sxx + RIDGE)));
    this.offset = my;
    this.origin = mx;
  }
}
