// SPDX-License-Identifier: Apache-2.0
// Hearing a tour in the editor, through one <audio> of the page: a part of a cue, or from a cue on, with the
// silence and the fades between cues as a group would have them (to a few hundredths of a second, not to the sample).
import { signal } from "@preact/signals";
import type { Draft, DraftCue, Track, TrackVariant } from "./api";

export interface Playing {
  cue: string; // id
  at_us: number;
  state: "plays" | "gap" | "waits";
}

export class Preview {
  readonly now = signal<Playing | null>(null);
  lang = "";
  private readonly audio = new Audio();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private turn = 0;
  private until_us = Infinity;
  private goesOn = false;
  private cue: DraftCue | null = null;
  private dur_us = 0;

  constructor(
    private readonly tour: () => Draft,
    private readonly tracks: () => Map<string, Track>,
  ) {
    this.audio.preload = "none";
    this.audio.addEventListener("ended", () => this.ended());
    this.audio.addEventListener("error", () => this.stop());
  }

  /** A part of a cue, then silence. */
  part(cue: DraftCue, from_us: number, to_us: number): void {
    this.goesOn = false;
    this.begin(cue, from_us, to_us);
  }

  /** From a cue on, as a group would hear it. */
  from(cue: DraftCue, at_us = 0): void {
    this.goesOn = true;
    this.begin(cue, at_us, Infinity);
  }

  /** Past a cue that waits for the guide. */
  goOn(): void {
    const next = this.next();
    if (next) this.from(next);
  }

  stop(): void {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.turn);
    this.audio.pause();
    this.cue = null;
    this.now.value = null;
  }

  variant(cue: DraftCue): TrackVariant | undefined {
    const variants = this.tracks().get(cue.track)?.variants ?? [];
    return variants.find((v) => v.lang === this.lang) ?? variants[0];
  }

  private begin(cue: DraftCue, from_us: number, until_us: number): void {
    const variant = this.variant(cue);
    this.stop();
    if (!variant) return;
    this.cue = cue;
    this.until_us = until_us;
    this.dur_us = this.tracks().get(cue.track)?.dur_us ?? variant.dur_us;
    const address = new URL(`/content/${variant.opus}.opus`, location.href).href;
    if (this.audio.src !== address) this.audio.src = address;
    this.audio.currentTime = from_us / 1e6;
    this.now.value = { cue: cue.id, at_us: from_us, state: "plays" };
    this.audio.play().then(
      () => this.look(),
      () => this.stop(),
    );
  }

  private look(): void {
    const { cue } = this;
    if (!cue || this.audio.paused) return;
    const at = this.audio.currentTime * 1e6;
    this.audio.volume = gain(cue, this.dur_us, at);
    this.now.value = { cue: cue.id, at_us: at, state: "plays" };
    if (at >= this.until_us) return this.stop();
    this.turn = requestAnimationFrame(() => this.look());
  }

  private next(): DraftCue | undefined {
    const { cues } = this.tour();
    return cues[cues.findIndex((c) => c.id === this.now.value?.cue) + 1];
  }

  private ended(): void {
    const cue = this.tour().cues.find((c) => c.id === this.cue?.id);
    const next = cue?.on_end === "loop" ? cue : this.next();
    if (!cue || !next || !this.goesOn || cue.on_end === "stop") return this.stop();
    const waits = cue.on_end === "wait";
    this.now.value = { cue: cue.id, at_us: this.dur_us, state: waits ? "waits" : "gap" };
    if (!waits) this.timer = setTimeout(() => this.from(next), cue.gap_us / 1000);
  }
}

/** Of a cue's fades, at a position. */
export function gain(cue: DraftCue, dur_us: number, at_us: number): number {
  const ramp = (us: number, of: number): number => {
    const t = of > 0 ? Math.min(1, Math.max(0, us / of)) : 1;
    return t * t * (3 - 2 * t);
  };
  return ramp(at_us, cue.fade_in_us) * ramp(dur_us - at_us, cue.fade_out_us);
}
