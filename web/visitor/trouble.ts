// SPDX-License-Identifier: Apache-2.0
// What is wrong, in one word: the most pressing thing, or nothing. Each goes by itself when its
// cause does. The view has a sentence for each.
import type { LinkState } from "../common/link";
import type { Failure } from "../sound/messages";
import type { Sound } from "./listening";

export type Trouble =
  | "no_audio" // this browser gives no sound at all: read along
  | "blocked" // the sound waits for a tap
  | "interrupted" // a call has the sound; it comes back by itself, or with a tap
  | "away" // no house for a while; `heard.heldS` seconds are still in hand
  | "dry" // no house for a while, and nothing left to play
  | "alone" // no house: the visitor plays what this phone has kept
  | "full" // the house is full and asks to wait; the sound plays on
  | "restarting" // the house said that it comes back in a moment
  | "reconnecting" // the line is down since a moment
  | "no_tour" // the house has no tour document for this group (yet)
  | "no_track" // the house has no file for this stop (yet)
  | "bad_track" // the file is none that can be played
  | "decoder" // this browser cannot decode
  | "worker" // the sound's worker broke
  | "slow" // the network does not bring the sound fast enough
  | "no_storage"; // nothing can be kept on this phone: a reload is a new visitor

const SLOW_S = 4;

export interface Facts {
  noAudio: boolean;
  sound: Sound;
  line: LinkState;
  joined: boolean; // there is a group on the page
  alone: boolean;
  lostLong: boolean;
  full: boolean;
  restarting: boolean;
  heldS: number | null; // null: nothing is being played
  waitS: number; // for sound that should be there
  tourMissing: boolean;
  failed: "" | Failure;
  storage: boolean;
}

const FAILED: Record<Failure, Trouble> = {
  missing: "no_track",
  network: "slow",
  bad: "bad_track",
  decoder: "decoder",
  worker: "worker",
};

export function troubleOf(f: Facts): Trouble | null {
  if (f.noAudio) return "no_audio";
  if (f.sound === "blocked" || f.sound === "interrupted") return f.sound;
  if (f.alone) return "alone";
  if (f.joined && f.line !== "joined") {
    if (f.full) return "full";
    if (f.lostLong) return f.heldS === 0 ? "dry" : "away";
    return f.restarting ? "restarting" : "reconnecting";
  }
  if (f.tourMissing) return "no_tour";
  if (f.failed) return FAILED[f.failed];
  if (f.waitS >= SLOW_S) return "slow";
  return f.storage ? null : "no_storage";
}
