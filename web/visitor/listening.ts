// SPDX-License-Identifier: Apache-2.0
// Listening: the audio context that a tap unlocks, the anchor element that keeps the page alive, and
// the engine that plays. The session says what is to be heard; nothing here knows of joining.
//
//         tap          running            a call
//   off ------> starting -----> on <-----------------> interrupted
//                   \            ^  resumed, or a new   /
//          1.5 s     \           |  context at once    / the browser wants a hand
//                     '--------> blocked <------------'
//                                  any tap goes on
import { signal } from "@preact/signals";
import type { Tour } from "../common/tour";
import type { Report, State } from "../common/wire";
import { FIRST_GAIN } from "../common/level";
import type { Engine, Heard } from "../sound/engine";
import { makeAnchor } from "./anchor";
import * as media from "./media";
import { keepTrim, outputName, trimOf } from "./trims";

const BLOCKED_MS = 1500; // a context that has not begun by then waits for another tap
const SHOW_MS = 250; // how often the eye gets new figures
const RETRY_MS = 1000; // until the engine's script is asked for again
const RENEW_PAUSE_MS = 5000; // between two contexts built for a broken one
const TAPS = ["pointerup", "touchend", "keydown"]; // what browsers count as a hand

export type Sound = "off" | "starting" | "on" | "blocked" | "interrupted";

export interface Plan {
  state: State | null;
  tour: Tour | null;
  lang: string;
}

export type LoadEngine = (ctx: AudioContext, onTick: () => void) => Promise<Engine>;

export class Listening {
  readonly sound = signal<Sound>("off");
  readonly heard = signal<Heard | null>(null);
  readonly muted = signal(false);
  readonly volume = signal(FIRST_GAIN);
  readonly trimMs = signal(trimOf("") ?? 0);
  readonly noAudio = signal(false); // this browser gives no context at all

  private engine: Engine | null = null;
  private loading = false;
  private ctx: AudioContext | null = null;
  private tried = false; // by a tap on the button, since it ran: a context can be stuck, then another one
  private patientTo = 0; // a context may be silent so long before it is called blocked
  private renewedAt = -Infinity;
  private anchor: HTMLAudioElement | null = null;
  private plan: Plan = { state: null, tour: null, lang: "en" };
  private shownAt = 0;
  private output = ""; // its name, where the browser tells
  private hushed = false;

  constructor(
    private readonly loadEngine: LoadEngine,
    private readonly onTick: () => void,
  ) {
    const wake = (): void => this.wake();
    document.addEventListener("visibilitychange", wake);
    document.addEventListener("resume", wake);
    addEventListener("pageshow", wake);
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.outputChanged());
    for (const tap of TAPS) document.addEventListener(tap, () => this.tapped(), { capture: true, passive: true });
  }

  /** What to play. The core's timeline must be set to the same state. */
  setPlan(plan: Plan): void {
    this.plan = plan;
    this.engine?.setPlan(plan.state, plan.tour, plan.lang);
  }

  // --- unlocking ---

  /** Call in a tap: browsers give sound only to a hand. Nothing may be awaited before. */
  listen(): void {
    const is = this.sound.value;
    if (is !== "off" && this.ctx?.state === "running") return;
    if (this.tried && (is === "blocked" || is === "interrupted")) this.renew();
    else this.start();
    this.tried = true;
    media.setHandlers(
      () => {
        this.tapped(); // it counts as one
        this.setMuted(false);
      },
      () => this.setMuted(!this.muted.value),
    );
  }

  private start(): void {
    this.sound.value = "starting";
    this.patientTo = performance.now() + BLOCKED_MS;
    this.unlock();
    setTimeout(() => this.contextChanged(), BLOCKED_MS + 1);
  }

  /** All that needs the hand, in one breath: session type, context, resume, anchor. */
  private unlock(): void {
    const session = (navigator as { audioSession?: { type: string } }).audioSession;
    if (session) session.type = "playback"; // beats the silent switch, plays on when locked
    if (!this.ctx || this.ctx.state === "closed") this.makeContext();
    this.ctx?.resume().then(() => this.contextChanged(), () => undefined);
    this.anchor ??= makeAnchor();
    this.anchor.play().catch(() => undefined); // without it the sound may stop behind the lock
    void this.startEngine();
  }

  private makeContext(): void {
    this.noAudio.value = false;
    try {
      this.ctx = new AudioContext({ latencyHint: "balanced" });
    } catch {
      this.ctx = null; // no sound device, or too many contexts in this browser
      this.noAudio.value = true;
      return;
    }
    this.ctx.onstatechange = () => this.contextChanged();
    this.engine?.setContext(this.ctx);
    void this.outputChanged();
  }

  private async startEngine(): Promise<void> {
    if (this.engine || this.loading || !this.ctx) return;
    this.loading = true;
    const engine = await this.loadEngine(this.ctx, () => this.ticked()).catch(() => null);
    this.loading = false;
    if (!engine) return void setTimeout(() => void this.startEngine(), RETRY_MS); // its script did not arrive
    if (this.sound.value === "off" || !this.ctx) return engine.close();
    engine.setContext(this.ctx); // it may be another one by now
    this.engine = engine;
    engine.setTrim(this.trimMs.value);
    engine.setVolume(this.gain);
    this.setPlan(this.plan);
    this.contextChanged();
  }

  // --- staying awake ---

  private contextChanged(): void {
    if (this.sound.value === "off" || !this.ctx) return;
    const state = this.ctx.state as AudioContextState | "interrupted";
    if (state === "running") {
      this.tried = false;
      if (this.engine) this.sound.value = "on";
    } else if (state === "interrupted") this.sound.value = "interrupted";
    else if (this.sound.value !== "starting" || performance.now() >= this.patientTo) this.sound.value = "blocked";
  }

  /** The page is looked at again: most browsers let it go on without a tap. */
  private wake(): void {
    if (document.visibilityState !== "visible" || this.sound.value === "off" || !this.ctx) return;
    if (this.ctx.state !== "running") this.ctx.resume().then(() => this.contextChanged(), () => undefined);
    if (this.anchor?.paused) this.anchor.play().catch(() => undefined);
  }

  private tapped(): void {
    const { sound } = this;
    if (sound.value !== "off" && (this.ctx?.state !== "running" || this.anchor?.paused || !this.engine)) this.unlock();
  }

  /** A context that is broken, whatever it says: another one, at once where that is allowed. */
  private renew(): void {
    const now = performance.now();
    if (now - this.renewedAt < RENEW_PAUSE_MS) return;
    this.renewedAt = now;
    const old = this.ctx;
    this.ctx = null;
    if (old) {
      old.onstatechange = null;
      old.close().catch(() => undefined);
    }
    this.start();
  }

  private ticked(): void {
    const now = performance.now();
    if (this.engine?.broken) this.renew();
    this.onTick();
    if (!this.engine?.output.ready || document.hidden || now - this.shownAt < SHOW_MS) return;
    this.shownAt = now;
    this.heard.value = { ...this.engine.heard };
  }

  stop(): void {
    this.engine?.close();
    this.engine = null;
    this.anchor?.pause();
    this.ctx?.close().catch(() => undefined);
    this.ctx = null;
    this.sound.value = "off";
    this.heard.value = null;
  }

  // --- the visitor's own wishes ---

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    this.engine?.setVolume(this.gain);
  }

  setVolume(volume: number): void {
    this.volume.value = Math.max(0, Math.min(1, volume)); // never louder than the recording
    this.setMuted(false);
  }

  /** How much earlier to play than the browser's own figures say, ms. */
  setTrim(ms: number): void {
    this.trimMs.value = ms;
    this.engine?.setTrim(ms);
  }
  keepTrim(): void {
    keepTrim(this.output, this.trimMs.value);
  }
  get trimKept(): boolean {
    return trimOf(this.output) !== null;
  }

  /** Another output, another trim, where one is known; a strange one begins with what was. */
  private async outputChanged(): Promise<void> {
    this.output = await outputName(this.ctx);
    const known = trimOf(this.output);
    if (known !== null && known !== this.trimMs.value) this.setTrim(known);
  }

  /** Silences the tour for a while, whatever the visitor's wishes are. */
  hush(on: boolean): void {
    this.hushed = on;
    this.engine?.setVolume(this.gain);
  }

  private get gain(): number {
    return this.muted.value || this.hushed ? 0 : this.volume.value;
  }

  /** See Engine.knock. */
  knock(perf: number): boolean {
    return this.engine?.knock(perf) ?? false;
  }

  // --- what is heard ---

  /** As new as the engine has it; `heard` is what is shown. */
  get heardNow(): Heard | null {
    return this.engine?.heard ?? null;
  }
  get latencyMs(): number | null {
    return this.engine?.output.ready ? this.engine.output.latencyMs : null;
  }

  /** Silent all the same: the listener turned it off, or a call took it. */
  get quiet(): boolean {
    const is = this.sound.value;
    return is === "interrupted" || (is === "on" && (this.muted.value || !this.volume.value));
  }

  /** What a report says of the sound. */
  report(): Partial<Report> & Pick<Report, "playing"> {
    const { engine } = this;
    if (!engine || this.sound.value !== "on") return { playing: "silent" };
    const { playing, position, at, errorUs, bufferMs, xruns, jumps, prepUs, ready } = engine.heard;
    const report = { playing, buffer_ms: bufferMs, xruns, jumps, prep_us: prepUs, ...(ready && { ready }) };
    const dac = { dac_ppb: Math.round((engine.output.rate - 1) * 1e9) };
    if (position === undefined || at === undefined || errorUs === undefined) return { ...report, ...dac };
    return { ...report, ...dac, position, at, error_us: errorUs };
  }
}
