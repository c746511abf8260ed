// SPDX-License-Identifier: Apache-2.0
// The visitor's session: joining, the group's newest state, the tour; the sound is listening.ts. The
// view shows its signals and calls its methods; nothing here knows how it looks.
import { type Signal, computed, effect, signal } from "@preact/signals";
import { type Core, NEXT } from "../common/core";
import { Link, type LinkState } from "../common/link";
import { type Cue, type Tour, chooseVariant, languages, titleIn } from "../common/tour";
import type { Caption } from "../common/vtt";
import {
  type AudienceSaid, type FromServer, type Hello, type Keep, type Mode, type Report, type State, type Welcome,
  newer, readPhoneMessage,
} from "../common/wire";
import type { Heard } from "../sound/engine";
import type { Key } from "../common/i18n";
import { Alone, kitToGoAlone } from "./alone";
import { fetchCaptions, fetchTour } from "./fetching";
import { keep, keeps, kept, phone, tab } from "./kept";
import { mayKeep } from "./kit";
import { Listening, type LoadEngine, type Sound } from "./listening";
import * as media from "./media";
import { type Trouble, troubleOf } from "./trouble";

const ALONE_AFTER_MS = 4000; // a house that is there has answered by then
const TURN_MS = 250;
const TURN_HIDDEN_MS = 1000; // nobody looks; the lock screen wants the title
const REPORT_MS = 1000;
const CALM_S = 60; // so much in hand: nobody needs the network just now
const REPORT_HIDDEN_MS = 10_000; // each one wakes the phone's radio
const LOST_LINE_MS = 10_000;
const KEPT_JOIN = "roomtone.join"; // of this tab: a reload comes back to the group
const KEPT_LANG = "roomtone.lang";
const KEPT_SESSION = "roomtone.session"; // brings this phone back as the same visitor
export const TRIM_MAX_MS = 500;

export type Join = { code: string } | { link: string; role?: "guide" };
export interface Notice {
  key: Key;
  why?: string;
}

const REFUSALS: Record<string, Key> = {
  code_slip: "err_slip",
  wrong_code: "err_wrong",
  unknown_group: "err_wrong",
  too_many_guesses: "err_guesses",
};

/** These mean that the group is not there; any other refusal may pass. */
const FINAL = ["code_slip", "wrong_code", "unknown_group", "bad_version"];

export class Session {
  // joining
  readonly joined = signal(false); // there is a group to show
  readonly joining = signal(false);
  readonly refused = signal<Notice | null>(null);
  readonly groupName = signal("");
  readonly welcome = signal<Welcome | null>(null); // the newest: as whom
  readonly audience = signal<AudienceSaid | null>(null); // guides': how the group is doing
  readonly guideAway = signal(false);
  readonly askedAt = signal(0); // when the guide asked whether all are ready; performance.now()
  /** Others who hear what the server says, after the session: guide/. */
  readonly others = new Set<(m: FromServer) => void>();
  // line
  readonly line = signal<LinkState>("idle");
  readonly lostLong = signal(false);
  private readonly full = signal(false); // the house asks who listens already to wait
  private readonly restarting = signal(false);
  // room
  readonly state = signal<State | null>(null);
  readonly tour = signal<Tour | null>(null);
  readonly tourMissing = signal(false);
  readonly lang = signal(kept(phone, KEPT_LANG) ?? (navigator.language || "en").toLowerCase());
  readonly languages = computed(() => (this.tour.value ? languages(this.tour.value) : []));
  readonly captionsOn = signal(false);
  readonly captions = signal<Caption[]>([]);
  /** Playing what this phone has kept, when there is no house. */
  readonly alone: Alone;
  // the turn of the clock, a few times a second: house time, null while unknown
  readonly house = signal<number | null>(null);
  readonly part = computed(() => {
    const state = this.state.value;
    const house = this.house.value;
    if (!state) return null;
    if (house === null) return { mode: state.mode, cue: state.cue, dur: state.dur, position: state.vec.p0 };
    const which = this.core.partAt(house);
    const p = which === NEXT && state.next ? state.next : state;
    return { mode: this.modeAt(p.mode, house), cue: p.cue, dur: p.dur, position: this.core.position(which, house) };
  });
  readonly cue = computed<Cue | null>(() => {
    const index = this.part.value?.cue ?? -1;
    return this.tour.value?.cues[index] ?? null;
  });

  readonly listening: Listening;
  /** The most pressing thing that is wrong. */
  readonly trouble = computed<Trouble | null>(() =>
    troubleOf({
      noAudio: this.listening.noAudio.value,
      sound: this.sound.value,
      line: this.line.value,
      joined: this.joined.value,
      alone: this.alone.on.value,
      lostLong: this.lostLong.value,
      full: this.full.value,
      restarting: this.restarting.value,
      heldS: this.heard.value?.heldS ?? null,
      waitS: this.heard.value?.waitS ?? 0,
      tourMissing: this.tourMissing.value,
      failed: this.heard.value?.failed ?? "",
      storage: keeps.value,
    }),
  );
  private readonly link: Link;
  private join_: Join | null = null;
  private turnAt = 0;
  private reportAt = 0;
  private tourHash = "";
  private captionsHash = "";
  private lostTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly core: Core,
    loadEngine: LoadEngine,
  ) {
    this.alone = new Alone(core, {
      state: () => this.state.value,
      tour: () => this.tour.value,
      apply: (s) => this.applyState(s),
    });
    this.listening = new Listening(loadEngine, () => this.beat());
    this.link = new Link(core, {
      read: readPhoneMessage,
      message: (m) => this.take(m),
      state: (s) => this.lineChanged(s),
    });
    setInterval(() => this.beat(), TURN_MS);
    document.addEventListener("visibilitychange", () => this.turn());
    effect(() => media.show(this.playing.value));
    effect(() => this.keepTour());
    addEventListener("popstate", () => this.join_ || history.replaceState(null, "", "/")); // a group that was left
    setTimeout(() => void this.perhapsAlone(), ALONE_AFTER_MS);
  }

  // --- joining ---

  /** What the address or this tab's memory says; null: ask for a code. */
  remembered(): Join | null {
    const [, page, token] = /^\/([jg])\/([\w-]{1,64})$/.exec(location.pathname) ?? [];
    if (token) return page === "g" ? { link: token, role: "guide" } : { link: token };
    const code = kept(tab, KEPT_JOIN);
    return code && /^\d{9}$/.test(code) ? { code } : null;
  }

  /** Checks the digits first: a slip is not worth asking the house. */
  joinByCode(typed: string): void {
    const code = this.core.joinCode(typed);
    if (!code) this.refused.value = { key: "err_slip" };
    else this.join({ code });
  }

  join(join: Join): void {
    this.join_ = join;
    this.refused.value = null;
    this.joining.value = true;
    this.link.join(this.hello(join));
  }

  private hello(join: Join): Hello {
    const hello: Hello = { type: "hello", v: 1, role: "visitor", lang: this.helloLang(), ...join };
    const session = kept(phone, KEPT_SESSION);
    if (session && /^[\w-]{1,64}$/.test(session)) hello.session = session;
    return hello;
  }

  leave(): void {
    keep(tab, KEPT_JOIN, null);
    this.alone.end();
    this.link.leave();
    this.listening.stop();
    this.join_ = null;
    this.joined.value = false;
    this.joining.value = false;
    this.state.value = null;
    this.welcome.value = null;
    this.audience.value = null;
    this.askedAt.value = 0;
    this.tour.value = null;
    this.tourHash = "";
    this.captionsOn.value = false;
    history.replaceState(null, "", "/");
  }

  private helloLang(): string {
    return this.lang.value.replace(/[^a-z0-9-]/g, "").slice(0, 16) || "en";
  }

  private heardLang(): string {
    const cue = this.cue.value;
    return cue ? chooseVariant(cue, this.lang.value).lang : this.helloLang();
  }

  private take(m: FromServer): void {
    this.took(m);
    for (const other of this.others) other(m);
  }

  /** False when there is no open line: it is gone. */
  send(message: object): boolean {
    return this.link.send(message);
  }

  /** Where the group is at a house time, by the newest state. */
  placeAt(house: number): { cue: number; position: number } | null {
    const state = this.state.value;
    if (!state || !this.core.valid) return null;
    const which = this.core.partAt(house);
    const part = which === NEXT && state.next ? state.next : state;
    return { cue: part.cue, position: this.core.position(which, house) };
  }

  private took(m: FromServer): void {
    switch (m.type) {
      case "welcome":
        if (this.alone.on.value) this.state.value = null;
        this.alone.end();
        this.welcome.value = m;
        this.guideAway.value = false; // until it is said again
        this.joined.value = true;
        this.joining.value = false;
        this.refused.value = null;
        this.full.value = this.restarting.value = false;
        this.groupName.value = m.group_name;
        if (this.join_ && "code" in this.join_) keep(tab, KEPT_JOIN, this.join_.code);
        if (m.resumed && !this.listening.trimKept) this.listening.setTrim(m.trim / 1000);
        break;
      case "session":
        keep(phone, KEPT_SESSION, m.token);
        if (this.join_) this.link.nextTime(this.hello(this.join_)); // as the same visitor
        if (this.trimMs.value !== 0) this.tellKeep();
        break;
      case "state":
        if (newer(m, this.state.value)) this.applyState(m);
        break;
      case "error":
        if (this.line.value !== "joined") this.refuse(m.code, m.message);
        break;
      case "audience":
        this.audience.value = m;
        break;
      case "guide":
        this.guideAway.value = m.away;
        break;
      case "ask":
        this.askedAt.value = performance.now();
        break;
      case "bye":
        this.restarting.value = m.reason === "restarting";
        break;
      default:
        break;
    }
  }

  private refuse(code: string, message: string): void {
    // Who listens already is not sent away because the house is busy at this moment, and who finds it
    // full is let in when it is not.
    const full = code === "house_full";
    if (this.join_ && (full || (this.joined.value && !FINAL.includes(code)))) {
      this.full.value = full;
      if (!this.joined.value) this.refused.value = { key: "err_full" };
      return this.link.again(this.hello(this.join_));
    }
    const was = this.joined.value;
    const byLink = this.join_ !== null && "link" in this.join_;
    let key = REFUSALS[code] ?? "err_other";
    if (key === "err_wrong" && (was || byLink)) key = was ? "err_ended" : "err_link";
    this.leave();
    this.refused.value = { key, why: message };
  }

  private lineChanged(s: LinkState): void {
    this.line.value = s;
    if (s === "joined" || s === "idle") {
      clearTimeout(this.lostTimer);
      this.lostTimer = undefined;
      this.lostLong.value = false;
    } else this.lostTimer ??= setTimeout(() => (this.lostLong.value = true), LOST_LINE_MS);
  }

  // --- the room ---

  private applyState(state: State): void {
    this.core.setTimeline(state);
    this.state.value = state;
    if ((state.tour ?? "") !== this.tourHash) {
      this.tourHash = state.tour ?? "";
      this.tour.value = null;
      void this.loadTour(this.tourHash);
    }
    this.plan();
    this.turn();
  }

  /** No house, but a kept tour: the visitor goes on alone until it is back. */
  private async perhapsAlone(): Promise<void> {
    const kit = this.joined.value ? null : await kitToGoAlone();
    if (!kit || this.joined.value) return;
    this.joined.value = true;
    this.groupName.value = kit.group;
    this.alone.begin(kit);
  }

  private keepTour(): void {
    const tour = this.tour.value;
    if (!tour || !mayKeep() || this.alone.on.value || this.sound.value !== "on") return;
    const kit = { tour: this.tourHash, group: this.groupName.value };
    const calm = (): boolean => {
      const part = this.part.value;
      if (this.line.value !== "joined" || !part) return false;
      const leftS = part.mode === "running" ? (part.dur - part.position) / 1e6 - 2 : 0;
      return (this.listening.heardNow?.heldS ?? 0) >= Math.min(CALM_S, leftS);
    };
    const lang = this.lang.value;
    import("./offline").then((m) => m.keepOffline(kit, tour, lang, calm)).catch(() => undefined); // no room: nothing is promised
  }

  private async loadTour(hash: string): Promise<void> {
    const wanted = (): boolean => hash !== "" && hash === this.tourHash;
    const tour = await fetchTour(hash, wanted, (is) => (this.tourMissing.value = is));
    if (!tour) return;
    this.tour.value = tour;
    this.plan();
  }

  setLang(lang: string): void {
    this.lang.value = lang;
    keep(phone, KEPT_LANG, lang);
    this.tellKeep();
    this.plan();
    this.turn();
  }

  private plan(): void {
    this.listening.setPlan({ state: this.state.value, tour: this.tour.value, lang: this.lang.value });
  }

  /** A running cue that has come to its end without a word from the house is over. */
  private modeAt(mode: Mode, house: number): Mode {
    if (mode !== "running") return mode;
    return this.core.sounds(this.core.partAt(house), house) ? "running" : "ready";
  }

  /** Called often: by the page's timer, and by the worker's, which locked screens do not slow. */
  private beat(): void {
    const now = performance.now();
    this.link.turn();
    this.alone.turn();
    if (now >= this.turnAt) this.turn();
    if (now >= this.reportAt) this.report();
  }

  private turn(): void {
    this.turnAt = performance.now() + (document.hidden ? TURN_HIDDEN_MS : TURN_MS) - 20;
    const { core } = this;
    const known = core.valid && this.state.value?.clock_epoch === core.epoch;
    this.house.value = known ? core.house(performance.now()) : null;
    void this.loadCaptions();
  }

  setCaptions(on: boolean): void {
    this.captionsOn.value = on;
    void this.loadCaptions();
  }

  private async loadCaptions(): Promise<void> {
    const cue = this.cue.value;
    const hash = (this.captionsOn.value && cue && chooseVariant(cue, this.lang.value).captions) || "";
    if (hash === this.captionsHash) return;
    this.captionsHash = hash;
    this.captions.value = [];
    if (!hash) return;
    const captions = await fetchCaptions(hash, () => hash === this.captionsHash);
    if (captions) this.captions.value = captions;
  }

  // --- sound ---

  get sound(): Signal<Sound> {
    return this.listening.sound;
  }
  get heard(): Signal<Heard | null> {
    return this.listening.heard;
  }
  get muted(): Signal<boolean> {
    return this.listening.muted;
  }
  get volume(): Signal<number> {
    return this.listening.volume;
  }
  get trimMs(): Signal<number> {
    return this.listening.trimMs;
  }
  get latencyMs(): number | null {
    return this.listening.latencyMs;
  }
  get uncertaintyUs(): number | null {
    return this.core.valid ? this.core.uncertaintyUs(performance.now()) : null;
  }
  get rttUs(): number | null {
    return this.core.valid ? this.core.rttUs : null;
  }

  /** Call in a tap, before anything is awaited. */
  listen(): void {
    this.listening.listen();
  }

  setMuted(muted: boolean): void {
    this.listening.setMuted(muted);
  }

  setVolume(volume: number): void {
    this.listening.setVolume(volume);
  }

  /** The first whole second of house time after a performance time, on the same clock, ms; of the
      phone's own time while the house's is not known. */
  secondAfter(perf: number): number {
    const { core } = this;
    if (!core.valid) return Math.ceil(perf / 1000) * 1000;
    return core.local(Math.ceil(core.house(perf) / 1e6) * 1e6);
  }

  nudge(ms: number): void {
    const { listening } = this;
    listening.setTrim(Math.max(-TRIM_MAX_MS, Math.min(TRIM_MAX_MS, listening.trimMs.value + ms)));
    listening.keepTrim();
    this.tellKeep();
  }

  /** What the house is to remember of this visitor, should the phone forget. */
  private tellKeep(): void {
    if (!this.joined.value) return;
    const words: Keep = { type: "keep", lang: this.helloLang(), trim: Math.round(this.trimMs.value * 1000) };
    this.link.send(words);
  }

  /** What the lock screen shows; null while nothing is listened to. */
  private readonly playing = computed<media.Playing | null>(() => {
    if (this.sound.value === "off") return null;
    const cue = this.cue.value;
    const part = this.part.value;
    return {
      title: cue ? titleIn(cue.title, this.lang.value) : this.groupName.value,
      group: this.groupName.value,
      muted: this.muted.value,
      positionS: (part?.position ?? 0) / 1e6,
      durS: (part?.dur ?? 0) / 1e6,
    };
  });

  // --- reports ---

  private report(): void {
    this.reportAt = performance.now() + (document.hidden ? REPORT_HIDDEN_MS : REPORT_MS) - 20;
    if (this.line.value !== "joined") return;
    const { core } = this;
    const report: Report = { type: "report", lang: this.heardLang(), ...this.listening.report() };
    if (this.listening.quiet) report.muted = true;
    if (!core.valid) delete report.ready;
    else {
      report.uncertainty_us = Math.round(core.uncertaintyUs(performance.now()));
      report.rtt_us = Math.round(core.rttUs);
      report.skew_ppb = Math.round(core.skew * 1e9);
    }
    this.link.send(report);
  }
}
