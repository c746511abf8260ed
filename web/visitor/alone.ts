// SPDX-License-Identifier: Apache-2.0
// Without the house: the visitor plays the stops that this phone has kept (offline.ts) at will. The
// phone's own time stands in for house time, and the states that a room would send are made here.
import { signal } from "@preact/signals";
import { type Core, NOW } from "../common/core";
import type { Tour } from "../common/tour";
import type { State } from "../common/wire";
import { type Kit, keptKit, mayKeep } from "./kit";

const ASK_LIMIT_MS = 4000;

/** The kit of this phone when the house does not answer; null: there is none, or no need. */
export async function kitToGoAlone(): Promise<Kit | null> {
  const kit = mayKeep() ? keptKit() : null;
  if (!kit) return null;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ASK_LIMIT_MS);
  try {
    return (await fetch("/healthz", { cache: "no-store", signal: limit.signal })).ok ? null : kit;
  } catch {
    return kit;
  } finally {
    clearTimeout(timer);
  }
}

interface Port {
  state(): State | null;
  tour(): Tour | null;
  apply(s: State): void;
}

export class Alone {
  readonly on = signal(false);

  constructor(
    private readonly core: Core,
    private readonly port: Port,
  ) {}

  begin(kit: Kit): void {
    this.core.alone = true;
    this.on.value = true;
    this.port.apply({
      group: "", epoch: 0, rev: 0, clock_epoch: this.core.epoch, tour: kit.tour,
      mode: "ready", cue: 0, dur: 0, vec: { p0: 0, t0: 0, rate: 0 },
    });
  }

  /** The house is back, or the visitor leaves. */
  end(): void {
    this.core.alone = false;
    this.on.value = false;
  }

  play(cue: number, p0 = 0): void {
    const state = this.port.state();
    const tour = this.port.tour();
    if (this.on.value && state && tour) this.port.apply(playAlone(state, tour, cue, p0, this.house));
  }

  pause(): void {
    const state = this.port.state();
    if (!this.on.value || state?.mode !== "running") return;
    this.port.apply(pauseAlone(state, this.core.position(NOW, this.house), this.house));
  }

  goOn(): void {
    const state = this.port.state();
    if (state) this.play(state.cue, state.mode === "held" ? state.vec.p0 : 0);
  }

  /** A stop that followed by itself becomes the one that is. */
  turn(): void {
    const next = this.on.value ? this.port.state()?.next : undefined;
    if (next && this.house >= next.at) this.play(next.cue, this.house - next.at);
  }

  private get house(): number {
    return this.core.house(performance.now());
  }
}

/** A stop from a position on, us, at once; the one behind it follows where the tour says so. */
export function playAlone(was: State, tour: Tour, cue: number, p0: number, house: number): State {
  const dur = tour.cues[cue]?.dur_us ?? 0;
  const now: State = { ...was, rev: was.rev + 1, mode: "running", cue, dur, vec: { p0, t0: house, rate: 1 } };
  delete now.next;
  const end = house + dur - p0 + (tour.cues[cue]?.gap_us ?? 0);
  const next = tour.cues[cue + 1];
  if (tour.cues[cue]?.on_end === "next" && next)
    now.next = { at: end, mode: "running", cue: cue + 1, dur: next.dur_us, vec: { p0: 0, t0: end, rate: 1 } };
  return now;
}

export function pauseAlone(was: State, position: number, house: number): State {
  const now: State = { ...was, rev: was.rev + 1, mode: "held", vec: { p0: position, t0: house, rate: 0 } };
  delete now.next;
  return now;
}
