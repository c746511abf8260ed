// SPDX-License-Identifier: Apache-2.0
// What the section "Kiosks" knows: how each is set (asked for when the box says that it changed), how each
// does (live), and their last ten minutes. Begun when somebody looks, kept while the page lives.
import { type Signal, effect, signal } from "@preact/signals";
import type { Group, Member } from "../../common/wire_staff";
import type { Model } from "../model";
import * as api from "./api";
import { type Trace, take } from "./trace";

export interface Live {
  group: Group;
  member: Member;
}

export class Desk {
  readonly kiosks: Signal<api.Kiosk[] | null> = signal(null);
  readonly live: Signal<ReadonlyMap<string, Live>> = signal(new Map());
  readonly note = signal("");
  readonly turn = signal(0); // traces grew
  private readonly traces = new Map<string, Trace>();
  private seen = "";
  private asked = 0; // for the list; the newest question's answer counts
  private asking = false; // it is on its way

  constructor(private readonly model: Model) {
    void this.begin();
    effect(() => this.follow(model.groups.value ?? [], model.kiosksRev.value));
  }

  private async begin(): Promise<void> {
    this.note.value = await this.model.attempt(async () => {
      for (const [id, t] of await api.traces()) this.traces.set(id, t);
    });
  }

  private follow(groups: Group[], rev: number): void {
    const live = new Map<string, Live>();
    const { core } = this.model;
    const now = core.valid ? core.house(performance.now()) : null;
    for (const group of groups)
      for (const member of group.members) {
        if (!member.kiosk) continue;
        live.set(member.kiosk, { group, member });
        if (member.report && now !== null) take(this.trace(member.kiosk), member.report, now);
      }
    this.live.value = live;
    this.turn.value = this.turn.peek() + 1;
    // Who is here, and how they are set: both are in the list, which is asked for when either changed.
    const seen = `${rev} ${[...live.keys()].sort().join(" ")}`;
    if (seen !== this.seen) void this.refresh();
    this.seen = seen;
  }

  trace(id: string): Trace {
    const known = this.traces.get(id) ?? [];
    this.traces.set(id, known);
    return known;
  }

  async refresh(): Promise<void> {
    const mine = ++this.asked;
    this.asking = true;
    this.note.value = await this.model.attempt(async () => {
      const list = await api.list();
      if (mine === this.asked) this.kiosks.value = list;
    });
    if (mine === this.asked) this.asking = false;
  }

  async change(id: string, wanted: api.Change): Promise<string> {
    return this.model.attempt(async () => {
      const now = await api.change(id, wanted);
      if (now) this.kiosks.value = (this.kiosks.value ?? []).map((k) => (k.id === id ? now : k));
      if (this.asking) void this.refresh(); // what is on its way may be from before
    });
  }

  tone(id: string): Promise<string> {
    return this.model.attempt(() => api.tone(id));
  }

  forget(id: string): Promise<string> {
    return this.model.attempt(async () => {
      await api.forget(id);
      await this.refresh();
    });
  }
}
