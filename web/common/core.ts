// SPDX-License-Identifier: Apache-2.0
// The shared C core (web/core), loaded once per page: the house clock, the timeline, join codes.
// All arithmetic lives in C; this file only carries numbers across.
//
// Units: `local` is performance.now() in milliseconds; house times and positions are microseconds.
import type { State, Vec } from "./wire";

interface Exports {
  memory: WebAssembly.Memory;
  buffer(): number;
  buffer_bytes(): number;
  joincode(): number;
  clock_reset(epoch: number): void;
  clock_epoch(): number;
  clock_ask(t1Ns: number): number;
  clock_answer(length: number, t4Ns: number): number;
  clock_valid(): number;
  clock_interval_ms(): number;
  clock_house_us(localNs: number): number;
  clock_local_ns(houseUs: number): number;
  clock_uncertainty_us(localNs: number): number;
  clock_skew(): number;
  clock_rtt_us(): number;
  tl_set(which: number, cue: number, dur: number, p0: number, t0: number, rate: number): void;
  tl_set_next(has: number, at: number): void;
  tl_part_at(at: number): number;
  tl_position_us(which: number, at: number): number;
  tl_sounds(which: number, at: number): number;
  tl_end_us(which: number): number;
}

export const NOW = 0;
export const NEXT = 1;
export type Which = typeof NOW | typeof NEXT;

export type Answer = "refused" | "taken" | "anew";

const ns = (local: number): number => Math.round(local * 1e6);

export class Core {
  private readonly x: Exports;

  private constructor(x: Exports) {
    this.x = x;
    x.clock_reset(0);
  }

  static async load(wasm: BufferSource): Promise<Core> {
    const { instance } = await WebAssembly.instantiate(wasm, {});
    return new Core(instance.exports as unknown as Exports);
  }

  private get buffer(): Uint8Array {
    return new Uint8Array(this.x.memory.buffer, this.x.buffer(), this.x.buffer_bytes());
  }

  /** The nine digits of what a person typed, or null when it has a slip. */
  joinCode(typed: string): string | null {
    const buffer = this.buffer;
    const text = typed.replace(/\s/g, " ").trim();
    if (text.length >= buffer.length || /[^\x20-\x7e]/.test(text)) return null;
    buffer.fill(0);
    for (let i = 0; i < text.length; i++) buffer[i] = text.charCodeAt(i);
    if (!this.x.joincode()) return null;
    return String.fromCharCode(...this.buffer.subarray(0, 9));
  }

  /** Forgets the clock when `epoch` is another one than it was measured in. */
  setEpoch(epoch: number): void {
    if (this.x.clock_epoch() >>> 0 !== epoch) this.x.clock_reset(epoch);
  }

  get epoch(): number {
    return this.x.clock_epoch() >>> 0;
  }

  /** The next question to the box's clock, asked now. */
  ask(local: number): Uint8Array<ArrayBuffer> {
    const length = this.x.clock_ask(ns(local));
    return this.buffer.slice(0, length) as Uint8Array<ArrayBuffer>;
  }

  /** Takes an answer that arrived at `local`. "anew": the clock was forgotten before. */
  answer(bytes: Uint8Array, local: number): Answer {
    const buffer = this.buffer;
    if (bytes.length > buffer.length) return "refused";
    buffer.set(bytes);
    const got = this.x.clock_answer(bytes.length, ns(local));
    return got === 2 ? "anew" : got === 1 ? "taken" : "refused";
  }

  /** No house: this phone's own time stands in for house time (visitor/alone.ts). */
  alone = false;

  get valid(): boolean {
    return this.alone || this.x.clock_valid() !== 0;
  }
  get intervalMs(): number {
    return this.x.clock_interval_ms();
  }
  house(local: number): number {
    return this.alone ? local * 1000 : this.x.clock_house_us(ns(local));
  }
  local(house: number): number {
    return this.alone ? house / 1000 : this.x.clock_local_ns(house) / 1e6;
  }
  uncertaintyUs(local: number): number {
    return this.alone ? 0 : this.x.clock_uncertainty_us(ns(local));
  }
  /** House seconds per local second, minus one. */
  get skew(): number {
    return this.alone ? 0 : this.x.clock_skew();
  }
  get rttUs(): number {
    return this.x.clock_rtt_us();
  }

  /** Loads a room's state; what the methods below say holds for it until the next call. */
  setTimeline(s: State): void {
    const put = (which: Which, cue: number, dur: number, v: Vec): void =>
      this.x.tl_set(which, cue, dur, v.p0, v.t0, v.rate);
    put(NOW, s.cue, s.dur, s.vec);
    if (s.next) put(NEXT, s.next.cue, s.next.dur, s.next.vec);
    this.x.tl_set_next(s.next ? 1 : 0, s.next ? s.next.at : 0);
  }
  partAt(house: number): Which {
    return this.x.tl_part_at(house) ? NEXT : NOW;
  }
  position(which: Which, house: number): number {
    return this.x.tl_position_us(which, house);
  }
  sounds(which: Which, house: number): boolean {
    return this.x.tl_sounds(which, house) !== 0;
  }
  end(which: Which): number {
    return this.x.tl_end_us(which);
  }
}
