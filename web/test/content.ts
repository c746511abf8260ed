// SPDX-License-Identifier: Apache-2.0
// Content for the unit tests: a track of silence, a tour of such tracks, and what serves them.
import type { Tour } from "../common/tour";
import type { Mode, State } from "../common/wire";

const PRE_SKIP = 312;
const TOUR_TRACK_S = 300;
export const SEEK = "b".repeat(64);

/** Names the n-th track. */
export const hash = (n: number): string => `${n}`.padStart(64, "a");

/** 20 ms of silence in 160 bytes: full band, code 3, one frame of two bytes, 155 of padding. */
function packet(): Uint8Array {
  const p = new Uint8Array(160);
  p.set([0xfb, 0x41, 155, 0xff, 0xfe]);
  return p;
}

function page(...packets: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(packets);
  const head = Buffer.alloc(27 + packets.length);
  head.write("OggS");
  head[26] = packets.length;
  packets.forEach((p, i) => (head[27 + i] = p.length));
  return Buffer.concat([head, body]);
}

/** The track and its seek table, a page a second. */
export function makeTrack(seconds: number): { opus: Buffer; seek: ArrayBuffer } {
  const head = Buffer.alloc(19);
  head.write("OpusHead");
  head.set([1, 1], 8); // version, mono
  head.writeUInt16LE(PRE_SKIP, 10);
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.alloc(16);
  tags.write("OpusTags");
  const front = Buffer.concat([page(head), page(tags)]);
  const second = page(...Array.from({ length: 50 }, packet));
  const opus = Buffer.concat([front, ...Array.from({ length: seconds }, () => second)]);
  const seek = new DataView(new ArrayBuffer(seconds * 8));
  for (let i = 0; i < seconds; i++) {
    seek.setUint32(i * 8, front.length + i * second.length, true);
    seek.setInt32(i * 8 + 4, i * 48_000 - PRE_SKIP, true);
  }
  return { opus, seek: seek.buffer };
}

/** Serves the track under every name. What is asked for by range goes into the list. */
export function serve(track = makeTrack(TOUR_TRACK_S)): [number, number][] {
  const asked: [number, number][] = [];
  globalThis.fetch = (path, options) => {
    if (String(path).endsWith(".seek")) return Promise.resolve(new Response(track.seek));
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(new Headers(options?.headers).get("Range") ?? "") ?? [];
    asked.push([Number(from), Number(to)]);
    return Promise.resolve(new Response(new Uint8Array(track.opus.subarray(Number(from), Number(to) + 1)), { status: 206 }));
  };
  return asked;
}

/** Of so many stops, each with a track of its own. */
export function asTour(stops: number): Tour {
  const bytes = makeTrack(TOUR_TRACK_S).opus.length;
  const dur_us = TOUR_TRACK_S * 1e6;
  const cues = Array.from({ length: stops }, (_, n) => ({
    id: `c${n}`, on_end: "next", title: { en: `${n}` }, dur_us,
    variants: [{ lang: "en", dur_us, bytes, opus: hash(n), seek: SEEK }],
  }));
  return { id: "t", title: { en: "t" }, cues };
}

export function asState(of: { mode: Mode; cue: number; p0: number; rate: 0 | 1 }): State {
  const { mode, cue, p0, rate } = of;
  return { group: "g", epoch: 1, rev: 1, clock_epoch: 1, mode, cue, dur: TOUR_TRACK_S * 1e6, vec: { p0, t0: 0, rate } };
}
