// SPDX-License-Identifier: Apache-2.0
// Leading against a house that is made up: whatever is lost or late, a wish is done at most once.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { signal } from "@preact/signals";
import type { Ack, FromServer, State } from "../common/wire";
import { Lead } from "../visitor/guide/lead";
import { Signs } from "../visitor/guide/signs";
import { random, seed } from "./support";

interface Said {
  type: string;
  cmd_id: string;
  do: string;
  fence?: number;
  cue?: number;
  position?: number;
  member?: string;
}

const ME = "m-me";
const CUES = 5;
const DUR = 60e6;

/** A room as the server keeps it, as far as one guide can tell, and the line to it. */
class House {
  readonly state = signal<State | null>(null);
  readonly member = signal(ME);
  up = true;
  deaf = false; // takes what is sent, and says nothing
  heard: Said[] = [];
  rev = 1;
  cue = 0;
  position = 20e6;
  mode: State["mode"] = "running";
  guide = "";
  fence = 0;
  at = 100e6;
  seen = new Map<string, { text: string; ack: Ack }>();
  lead: Lead;

  constructor() {
    this.lead = new Lead({
      state: this.state,
      member: this.member,
      send: (m) => this.up && this.take(m as Said),
      placeAt: () => ({ cue: this.cue, position: this.position }),
      now: () => this.at,
      durOf: () => DUR,
    });
    this.say({ type: "welcome", member: ME } as FromServer);
    this.tell();
  }

  say(m: FromServer): void {
    if (!this.up || this.deaf) return;
    if (m.type === "state") this.state.value = m;
    this.lead.take(m);
  }

  tell(): void {
    const state: State = {
      group: "g", epoch: 1, rev: this.rev, clock_epoch: 1, mode: this.mode, cue: this.cue, dur: DUR,
      vec: { p0: this.position, t0: this.at, rate: this.mode === "running" ? 1 : 0 },
    };
    if (this.guide !== "") state.guide = this.guide;
    this.say({ type: "state", ...state });
  }

  back(): void {
    this.up = true;
    this.deaf = false;
    this.say({ type: "welcome", member: ME } as FromServer);
    this.tell();
  }

  private ack(c: Said, more: object = {}): Ack {
    return { type: "ack", group: "g", cmd_id: c.cmd_id, epoch: 1, rev: ++this.rev, at: this.at, duplicate: false, ...more };
  }

  private refuse(c: Said, code: string): void {
    this.say({ type: "error", code, message: code, cmd_id: c.cmd_id });
  }

  take(c: Said): boolean {
    this.heard.push(c);
    if (c.type !== "command") return true;
    const text = JSON.stringify({ ...c, cmd_id: "" });
    const before = this.seen.get(c.cmd_id);
    if (before) {
      if (before.text === text) this.say({ ...before.ack, duplicate: true });
      else this.refuse(c, "id_conflict");
      return true;
    }
    const holds = this.guide === ME && c.fence === this.fence;
    if (c.do === "claim") {
      if (this.guide !== "" && this.guide !== ME) this.refuse(c, "lease_held");
      else {
        this.guide = ME;
        this.did(c, text, { fence: ++this.fence });
      }
    } else if (!holds) this.refuse(c, "fenced");
    else if (c.do === "renew") this.say(this.ack(c));
    else this.moveBy(c, text);
    return true;
  }

  private moveBy(c: Said, text: string): void {
    this.at += 1e6;
    if (c.do === "next" && this.cue + 1 >= CUES) return this.refuse(c, "out_of_range");
    if (c.do === "next") [this.cue, this.position] = [this.cue + 1, 0];
    if (c.do === "goto") [this.cue, this.position] = [c.cue ?? 0, c.position ?? 0];
    if (c.do === "seek") this.position = c.position ?? 0;
    if (c.do === "pause") this.mode = "held";
    if (c.do === "play") [this.mode, this.position] = ["running", c.position ?? this.position];
    if (c.do === "release") this.guide = "";
    if (c.do === "hand_over") this.guide = c.member ?? "";
    this.did(c, text);
  }

  private did(c: Said, text: string, more: object = {}): void {
    const ack = this.ack(c, more);
    this.seen.set(c.cmd_id, { text, ack });
    this.tell();
    this.say(ack);
  }

  of(op: string): Said[] {
    return this.heard.filter((c) => c.do === op);
  }
}

/** Timers and performance.now() of a test's own. */
function timed(name: string, play: (house: House, pass: (ms: number) => void) => void): void {
  test(name, () => {
    mock.timers.enable(["setTimeout", "setInterval"]);
    let now = 1000;
    const clock = mock.method(performance, "now", () => now);
    const house = new House();
    try {
      play(house, (ms) => {
        for (let left = ms; left > 0; left -= 50) {
          now += 50;
          mock.timers.tick(50);
        }
      });
    } finally {
      house.lead.close();
      clock.mock.restore();
      mock.timers.reset();
    }
  });
}

function leading(house: House): Lead {
  house.lead.claim();
  assert.equal(house.lead.who.value, "me");
  assert.equal(house.lead.claiming.value, false);
  return house.lead;
}

timed("a claim brings the lead, and it is renewed", (house, pass) => {
  leading(house);
  pass(5000);
  assert.equal(house.of("renew").length, 2);
  assert.ok(house.of("renew").every((c) => c.fence === 1));
});

timed("two guides: one leads, the other sees that somebody does", (house) => {
  house.guide = "m-anna";
  house.tell();
  house.lead.claim();
  assert.ok(house.lead.held.value);
  assert.equal(house.lead.who.value, "other");
  assert.equal(house.lead.claiming.value, false);
});

timed("a mistaken next is taken back to where it happened, for ten seconds", (house, pass) => {
  const lead = leading(house);
  lead.next();
  assert.equal(house.cue, 1);
  assert.deepEqual({ ...lead.undo.value, until: 0 }, { cue: 0, position: 20e6, until: 0 });
  lead.takeBack();
  assert.deepEqual([house.cue, house.position], [0, 20e6]);
  assert.equal(lead.undo.value, null, "what was taken back is not taken back");
  pass(700);
  lead.next();
  pass(9900);
  assert.ok(lead.undo.value);
  pass(200);
  assert.equal(lead.undo.value, null);
});

timed("what somebody else changes cannot be taken back", (house) => {
  const lead = leading(house);
  lead.next();
  assert.ok(lead.undo.value);
  [house.at, house.rev, house.cue] = [house.at + 5e6, house.rev + 1, 3];
  house.tell();
  assert.equal(lead.undo.value, null);
});

timed("a thumb that taps twice means it once", (house, pass) => {
  const lead = leading(house);
  lead.next();
  lead.next();
  pass(200);
  lead.next();
  assert.equal(house.cue, 1);
  pass(700);
  lead.next();
  assert.equal(house.cue, 2);
});

timed("going on begins two seconds before the pause", (house) => {
  const lead = leading(house);
  lead.pause();
  assert.equal(house.mode, "held");
  lead.play();
  assert.deepEqual([house.mode, house.position], ["running", 18e6]);
});

timed("a command whose answer is lost is repeated with its id when the line is back", (house, pass) => {
  const lead = leading(house);
  house.deaf = true;
  lead.next();
  assert.deepEqual(lead.pending.value, { wish: "next", phase: "sending" });
  assert.equal(house.cue, 1);
  house.up = false;
  pass(1000);
  house.back();
  assert.equal(house.cue, 1, "once");
  assert.equal(lead.pending.value, null);
  assert.equal(new Set(house.of("next").map((c) => c.cmd_id)).size, 1);
  assert.equal(house.of("next").length, 2);
});

timed("not sent: said so, and tapped again it is the same command", (house, pass) => {
  const lead = leading(house);
  house.deaf = true;
  lead.next();
  house.up = false;
  pass(5100);
  assert.deepEqual(lead.pending.value, { wish: "next", phase: "unsent" });
  house.back();
  assert.equal(house.of("next").length, 1, "nothing is sent by surprise");
  pass(100);
  lead.next();
  assert.equal(lead.pending.value, null);
  assert.equal(house.cue, 1, "once");
});

timed("another fence meanwhile: what was done stays done once", (house, pass) => {
  const lead = leading(house);
  house.deaf = true;
  lead.next();
  house.up = false;
  pass(300);
  house.fence++; // this guide, from another tab
  house.back();
  pass(100);
  assert.equal(house.cue, 1);
  pass(6000);
  lead.next();
  pass(100);
  assert.ok(house.cue <= 2);
});

timed("refusals are said and end the wish", (house, pass) => {
  const lead = leading(house);
  house.cue = CUES - 1;
  lead.next();
  assert.equal(lead.refused.value, "out_of_range");
  assert.equal(lead.pending.value, null);
  assert.equal(lead.undo.value, null);
  pass(700);
  lead.pause();
  assert.equal(lead.refused.value, "");
});

timed("handed over: the other leads; handed back: a fence of its own", (house, pass) => {
  const lead = leading(house);
  lead.handOver("m-anna");
  assert.equal(lead.who.value, "other");
  assert.ok(lead.taken.value);
  lead.next();
  house.guide = ME;
  house.fence++;
  pass(700);
  house.tell();
  assert.equal(lead.who.value, "me");
  pass(700);
  lead.next();
  assert.equal(house.cue, 1);
  lead.release();
  assert.equal(lead.who.value, "nobody");
});

// Lines that break at any moment, answers that are lost, guides who tap again: the room has moved by
// as many stops as there were wishes, or by less; and never by one more.
timed("whatever is lost, no wish is done twice", (house, pass) => {
  const chance = random(seed());
  const lead = leading(house);
  let wishes = 0;
  for (let round = 0; round < 400; round++) {
    const before = house.cue;
    const already = lead.pending.value?.wish === "next";
    if (!already) wishes++;
    if (chance() < 0.4) house.deaf = true;
    if (chance() < 0.3) house.up = false;
    lead.next();
    const times = Math.floor(chance() * 4);
    for (let i = 0; i < times; i++) {
      pass(Math.floor(chance() * 40) * 50);
      if (chance() < 0.5) lead.next();
      if (chance() < 0.5) house.back();
    }
    if (chance() < 0.2) house.fence++;
    house.back();
    pass(700);
    for (let i = 0; i < 20 && lead.pending.value; i++) {
      lead.next();
      pass(700);
    }
    assert.equal(lead.pending.value, null);
    const ids = new Set(house.of("next").map((c) => c.cmd_id));
    assert.ok(house.cue - before <= ids.size, "each id moved the group at most once");
    house.heard = [];
    house.cue = 0;
    house.tell();
  }
  assert.ok(wishes > 0);
});

test("a visitor's hand goes up again when the line is back, and down when the guide lowers it", () => {
  const said: object[] = [];
  const signs = new Signs((m) => said.push(m) > 0);
  signs.raise(true);
  signs.take({ type: "hand", up: true, number: 4 });
  assert.deepEqual([signs.hand.value, signs.number.value], [true, 4]);
  signs.take({ type: "welcome", role: "visitor" } as FromServer);
  assert.equal(said.length, 2);
  signs.take({ type: "hand", up: false });
  signs.take({ type: "welcome", role: "visitor" } as FromServer);
  assert.equal(said.length, 2);
  assert.equal(signs.number.value, 0);
  signs.lead("123456");
  signs.take({ type: "error", code: "wrong_pin", message: "" });
  assert.equal(signs.wrongPin.value, "wrong_pin");
});
