// SPDX-License-Identifier: Apache-2.0
// Listening: the audio context that a tap unlocks, the anchor element that keeps the page alive, and
// the engine that plays. The session says what is to be heard; nothing here knows of joining.
import { signal } from "@preact/signals";
import type { Tour } from "../common/tour";
import type { Report, State } from "../common/wire";
import type { Engine, Heard } from "../sound/engine";
import { makeAnchor } from "./anchor";
import { keep, kept, phone } from "./kept";
import * as media from "./media";

const BLOCKED_MS = 1500; // a context that has not begun by then waits for another tap
const SHOW_MS = 250; // how often the eye gets new figures
const KEPT_TRIM = "roomtone.trim";

export type Sound = "off" | "starting" | "on" | "blocked";

export interface Plan {
  state: State | null;
  tour: Tour | null;
  lang: string;
}

export class Listening {
  readonly sound = signal<Sound>("off");
  readonly heard = signal<Heard | null>(null);
  readonly muted = signal(false);
  readonly volume = signal(1);
  readonly trimMs = signal(Number(kept(phone, KEPT_TRIM) ?? 0) || 0);

  private engine: Engine | null = null;
  private ctx: AudioContext | null = null;
  private anchor: HTMLAudioElement | null = null;
  private plan: Plan = { state: null, tour: null, lang: "en" };
  private shownAt = 0;

  constructor(
    private readonly loadEngine: (ctx: AudioContext, onTick: () => void) => Promise<Engine>,
  ) {
    const wake = (): void => void this.wake();
    document.addEventListener("visibilitychange", wake);
    addEventListener("pageshow", wake);
  }

  /** What to play. The core's timeline must be set to the same state. */
  setPlan(plan: Plan): void {
    this.plan = plan;
    this.engine?.setPlan(plan.state, plan.tour, plan.lang);
  }

  /** Call in a tap: browsers give sound only to a hand. Nothing may be awaited before. */
  listen(): void {
    if (this.sound.value === "on" || this.sound.value === "starting") return;
    const session = (navigator as { audioSession?: { type: string } }).audioSession;
    if (session) session.type = "playback"; // beats the silent switch, plays on when locked
    this.ctx ??= new AudioContext({ latencyHint: "balanced" });
    const { ctx } = this;
    const resumed = ctx.resume();
    this.anchor ??= makeAnchor();
    this.anchor.play().catch(() => undefined); // without it the sound may stop behind the lock
    this.sound.value = "starting";
    ctx.onstatechange = () => this.contextChanged();
    media.setHandlers((muted) => this.setMuted(muted));
    void resumed.then(() => this.startEngine(ctx));
    setTimeout(() => {
      if (this.sound.value === "starting" && ctx.state !== "running") this.sound.value = "blocked";
    }, BLOCKED_MS);
  }

  private async startEngine(ctx: AudioContext): Promise<void> {
    if (!this.engine) {
      const engine = await this.loadEngine(ctx, () => this.ticked());
      if (ctx !== this.ctx || this.engine) return engine.close();
      this.engine = engine;
      engine.output.trimMs = this.trimMs.value;
      engine.setVolume(this.muted.value ? 0 : this.volume.value);
    }
    this.setPlan(this.plan);
    this.contextChanged();
  }

  private contextChanged(): void {
    if (this.sound.value === "off" || !this.engine) return;
    this.sound.value = this.ctx?.state === "running" ? "on" : "blocked";
  }

  private async wake(): Promise<void> {
    if (document.visibilityState !== "visible" || !this.ctx || this.ctx.state === "running") return;
    await this.ctx.resume().catch(() => undefined);
    this.contextChanged();
  }

  stop(): void {
    this.engine?.close();
    this.engine = null;
    this.anchor?.pause();
    void this.ctx?.close();
    this.ctx = null;
    this.sound.value = "off";
    this.heard.value = null;
  }

  private ticked(): void {
    const now = performance.now();
    if (!this.engine || document.hidden || now - this.shownAt < SHOW_MS) return;
    this.shownAt = now;
    this.heard.value = { ...this.engine.heard };
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    this.engine?.setVolume(muted ? 0 : this.volume.value);
    media.setPlaybackState(muted);
  }

  setVolume(volume: number): void {
    this.volume.value = volume;
    this.setMuted(false);
  }

  /** How much earlier to play than the browser's own figures say, ms. */
  setTrim(ms: number): void {
    this.trimMs.value = ms;
    this.engine?.setTrim(ms);
  }
  keepTrim(): void {
    keep(phone, KEPT_TRIM, String(this.trimMs.value));
  }
  get trimKept(): boolean {
    return kept(phone, KEPT_TRIM) !== null;
  }

  /** As new as the engine has it; `heard` is what is shown. */
  get heardNow(): Heard | null {
    return this.engine?.heard ?? null;
  }
  get latencyMs(): number | null {
    return this.engine?.output.ready ? this.engine.output.latencyMs : null;
  }

  /** What a report says of the sound. */
  report(): Partial<Report> & Pick<Report, "playing"> {
    const { engine } = this;
    if (!engine || this.sound.value !== "on") return { playing: "silent" };
    const { playing, position, at, errorUs, bufferMs, xruns, jumps, prepUs } = engine.heard;
    const report = { playing, buffer_ms: bufferMs, xruns, jumps, prep_us: prepUs };
    const dac = { dac_ppb: Math.round((engine.output.rate - 1) * 1e9) };
    if (position === undefined || at === undefined || errorUs === undefined) return { ...report, ...dac };
    return { ...report, ...dac, position, at, error_us: errorUs };
  }
}
