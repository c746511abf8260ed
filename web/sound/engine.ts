// SPDX-License-Identifier: Apache-2.0
// The engine: makes the phone sound what the room's timeline says, and knows what is heard.
//
//   state + tour + language --> segments wanted (what, from when, to when, in house time)
//   segments wanted <-------> runs (run.ts), opened, begun, ended; one per segment and variant
//   heard = slot that sounds at the browser's output timestamp; error = heard - timeline
//
// Clocks: house time <-> performance time by the core (C), performance time <-> context time by
// output.ts. Everything runs on the worker's tick, which locked screens do not slow down.
import { type Core, NEXT, NOW, type Which } from "../common/core";
import type { Tour } from "../common/tour";
import type { Part, Playing, State } from "../common/wire";
import { knock } from "./knock";
import { HEAD_MS } from "./ahead";
import { type Coming, comingOf, sourceOf } from "./coming";
import type { Failure, FromWorker, ToWorker } from "./messages";
import { OutputClock } from "./output";
import { LOOK_MS, Pulse } from "./pulse";
import { Run } from "./run";
import type { Source } from "./stream";
import { Watch } from "./watch";

const HORIZON_S = 1.5;
const HORIZON_HIDDEN_S = 12; // decoded ahead: 4.6 MB of stereo
// From a decision to its first frame: the worker's work. Doubled when that was too little, as on a
// phone that is busy starting up; crept back when all goes well.
const LEAD_S = 0.12;
const LEAD_MAX_S = 1;
const LEAD_CREEP = 0.8;
const OPEN_AHEAD_US = 10e6;
const DOUBT_MAX_S = 0.01; // beyond that it is an echo, whoever is right
const JUMPS_PER_MINUTE = 6; // then better a little late than broken up
const RETRY_MS = 1000;
const FADE_FIRST_S = 0.3;
const FADE_LATE_S = 0.05;
const FADE_EXACT_S = 0.005;

interface Segment {
  which: Which;
  line: string; // which sound at which house time: equal lines sound equal
  voice: string; // the file
  source: Source;
  start: number; // house time
  end: number;
}

interface Entry {
  id: number;
  segment: Segment;
  run: Run;
  phase: "opening" | "ready" | "playing" | "ending";
  replaced: boolean; // a successor on the same line is on its way
}

export interface Heard {
  playing: Playing;
  position?: number; // us
  at?: number; // house time, us
  perf?: number; // the same instant on this page's clock (performance.now), ms
  errorUs?: number;
  bufferMs: number;
  xruns: number;
  jumps: number;
  breaks: number; // of the sound card's own time
  workers: number; // that were started anew
  prepUs: number;
  scheduledS: number; // of it, given to the sound card's own time
  heldS: number; // seconds of this track still in hand, decoded or not
  ready: boolean; // what would sound upon "play" is in hand, or sounds
  waitS: number; // for how long there should have been sound and was none to play
  failed: "" | Failure; // "": all well
  runs: string; // phases of the open runs, oldest first
}

export class Engine {
  output!: OutputClock;
  /** The context broke, whatever it says of itself: another one is needed. */
  broken = false;
  heard: Heard = {
    playing: "silent", bufferMs: 0, xruns: 0, jumps: 0, breaks: 0, workers: 0, prepUs: 0, scheduledS: 0, heldS: 0, ready: false, waitS: 0, failed: "", runs: "",
  };
  private ctx!: AudioContext;
  private rate = 0; // of the context when it came, Hz
  private watch!: Watch;
  private readonly pulse = new Pulse();
  private readonly looks: ReturnType<typeof setInterval>;
  private master!: GainNode;
  private worker!: Worker;
  private volume = 1;
  private state: State | null = null;
  private tour: Tour | null = null;
  private lang = "";
  private entries: Entry[] = [];
  private nextId = 1;
  private first = true;
  private wasRunning = false;
  private retryAt = 0;
  private lead = LEAD_S;
  private jumpTimes: number[] = [];
  private coming: Coming | null = null;
  private headMs = 0; // of it, in hand
  private waitSince: number | null = null; // performance time

  constructor(
    ctx: AudioContext,
    private readonly core: Core,
    private readonly makeWorker: () => Worker,
    private readonly onTick: () => void,
  ) {
    this.setContext(ctx);
    this.setWorker();
    // The ticks are the worker's: without them nobody else would notice that it is gone.
    this.looks = setInterval(() => this.pulse.look() && this.renewWorker(), LOOK_MS);
  }

  /** Goes on in another context: the old one broke. What was fetched stays. */
  setContext(ctx: AudioContext): void {
    if (ctx === this.ctx) return;
    for (const e of [...this.entries]) this.drop(e);
    const trimMs = this.output?.trimMs ?? 0;
    this.ctx = ctx;
    this.rate = ctx.sampleRate;
    this.watch = new Watch();
    this.broken = false;
    this.output = new OutputClock(ctx);
    this.output.trimMs = trimMs;
    this.master = ctx.createGain();
    this.master.gain.value = this.volume;
    this.master.connect(ctx.destination);
    this.first = true;
    this.wasRunning = false;
    this.heard.playing = "silent"; // what was heard is over
  }

  /** The worker died: what is scheduled sounds on, and another one carries on behind it. */
  private renewWorker(): void {
    this.worker.terminate();
    this.heard.workers++;
    if (this.heard.failed === "worker") this.heard.failed = "";
    for (const e of [...this.entries])
      if (e.phase === "playing") e.replaced = true;
      else this.drop(e);
    this.setWorker();
    this.tellComing();
  }

  private setWorker(): void {
    const worker = this.makeWorker();
    this.worker = worker;
    worker.onmessage = (e: MessageEvent<FromWorker>) => this.take(e.data);
    worker.onerror = () => {
      if (worker !== this.worker) return;
      this.heard.failed = "worker";
      this.pulse.failed();
    };
  }

  /** What to play. The core's timeline must be set to the same state. */
  setPlan(state: State | null, tour: Tour | null, lang: string): void {
    this.state = state;
    this.tour = tour;
    this.lang = lang;
    this.tellComing();
    this.tick();
  }

  setVolume(gain: number): void {
    this.volume = gain;
    this.master.gain.setTargetAtTime(gain, this.ctx.currentTime, 0.03);
  }

  setTrim(ms: number): void {
    this.output.trimMs = ms;
    for (const e of this.entries) e.replaced = true;
  }

  /** A knock beside the tour's sound, heard at a time of performance.now() when the trim is right.
      False when that is too soon, or nobody can say. */
  knock(perf: number): boolean {
    const at = this.output.contextAt(perf);
    if (!this.output.ready || at <= this.ctx.currentTime) return false;
    knock(this.ctx, at);
    return true;
  }

  close(): void {
    for (const e of [...this.entries]) this.drop(e);
    clearInterval(this.looks);
    this.worker.terminate();
  }

  // --- the turn ---

  private tick(): void {
    const running = this.ctx.state === "running";
    const verdict = this.watch.look(performance.now(), this.ctx.currentTime, running);
    this.broken = verdict !== "well" || this.ctx.sampleRate !== this.rate;
    if (running !== this.wasRunning) {
      // The context stood still (a call, a tap awaited): whatever was scheduled is elsewhere now.
      this.wasRunning = running;
      this.output.reset();
      for (const e of [...this.entries]) this.drop(e);
    }
    if (running) {
      const breaks = this.output.breaks;
      this.output.sample();
      if (this.output.breaks > breaks) for (const e of this.entries) e.run.stumble();
      const wanted = this.output.ready ? this.wanted() : null;
      if (wanted) this.reconcile(wanted);
      for (const e of [...this.entries]) this.advance(e);
    }
    this.measure();
    const now = performance.now();
    this.waitSince = this.heard.playing === "fetching" ? (this.waitSince ?? now) : null;
    this.heard.waitS = (now - (this.waitSince ?? now)) / 1000;
    this.onTick();
  }

  /** Null while nobody can say: keep what sounds. */
  private wanted(): Segment[] | null {
    const { state, tour, core } = this;
    if (!state || !core.valid || core.epoch !== state.clock_epoch) return null;
    if (!tour) return state.vec.rate === 0 && !state.next?.vec.rate ? [] : null;
    const change = state.next ? state.next.at : Infinity;
    const out: Segment[] = [];
    this.addSegment(out, NOW, state, -Infinity, change, tour);
    if (state.next) this.addSegment(out, NEXT, state.next, change, Infinity, tour);
    return out;
  }

  private addSegment(out: Segment[], which: Which, part: Part, from: number, to: number, tour: Tour): void {
    const cue = part.cue >= 0 ? tour.cues[part.cue] : undefined;
    const start = Math.max(from, part.vec.t0);
    const end = Math.min(to, this.core.end(which));
    if (!cue || part.vec.rate === 0 || end <= start || end < this.core.house(performance.now())) return;
    const line = this.lineOf(which);
    const before = out.find((s) => s.line === line);
    if (before) {
      before.end = end; // the change changes nothing
      return;
    }
    const source = sourceOf(cue, this.lang);
    out.push({ which, line, voice: source.opus, source, start, end });
  }

  private tellComing(): void {
    this.coming = comingOf(this.state, this.tour, this.lang);
    this.headMs = 0;
    this.post({ do: "coming", coming: this.coming });
  }

  private lineOf(which: Which): string {
    // By the cue's own name, so that what sounds goes on when another edition of the tour numbers it anew.
    const part = which === NEXT ? this.state?.next : this.state;
    return part ? `${this.tour?.cues[part.cue]?.id ?? part.cue}/${part.vec.p0 - part.vec.t0}` : "";
  }

  private reconcile(wanted: Segment[]): void {
    for (const segment of wanted) {
      const line = this.entries.filter((e) => e.segment.line === segment.line);
      for (const e of line) {
        e.segment = { ...segment, voice: e.segment.voice, source: e.segment.source };
        if (e.phase === "playing" && !e.replaced) this.endAt(e, segment.end);
      }
      const good = line.find((e) => e.segment.voice === segment.voice && !e.replaced);
      for (const e of line) {
        if (e === good) continue;
        e.replaced = true;
        if (e.phase !== "playing") this.drop(e);
      }
      const due = segment.start - this.core.house(performance.now()) < OPEN_AHEAD_US;
      if (!good && due && performance.now() >= this.retryAt) this.open(segment);
    }
    for (const e of [...this.entries]) {
      if (wanted.some((s) => s.line === e.segment.line)) continue;
      if (e.phase === "opening" || e.phase === "ready") this.drop(e);
      else e.run.end(this.ctx.currentTime, FADE_LATE_S);
      e.phase = "ending"; // the timeline knows it no more: nothing to steer by
    }
  }

  private open(segment: Segment): void {
    const id = this.nextId++;
    const run = new Run(this.ctx, this.master, {
      render: (n, step) => this.post({ do: "render", run: id, n, step }),
      wanted: (context) => this.wantedFrame(entry.segment, context),
      baseStep: () => this.baseStep(),
    });
    const entry: Entry = { id, segment, run, phase: "opening", replaced: false };
    this.entries.push(entry);
    const near = this.wantedFrame(segment, this.ctx.currentTime + this.lead);
    this.post({ do: "open", run: id, source: segment.source, near, rate: this.ctx.sampleRate });
  }

  private advance(e: Entry): void {
    if (e.phase === "ready") this.begin(e);
    if (e.run.over) return this.drop(e);
    if (e.phase !== "playing") return;
    e.run.tidy();
    const error = e.run.fill(document.visibilityState === "hidden" ? HORIZON_HIDDEN_S : HORIZON_S);
    if (e.replaced) return;
    if (e.run.starved) this.starve(e);
    else if (Math.abs(error) > Math.max(e.run.tolerance, this.doubt())) this.jump(e);
  }

  private begin(e: Entry): void {
    const { ctx, output, core } = this;
    const due = output.contextAt(core.local(e.segment.start));
    const soonest = ctx.currentTime + this.lead;
    const exact = due >= soonest;
    if (exact && due > ctx.currentTime + HORIZON_S) return;
    const frame = Math.ceil((exact ? due : soonest) * ctx.sampleRate);
    this.lead = Math.max(LEAD_S, this.lead * LEAD_CREEP);
    const fade = this.first ? FADE_FIRST_S : exact ? FADE_EXACT_S : FADE_LATE_S;
    this.first = false;
    e.phase = "playing";
    this.post({ do: "seek", run: e.id, frame: e.run.begin(frame, fade) });
    this.endAt(e, e.segment.end);
    for (const old of this.entries)
      if (old !== e && old.segment.line === e.segment.line && old.phase === "playing")
        old.run.end(frame / ctx.sampleRate + fade, fade);
  }

  private endAt(e: Entry, house: number): void {
    e.run.end(this.output.contextAt(this.core.local(house)), FADE_EXACT_S);
  }

  private starve(e: Entry): void {
    this.heard.xruns++;
    this.lead = Math.min(LEAD_MAX_S, this.lead * 2);
    this.first = true; // a soft return
    e.replaced = true;
    e.run.end(this.ctx.currentTime, FADE_LATE_S);
  }

  /** An error smaller than the clock's own uncertainty is no reason to jump, s. */
  private doubt(): number {
    return Math.min(DOUBT_MAX_S, this.core.uncertaintyUs(performance.now()) / 1e6);
  }

  private jump(e: Entry): void {
    const now = performance.now();
    this.jumpTimes = this.jumpTimes.filter((t) => now - t < 60_000);
    if (this.jumpTimes.length >= JUMPS_PER_MINUTE) return;
    this.jumpTimes.push(now);
    this.heard.jumps++;
    e.replaced = true;
  }

  private drop(e: Entry): void {
    e.run.stop();
    this.post({ do: "close", run: e.id });
    this.entries = this.entries.filter((other) => other !== e);
  }

  // --- arithmetic between the clocks ---

  private wantedFrame(segment: Segment, context: number): number {
    const house = this.core.house(this.output.perfAt(context));
    return (this.core.position(segment.which, house) * 48) / 1000;
  }

  private baseStep(): number {
    return ((48_000 / this.ctx.sampleRate) * (1 + this.core.skew)) / this.output.rate;
  }

  private measure(): void {
    const { core, output, state, heard } = this;
    delete heard.position;
    delete heard.at;
    delete heard.perf;
    delete heard.errorUs;
    const playing = this.entries.filter((e) => e.phase === "playing" || e.phase === "ending");
    heard.bufferMs = Math.round(
      Math.max(0, ...playing.map((e) => e.run.scheduled * 1000 + e.run.aheadMs)),
    );
    heard.scheduledS = Math.max(0, ...playing.map((e) => e.run.scheduled));
    heard.heldS = Math.floor(heard.bufferMs / 1000);
    heard.ready = this.coming?.held ? this.headMs >= HEAD_MS : playing.length > 0;
    heard.breaks = output.breaks;
    heard.runs = this.entries.map((e) => (e.replaced ? `(${e.phase})` : e.phase)).join(" ");
    const pair = output.latest;
    if (!state || !core.valid || !pair || performance.now() - pair.perf > 2000) {
      heard.playing = state && state.cue >= 0 ? "silent" : "idle";
      return;
    }
    const at = core.house(pair.perf + output.trimMs);
    const which = core.partAt(at);
    const found = this.slotHeard(playing, pair.context);
    const slot = found?.run.slotAt(pair.context);
    if (!core.sounds(which, at)) {
      heard.playing = "silent";
      return;
    }
    heard.playing = slot ? "sound" : "fetching";
    // At the very instant of a change the ear may be a hair behind: no error of position.
    if (!found || !slot || found.segment.line !== this.lineOf(which)) return;
    const frame = slot.at + (pair.context * this.ctx.sampleRate - slot.start) * slot.step;
    heard.position = Math.max(0, Math.round((frame * 1000) / 48));
    heard.at = at;
    heard.perf = pair.perf + output.trimMs;
    heard.errorUs = Math.round((frame * 1000) / 48 - core.position(which, at));
  }

  private slotHeard(playing: Entry[], context: number): Entry | null {
    return [...playing].reverse().find((e) => e.run.slotAt(context)) ?? null;
  }

  // --- worker ---

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private take(m: FromWorker): void {
    if (m.is === "tick") {
      this.pulse.ticked();
      this.headMs = m.headMs;
      return this.tick();
    }
    const e = this.entries.find((entry) => entry.id === m.run);
    if (!e) return;
    switch (m.is) {
      case "ready":
        this.heard.prepUs = Math.round(m.prepMs * 1000);
        this.heard.failed = "";
        e.phase = "ready";
        this.advance(e);
        break;
      case "chunk":
        e.run.aheadMs = m.aheadMs;
        if (!e.run.play(m.at, m.channels) && !e.replaced) this.starve(e);
        break;
      case "failed":
        this.heard.failed = m.code;
        this.retryAt = performance.now() + RETRY_MS * (0.5 + Math.random()); // not all phones at once
        this.drop(e);
        break;
    }
  }
}
