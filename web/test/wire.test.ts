// SPDX-License-Identifier: Apache-2.0
// The page reads what docs/PROTOCOL.md shows, and refuses what it must not believe.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { NEXT } from "../common/core";
import { chooseVariant, languages, readTour, titleIn } from "../common/tour";
import { type Part, type State, newer, readReport, readState } from "../common/wire";
import { readMessage } from "../common/wire_staff";
import { readAudience } from "../visitor/guide/audience";
import { loadCore, repo } from "./support";

interface Example {
  name: string;
  text: string;
}

function examples(): Example[] {
  const doc = readFileSync(repo("docs/PROTOCOL.md"), "utf8");
  return [...doc.matchAll(/```json (\w+)\n([\s\S]*?)\n```/g)].map((m) => ({ name: m[1] as string, text: m[2] as string }));
}

const FROM_SERVER = ["welcome", "session", "state", "ack", "error", "bye", "zone", "hand", "ask", "audience", "guide", "house"];

/** As the page that wants it reads it. */
function read(text: string): { type: string } | null {
  const m = readMessage(text);
  return m?.type !== "audience" || readAudience(m.said) ? m : null;
}

test("every example of the server's words is read", () => {
  const seen = new Set<string>();
  for (const { name, text } of examples()) {
    if (!FROM_SERVER.includes(name)) continue;
    seen.add(name);
    assert.equal(read(text)?.type, name, text);
  }
  assert.deepEqual([...seen].sort(), [...FROM_SERVER].sort());
});

test("a state is read as it is written", () => {
  for (const { text } of examples().filter((e) => e.name === "state")) {
    const { type, ...rest } = JSON.parse(text) as State & { type: string };
    assert.equal(type, "state");
    assert.deepEqual(readState(rest), rest);
  }
});

test("reports and the tour of the examples are read", () => {
  const report = examples().find((e) => e.name === "report");
  const { type, ...rest } = JSON.parse(report?.text ?? "{}") as Record<string, unknown>;
  assert.equal(type, "report");
  assert.deepEqual(readReport(rest), rest);
  const house = readMessage(examples().find((e) => e.name === "house")?.text ?? "");
  assert.deepEqual(house?.type === "house" && house.certificate, { state: "soon", daysLeft: 20 });
  assert.equal(house?.type === "house" && house.groups[0]?.members[0]?.report?.error_us, -3);
  const tour = readTour(JSON.parse(examples().find((e) => e.name === "tour")?.text ?? "{}"));
  assert.equal(tour?.cues[0]?.variants[0]?.lang, "en");
});

test("golden messages: what the server may say is read as in C", () => {
  const { messages } = JSON.parse(readFileSync(repo("tests/vectors/wire.json"), "utf8")) as {
    messages: { text: string; result: string }[];
  };
  const ours = messages.filter((m) => FROM_SERVER.some((type) => m.text.includes(`"type":"${type}"`)));
  assert.ok(ours.length > 0);
  for (const { text, result } of ours) assert.equal(read(text) !== null, result === "ok", text);
});

test("golden timelines: the WebAssembly core says what the C says", async () => {
  const core = await loadCore();
  const { cases } = JSON.parse(readFileSync(repo("tests/vectors/timeline.json"), "utf8")) as {
    cases: {
      name: string; now: Part; next?: Part & { at: number };
      at: number; cue: number; position: number; sounds: boolean;
    }[];
  };
  assert.ok(cases.length > 0);
  for (const c of cases) {
    const state = { group: "g", epoch: 1, rev: 1, clock_epoch: 1, ...c.now, ...(c.next ? { next: c.next } : {}) };
    core.setTimeline(state);
    const which = core.partAt(c.at);
    assert.equal((which === NEXT ? c.next : c.now)?.cue, c.cue, c.name);
    assert.equal(core.position(which, c.at), c.position, c.name);
    assert.equal(core.sounds(which, c.at), c.sounds, c.name);
  }
});

test("what is out of shape is refused", () => {
  const text = examples().find((e) => e.name === "state")?.text ?? "";
  const good = JSON.parse(text) as Record<string, unknown>;
  const broken: [string, unknown][] = [
    ["group", "../x"], ["epoch", -1], ["rev", 1.5], ["rev", 2 ** 53], ["mode", "rolling"], ["cue", -2],
    ["cue", 200], ["dur", "75"], ["tour", "abc"], ["vec", { p0: -1, t0: 0, rate: 1 }],
    ["vec", { p0: 0, t0: 0, rate: 2 }], ["next", { at: 1 }], ["next", []], ["clock_epoch", null],
  ];
  for (const [key, value] of broken)
    assert.equal(readMessage(JSON.stringify({ ...good, [key]: value })), null, `${key}: ${JSON.stringify(value)}`);
  assert.ok(readMessage(JSON.stringify({ ...good, later: "field" })), "unknown fields are skipped");
  for (const bad of ["", "null", "[]", "{", '{"type":"dance"}']) assert.equal(readMessage(bad), null);
});

test("only newer states replace", () => {
  const s = (epoch: number, rev: number): State => ({
    group: "g", epoch, rev, clock_epoch: 1, mode: "void", cue: -1, dur: 0, vec: { p0: 0, t0: 0, rate: 0 },
  });
  assert.ok(newer(s(1, 2), null));
  assert.ok(newer(s(1, 3), s(1, 2)));
  assert.ok(newer(s(2, 0), s(1, 9)));
  assert.ok(!newer(s(1, 2), s(1, 2)));
  assert.ok(!newer(s(1, 9), s(2, 0)));
});

test("a variant is chosen as the C side chooses: exact, base, first", () => {
  const hash = "a".repeat(64);
  const cue = {
    id: "c", on_end: "stop", title: { en: "T" }, dur_us: 1,
    variants: ["en", "pt-br", "pt", "de"].map((lang) => ({ lang, dur_us: 1, bytes: 1, opus: hash, seek: hash })),
  };
  assert.equal(chooseVariant(cue, "pt").lang, "pt");
  assert.equal(chooseVariant(cue, "pt-br").lang, "pt-br");
  assert.equal(chooseVariant(cue, "pt-pt").lang, "pt-br");
  assert.equal(chooseVariant(cue, "de-ch").lang, "de");
  assert.equal(chooseVariant(cue, "fr").lang, "en");
  assert.equal(chooseVariant(cue, "").lang, "en");
  assert.equal(titleIn({ en: "Loom", de: "Webstuhl" }, "de-at"), "Webstuhl");
  assert.deepEqual(languages({ id: "t", title: { en: "T" }, cues: [cue, cue] }), ["en", "pt-br", "pt", "de"]);
});
