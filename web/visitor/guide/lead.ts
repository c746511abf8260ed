// SPDX-License-Identifier: Apache-2.0
// Leading a group: the lease and its fence, the commands under way, and taking a mistake back.
// Nothing here knows how it looks.
//
//   tap ──► sending ──ack──► done (and, for what moved the group, 10 s in which it can be undone)
//              │ 5 s without a word
//              ▼
//           not sent ──tap──► sending, with the same id
//
// A command is one wish with one id, however often it is sent: a line that was lost and is back, or
// a second tap on "not sent", repeats it word for word, and the room knows what it has done already.
// So a retry can never skip twice. What nobody asked to repeat is not sent later by surprise.
import { type ReadonlySignal, computed, signal } from "@preact/signals";
import type { Ack, FromServer, Op, State, WireError } from "../../common/wire";
import { newId } from "../../common/id";
import { type Audience, readAudience } from "./audience";

const RENEW_MS = 2000; // the lease holds 6 s
const UNSENT_MS = 5000;
const UNDO_MS = 10_000;
const GUARD_MS = 600; // a nervous thumb taps twice within it, and means it once
const BACK_US = 15e6;
const REPLAY_US = 2e6; // after a pause the last words come again
const END_US = 1e6; // the end of a cue is no place to go to; this much before it is

export interface Place {
  cue: number;
  position: number; // us
}

/** What a guide's page needs of its session. Times are house times, us. */
export interface Host {
  readonly state: ReadonlySignal<State | null>;
  readonly member: ReadonlySignal<string>; // this guide's own; "" while not joined
  send(message: object): boolean;
  placeAt(house: number): Place | null;
  now(): number | null;
  durOf(cue: number): number;
}

/** Which button; a jump has one for each cue. */
export type Wish = "play" | "pause" | "back" | "next" | "prev" | "undo" | `cue-${number}`;

interface Sent {
  wish: Wish;
  id: string;
  do: Op;
  fields: { cue?: number; position?: number };
  from: Place | null; // where the group was: to go back there
  tries: number;
}

export interface Pending {
  wish: Wish;
  phase: "sending" | "unsent";
}

export class Lead {
  readonly who: ReadonlySignal<"me" | "other" | "nobody">;
  readonly claiming = signal(false);
  readonly taken = signal(false); // somebody else took over: said until it is read
  readonly held = signal(false); // a claim was refused: somebody leads already
  readonly pending = signal<Pending | null>(null);
  readonly refused = signal(""); // why the last wish was refused, as an error code
  readonly undo = signal<(Place & { until: number }) | null>(null); // until: performance.now()
  readonly audience = signal<Audience | null>(null);
  readonly asked = signal(false); // "everyone ready?" since this guide leads

  private fence: number | null = null;
  private sent: Sent | null = null;
  private moved: Ack | null = null; // the change that `undo` takes back
  private tapped: { wish: Wish; at: number } | null = null;
  private readonly leaseIds = new Map<string, Op>();
  private rejoined = true;
  private led = false; // by the state before this one
  private unsentTimer: ReturnType<typeof setTimeout> | undefined;
  private undoTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly renewTimer: ReturnType<typeof setInterval>;

  constructor(private readonly host: Host) {
    this.who = computed(() => {
      const holder = host.state.value?.guide ?? "";
      return holder === "" ? "nobody" : holder === host.member.value ? "me" : "other";
    });
    this.renewTimer = setInterval(() => this.renew(), RENEW_MS);
  }

  /** What was said before this page was there. */
  begin(): void {
    const state = this.host.state.value;
    if (state) this.tookState(state);
  }

  close(): void {
    clearInterval(this.renewTimer);
    clearTimeout(this.unsentTimer);
    clearTimeout(this.undoTimer);
  }

  // --- the lease ---

  /** Takes the lead, if it is free. */
  claim(): void {
    this.held.value = this.taken.value = false;
    this.claiming.value = true;
    if (!this.lease("claim")) this.claiming.value = false;
  }

  release(): void {
    this.lease("release");
  }

  handOver(member: string): void {
    this.lease("hand_over", { member });
  }

  private lease(op: Op, fields: object = {}): boolean {
    const id = newId();
    if (this.leaseIds.size > 32) this.leaseIds.clear(); // their answers were lost with a line
    this.leaseIds.set(id, op);
    return this.host.send({ type: "command", cmd_id: id, do: op, ...fields, ...this.fenced(op) });
  }

  private fenced(op: Op): { fence?: number } {
    return this.fence === null || op === "claim" ? {} : { fence: this.fence };
  }

  private renew(): void {
    if (this.who.value === "me" && this.fence !== null) this.lease("renew");
  }

  /** Back on the line, or the lead was given to this guide: a holder needs its fence. */
  private resume(): void {
    if (this.who.value !== "me") return;
    if (this.fence === null) this.lease("claim");
    else this.renew();
    if (this.pending.value?.phase === "sending") this.post();
  }

  private gone(): void {
    this.fence = null;
    this.drop();
    this.forgetUndo();
    this.asked.value = false;
  }

  // --- wishes ---

  play(): void {
    const { mode, position } = this.now();
    this.wish("play", "play", mode === "held" ? { position: Math.max(0, position - REPLAY_US) } : {});
  }
  pause(): void {
    this.wish("pause", "pause");
  }
  back(): void {
    this.wish("back", "seek", { position: Math.max(0, this.now().position - BACK_US) }, true);
  }
  next(): void {
    this.wish("next", "next", {}, true);
  }
  prev(): void {
    this.wish("prev", "prev", {}, true);
  }
  goto(cue: number): void {
    this.wish(`cue-${cue}`, "goto", { cue }, true);
  }
  /** Back to where the group was at the mistake: what came after it there, nobody has heard. */
  takeBack(): void {
    const place = this.undo.value;
    if (place) this.wish("undo", "goto", { cue: place.cue, position: place.position });
  }

  ask(): void {
    if (this.host.send({ type: "ask" })) this.asked.value = true;
  }
  lower(member: string): void {
    this.host.send({ type: "hand", up: false, member });
  }

  private now(): { mode: string; position: number } {
    const at = this.host.now() ?? 0;
    const state = this.host.state.value;
    const part = state?.next && at >= state.next.at ? state.next : state;
    const place = this.host.placeAt(at);
    return { mode: part?.mode ?? "void", position: Math.floor(place?.position ?? 0) };
  }

  private wish(wish: Wish, op: Op, fields: Sent["fields"] = {}, moves = false): void {
    if (this.who.value !== "me") return;
    const at = performance.now();
    const { tapped } = this;
    if (tapped?.wish === wish && at - tapped.at < GUARD_MS) return;
    this.tapped = { wish, at };
    const pending = this.pending.value;
    if (pending?.phase === "sending") return;
    this.refused.value = "";
    // "Not sent, tap again": the same command, not another one.
    if (pending?.wish !== wish || !this.sent) {
      const from = moves ? this.host.placeAt(this.host.now() ?? 0) : null;
      this.sent = { wish, id: newId(), do: op, fields, from, tries: 0 };
    }
    this.pending.value = { wish, phase: "sending" };
    clearTimeout(this.unsentTimer);
    this.unsentTimer = setTimeout(() => this.giveUp(), UNSENT_MS);
    this.post();
  }

  private post(): void {
    const { sent } = this;
    if (!sent) return;
    if (this.fence === null) {
      this.lease("claim"); // and then the wish
      return;
    }
    sent.tries++;
    this.host.send({ type: "command", cmd_id: sent.id, do: sent.do, ...sent.fields, ...this.fenced(sent.do) });
  }

  private giveUp(): void {
    const pending = this.pending.value;
    if (pending) this.pending.value = { ...pending, phase: "unsent" };
  }

  private drop(): void {
    clearTimeout(this.unsentTimer);
    this.sent = null;
    this.pending.value = null;
  }

  // --- taking back ---

  private forgetUndo(): void {
    clearTimeout(this.undoTimer);
    this.undo.value = null;
    this.moved = null;
  }

  private offerUndo(from: Place, ack: Ack): void {
    this.forgetUndo();
    const { state } = this.host;
    // The newest state is that of this change: until its instant the group is where it was.
    const place = state.value?.next?.at === ack.at ? (this.host.placeAt(ack.at - 1) ?? from) : from;
    const last = this.host.durOf(place.cue) - END_US;
    const position = Math.max(0, Math.floor(Math.min(place.position, last)));
    this.moved = ack;
    this.undo.value = { cue: place.cue, position, until: performance.now() + UNDO_MS };
    this.undoTimer = setTimeout(() => this.forgetUndo(), UNDO_MS);
  }

  /** The group was moved by somebody else, or went on by itself: there is nothing to take back. */
  private checkUndo(state: State): void {
    const { moved } = this;
    if (moved && state.vec.t0 !== moved.at && state.next?.at !== moved.at) this.forgetUndo();
  }

  // --- what the server says ---

  take(m: FromServer): void {
    switch (m.type) {
      case "welcome":
        this.rejoined = true;
        this.claiming.value = false;
        break;
      case "state":
        this.tookState(m);
        break;
      case "ack":
        this.acked(m);
        break;
      case "error":
        if (m.cmd_id !== undefined) this.failed(m, m.cmd_id);
        break;
      case "audience":
        this.audience.value = readAudience(m.said) ?? this.audience.value;
        break;
      default:
        break;
    }
  }

  private tookState(state: State): void {
    const mine = this.who.value === "me";
    const { led, rejoined } = this;
    this.led = mine;
    this.rejoined = false;
    this.checkUndo(state);
    if (led && !mine) {
      this.taken.value = this.who.value === "other";
      this.gone();
    }
    if (mine && (rejoined || (!led && !this.claiming.value))) this.resume();
  }

  private acked(ack: Ack): void {
    const op = this.leaseIds.get(ack.cmd_id);
    if (op) {
      this.leaseIds.delete(ack.cmd_id);
      if (op === "claim") this.claimed(ack);
      return;
    }
    const { sent } = this;
    if (sent?.id !== ack.cmd_id) return;
    this.drop();
    this.forgetUndo();
    if (sent.from) this.offerUndo(sent.from, ack);
  }

  private claimed(ack: Ack): void {
    this.claiming.value = false;
    this.fence = ack.fence ?? null;
    if (this.pending.value?.phase === "sending") this.post();
  }

  private failed(e: WireError, id: string): void {
    const op = this.leaseIds.get(id);
    if (op) {
      this.leaseIds.delete(id);
      this.leaseFailed(op, e);
      return;
    }
    const { sent } = this;
    if (sent?.id !== id) return;
    switch (e.code) {
      case "id_conflict": // it was taken, under the fence of before
        this.drop();
        break;
      case "fenced":
        // Too long without a renewal: this guide still leads, and gets another fence.
        if (this.who.value === "me" && sent.tries < 3) this.lease("claim");
        else this.drop();
        break;
      case "busy":
      case "too_fast":
      case "storage_full":
      case "storage_failed":
        this.refused.value = e.code;
        this.giveUp();
        break;
      default:
        this.refused.value = e.code;
        this.drop();
    }
  }

  private leaseFailed(op: Op, e: WireError): void {
    if (op === "claim") {
      this.claiming.value = false;
      this.held.value = e.code === "lease_held";
      if (e.code !== "lease_held") this.refused.value = e.code;
    } else if (op === "renew" && e.code === "fenced") {
      this.fence = null; // this guide leads from another tab; the next tap here takes it back
    } else if (op !== "renew") {
      this.refused.value = e.code;
    }
  }
}
