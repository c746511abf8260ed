// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Facts, troubleOf } from "../visitor/trouble";

const WELL: Facts = {
  noAudio: false, sound: "on", line: "joined", joined: true, alone: false, lostLong: false, full: false,
  restarting: false, heldS: 20, waitS: 0, tourMissing: false, failed: "", storage: true,
};

test("each cause has its own word, and none has none", () => {
  const causes: [Partial<Facts>, string | null][] = [
    [{}, null],
    [{ noAudio: true }, "no_audio"],
    [{ sound: "blocked" }, "blocked"],
    [{ sound: "interrupted" }, "interrupted"],
    [{ line: "waiting" }, "reconnecting"],
    [{ line: "waiting", restarting: true }, "restarting"],
    [{ line: "connecting", full: true }, "full"],
    [{ line: "waiting", lostLong: true }, "away"],
    [{ line: "waiting", lostLong: true, heldS: null }, "away"],
    [{ line: "waiting", lostLong: true, heldS: 0 }, "dry"],
    [{ line: "waiting", alone: true }, "alone"],
    [{ tourMissing: true }, "no_tour"],
    [{ failed: "missing" }, "no_track"],
    [{ failed: "network" }, "slow"],
    [{ waitS: 3.9 }, null],
    [{ waitS: 4 }, "slow"],
    [{ failed: "bad" }, "bad_track"],
    [{ failed: "decoder" }, "decoder"],
    [{ failed: "worker" }, "worker"],
    [{ storage: false }, "no_storage"],
    [{ joined: false, line: "connecting" }, null],
  ];
  for (const [cause, word] of causes) assert.equal(troubleOf({ ...WELL, ...cause }), word, JSON.stringify(cause));
});

test("what wants a hand is said before what heals by itself", () => {
  assert.equal(troubleOf({ ...WELL, sound: "blocked", line: "waiting", failed: "network" }), "blocked");
});
