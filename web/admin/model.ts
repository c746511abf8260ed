// SPDX-License-Identifier: Apache-2.0
// What the admin page knows: who is signed in, the house as the server last told it, commands under
// way. Positions between two messages come from the room's own timeline and the house clock.
import { newId } from "../common/id";
import { signal } from "@preact/signals";
import { type Core, NEXT } from "../common/core";
import { Link, type LinkState } from "../common/link";
import { type Tour, readTour } from "../common/tour";
import type { Command, FromServer, Mode, Op } from "../common/wire";
import { type Box, type Certificate, type Double, type Group, type HouseClock, type NewKiosk, readMessage } from "../common/wire_staff";
import * as api from "./api";
import type { HouseOp, Moved } from "./api";

const ANSWER_LIMIT_MS = 5000;

export interface Moment {
  mode: Mode;
  cue: number;
  dur: number;
  position: number;
  pending: boolean; // a decided change is on its way
}
export interface Note {
  text: string;
  bad: boolean;
}

/** Where the room would take a command (docs/PROTOCOL.md, "Commands"). */
export function allowed(op: Op, m: Moment, cues: number): boolean {
  switch (op) {
    case "load":
      return m.mode !== "running";
    case "play":
      return m.mode === "ready" || m.mode === "held" || m.mode === "ended";
    case "pause":
      return m.mode === "running";
    case "prev":
      return m.mode !== "void" && m.cue > 0;
    case "next":
      return m.mode !== "void" && (cues === 0 || m.cue + 1 < cues);
    default:
      return m.mode !== "void";
  }
}

export class Model {
  readonly me = signal<api.Me | null | undefined>(undefined); // undefined: not known yet
  readonly loginNote = signal("");
  readonly line = signal<LinkState>("idle");
  readonly groups = signal<Group[] | null>(null);
  readonly storage = signal("ok");
  readonly certificate = signal<Certificate | undefined>(undefined);
  readonly time = signal<HouseClock>({ trusted: true, guessed: false });
  readonly newKiosks = signal<NewKiosk[]>([]);
  readonly cloned = signal<Double[]>([]);
  readonly box = signal<Box | undefined>(undefined);
  readonly kiosksRev = signal(0);
  readonly tours = signal<api.TourEntry[]>([]);
  readonly links = signal<Map<string, string>>(new Map());
  readonly documents = signal<Map<string, Tour>>(new Map()); // by hash
  readonly notes = signal<Map<string, Note>>(new Map()); // by group
  readonly sent = signal<Map<string, Op>>(new Map()); // by group: waits for its ack
  readonly turn = signal(0);
  private readonly link: Link;
  private readonly waiting = new Map<string, { group: string; timer: ReturnType<typeof setTimeout> }>();
  private readonly asked = new Set<string>(); // documents under way

  constructor(readonly core: Core) {
    this.link = new Link(core, {
      read: readMessage,
      message: (m) => this.take(m),
      state: (s) => (this.line.value = s),
    });
    setInterval(() => this.turn.value++, 250);
    void this.open();
  }

  // --- signing in ---

  private async open(): Promise<void> {
    try {
      this.me.value = await api.me();
    } catch (e) {
      this.me.value = null;
      this.loginNote.value = words(e);
    }
    if (this.me.value) this.start();
  }

  async login(user: string, password: string): Promise<void> {
    this.loginNote.value = "";
    try {
      this.me.value = await api.login(user, password);
      this.start();
    } catch (e) {
      this.loginNote.value = patience(e) || words(e);
    }
  }

  async logout(): Promise<void> {
    this.link.leave();
    this.groups.value = null;
    this.me.value = null;
    await api.logout().catch(() => undefined);
  }

  private start(): void {
    this.link.join({ type: "hello", v: 1, role: "staff" });
    void this.refresh();
    if (this.me.value?.role === "admin" && location.hash === "") void this.greet();
  }

  /** A new box opens on its set-up. */
  private async greet(): Promise<void> {
    const fresh = await api.isFresh().catch(() => false);
    if (fresh && location.hash === "") location.hash = "setup";
  }

  /** Who I am may have changed. */
  async again(): Promise<void> {
    this.me.value = await api.me();
  }

  /** What the live overview does not carry. */
  async refresh(): Promise<void> {
    try {
      const [tours, links] = await Promise.all([api.tours(), api.links()]);
      this.tours.value = tours;
      this.links.value = links;
    } catch (e) {
      this.signedOut(e);
    }
  }

  private signedOut(e: unknown): void {
    if (!(e instanceof api.ApiError) || e.code !== "unauthorized") return;
    this.link.leave();
    this.me.value = null;
    this.loginNote.value = "Please sign in again.";
  }

  // --- the house ---

  private take(m: FromServer): void {
    switch (m.type) {
      case "house":
        this.time.value = m.time;
        this.storage.value = m.storage;
        this.certificate.value = m.certificate;
        this.newKiosks.value = m.newKiosks;
        this.cloned.value = m.cloned;
        this.box.value = m.box;
        this.kiosksRev.value = m.kiosksRev;
        this.core.setEpoch(m.clock_epoch);
        if (m.groups.length !== (this.groups.value?.length ?? 0)) void this.refresh();
        this.groups.value = m.groups;
        for (const g of m.groups) if (g.state.tour) void this.loadDocument(g.state.tour);
        break;
      case "ack":
        this.answered(m.cmd_id, null);
        break;
      case "error":
        if (m.cmd_id) this.answered(m.cmd_id, m.detail ? `${m.message} (${m.detail})` : m.message);
        else if (m.code === "unauthorized" || m.code === "forbidden")
          this.signedOut(new api.ApiError(401, "unauthorized", m.message));
        break;
      default:
        break;
    }
  }

  private async loadDocument(hash: string): Promise<void> {
    if (this.asked.has(hash)) return;
    this.asked.add(hash);
    try {
      const response = await fetch(`/content/${hash}.json`);
      const tour = response.ok ? readTour(await response.json()) : null;
      if (tour) this.documents.value = new Map(this.documents.value).set(hash, tour);
      else this.asked.delete(hash);
    } catch {
      this.asked.delete(hash); // asked again with the next overview
    }
  }

  document(g: Group): Tour | null {
    return (g.state.tour && this.documents.value.get(g.state.tour)) || null;
  }

  /** House time; 0 while nobody knows it. */
  houseNow(): number {
    return this.core.valid ? this.core.house(performance.now()) : 0;
  }

  /** The room at this very moment. */
  moment(g: Group): Moment {
    void this.turn.value;
    const { core } = this;
    const s = g.state;
    if (!core.valid || core.epoch !== s.clock_epoch)
      return { mode: s.mode, cue: s.cue, dur: s.dur, position: s.vec.p0, pending: false };
    const house = core.house(performance.now());
    core.setTimeline(s);
    const which = core.partAt(house);
    const part = which === NEXT && s.next ? s.next : s;
    // What follows by itself begins at the end of the cue, or after the silence behind it.
    const gap = this.document(g)?.cues[s.cue]?.gap_us ?? 0;
    const natural = s.vec.rate === 1 && (s.next?.at === core.end(0) || s.next?.at === core.end(0) + gap);
    return {
      mode: part.mode,
      cue: part.cue,
      dur: part.dur,
      position: core.position(which, house),
      pending: which !== NEXT && s.next !== undefined && !natural,
    };
  }

  // --- commands ---

  send(group: string, op: Op, more: Partial<Command> = {}): void {
    const cmd_id = newId();
    const command: Command = { type: "command", group, cmd_id, do: op, ...more };
    if (!this.link.send(command)) {
      this.note(group, { text: "Not sent: there is no connection to the box.", bad: true });
      return;
    }
    this.note(group, null);
    this.sent.value = new Map(this.sent.value).set(group, op);
    const timer = setTimeout(
      () => this.answered(cmd_id, "No answer from the box. The command may or may not have arrived."),
      ANSWER_LIMIT_MS,
    );
    this.waiting.set(cmd_id, { group, timer });
  }

  private answered(cmdId: string, problem: string | null): void {
    const waiting = this.waiting.get(cmdId);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.waiting.delete(cmdId);
    const sent = new Map(this.sent.value);
    sent.delete(waiting.group);
    this.sent.value = sent;
    if (problem) this.note(waiting.group, { text: problem, bad: true });
  }

  note(group: string, note: Note | null): void {
    const notes = new Map(this.notes.value);
    if (note) notes.set(group, note);
    else notes.delete(group);
    this.notes.value = notes;
  }

  create(name: string, tour: string): Promise<string> {
    return this.attempt(async () => {
      await api.createGroup(name, tour);
      await this.refresh();
    });
  }

  /** One command for many groups; without groups for all it has something to do for. */
  async order(what: HouseOp, groups?: string[]): Promise<Moved | string> {
    let moved: Moved | undefined;
    const problem = await this.attempt(async () => {
      moved = await api.orderHouse(what, groups);
    });
    return moved ?? problem;
  }

  adopt(kiosk: string, name: string, group: string): Promise<string> {
    return this.attempt(() => api.adoptKiosk(kiosk, name, group));
  }

  identify(kiosk: string): Promise<string> {
    return this.attempt(() => api.identifyKiosk(kiosk));
  }

  /** Empty when it went well, else why not. */
  async attempt(what: () => Promise<unknown>): Promise<string> {
    try {
      await what();
      return "";
    } catch (e) {
      this.signedOut(e);
      return words(e);
    }
  }
}

/** After wrong passwords the next try waits. */
export function patience(e: unknown): string {
  if (!(e instanceof api.ApiError) || e.retryMs === 0) return "";
  const wait = `The next try is taken in ${Math.ceil(e.retryMs / 1000)} s.`;
  return e.code === "too_fast" ? wait : `${e.message} ${wait}`;
}

export function words(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}
