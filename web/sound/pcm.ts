// SPDX-License-Identifier: Apache-2.0
// Decoded sound waiting to be resampled: track frames first..last of every channel, in arrays that are
// used again and again. A worker that makes new ones for every quarter of a second leaves its garbage
// lying until the phone is short of memory.
export class Pcm {
  private data: Float32Array[];
  private begin = 0; // index of frame `first`
  private end = 0; // index behind the last
  first = 0;

  constructor(channels: number, capacity = 48_000) {
    this.data = Array.from({ length: channels }, () => new Float32Array(capacity));
  }

  get channels(): number {
    return this.data.length;
  }
  /** Track frame behind the last one here. */
  get last(): number {
    return this.first + this.end - this.begin;
  }

  /** Empty; the next frame pushed is `first`. */
  restart(first: number): void {
    this.begin = this.end = 0;
    this.first = first;
  }

  /** Adds `n` frames; silence for a channel that has none. */
  push(decoded: readonly Float32Array[], n: number): void {
    this.makeRoom(n);
    this.data.forEach((data, c) => {
      const from = decoded[c];
      if (from) data.set(from.subarray(0, n), this.end);
      else data.fill(0, this.end, this.end + n);
    });
    this.end += n;
  }

  private makeRoom(n: number): void {
    const capacity = this.data[0]?.length ?? 0;
    if (this.end + n <= capacity) return;
    const used = this.end - this.begin;
    if (used + n > capacity / 2)
      this.data = this.data.map((old) => {
        const wider = new Float32Array(Math.max(capacity * 2, used + n));
        wider.set(old.subarray(this.begin, this.end));
        return wider;
      });
    else for (const data of this.data) data.copyWithin(0, this.begin, this.end);
    this.begin = 0;
    this.end = used;
  }

  /** Frames before `frame` are not needed any more. */
  forget(frame: number): void {
    const drop = Math.max(0, Math.min(frame - this.first, this.end - this.begin));
    this.begin += drop;
    this.first += drop;
  }

  /** Copies frames from..to of a channel into `out`; silence where there are none. */
  copy(channel: number, from: number, to: number, out: Float32Array): void {
    const data = this.data[channel] as Float32Array;
    out.fill(0, 0, to - from);
    const a = Math.max(from, this.first);
    const b = Math.min(to, this.last);
    if (b > a) out.set(data.subarray(this.begin + a - this.first, this.begin + b - this.first), a - from);
  }
}
