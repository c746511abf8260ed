// SPDX-License-Identifier: Apache-2.0
// One variant being played, in the worker: bytes -> Ogg packets -> decoder -> 48 kHz frames ->
// the phone's frames at the speed the page asks for. Decodes only what is asked; fetches ahead.
import { OpusDecoder } from "opus-decoder";
import { Backoff } from "../common/backoff";
import { OggReader, PACKET_MAX, type OpusHead, packetFrames, readOpusHead } from "./ogg";
import { type Wish, nextPiece } from "./ahead";
import { ContentError, PIECE_BYTES, type Pieces } from "./pieces";
import { Resampler } from "./resample";
import { Pcm } from "./pcm";
import { PRE_ROLL, type SeekEntry, entryAt, readSeekTable, seekEntry } from "./seek";

export interface Source {
  opus: string;
  seek: string;
  bytes: number;
  frames: number; // length of the variant; silence behind it
  fades?: Fades;
}

/** A cue's own fades, in frames of its track, whose length is that of the cue. */
export interface Fades {
  in: number;
  out: number;
  length: number;
}

const ramp = (k: number, n: number): number => {
  const t = Math.min(1, Math.max(0, (k + 0.5) / n));
  return t * t * (3 - 2 * t);
};

/** The gain at a frame of the track: what kiosks have there (player/playout/plan.c), to the sample. */
export function fadeGain(f: Fades, at: number): number {
  const left = f.length - 1 - at;
  return (f.in && at < f.in ? ramp(at, f.in) : 1) * (f.out && left < f.out ? ramp(left, f.out) : 1);
}

export interface Chunk {
  at: number; // track position of the first frame
  channels: Float32Array<ArrayBuffer>[];
  aheadMs: number; // fetched beyond this chunk
}

const WARM_FRAMES = 24_000; // half a second
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 5000; // a stream that waits longer is heard to
const SPOILT_MAX = 50; // packets in a row that do not decode: a second. One is a crackle, these are a fault

export class Stream {
  private head!: OpusHead;
  private table!: SeekEntry[];
  private decoder!: OpusDecoder<48000>;
  private readonly resampler: Resampler;

  private position = 0; // track frames, of the next output frame
  private reader = new OggReader();
  private packets: Uint8Array[] = [];
  private offset = 0; // next byte to read of the file
  private pcm!: Pcm;
  private scratch = new Float32Array(0); // what the resampler reads
  private soundFrom = 0; // before it the decoder had not converged
  private closed = false;
  private ready = false;
  private spoilt = 0;

  constructor(
    private readonly source: Source,
    private readonly pieces: Pieces,
    outputRate: number,
  ) {
    this.resampler = new Resampler(outputRate);
  }

  /** Fetches table, header and the bytes around `near`. */
  async open(near: number): Promise<void> {
    const { opus, seek, bytes } = this.source;
    const [table, first] = await Promise.all([this.pieces.table(seek), this.pieces.header(opus, bytes)]);
    const entries = readSeekTable(table);
    const head = readOpusHead(new OggReader().push(new Uint8Array(first))[0] ?? new Uint8Array(0));
    if (!entries || !head) throw new ContentError("bad");
    this.table = entries;
    this.head = head;
    this.pcm = new Pcm(head.channels);
    this.decoder = new OpusDecoder({
      channels: head.channels,
      streamCount: 1,
      coupledStreamCount: head.channels - 1,
      channelMappingTable: head.channels === 2 ? [0, 1] : [0],
      preSkip: 0,
      sampleRate: 48000,
    });
    await this.decoder.ready.catch(() => Promise.reject(new ContentError("decoder")));
    this.ready = true;
    this.rewind(near);
    await this.decodeTo(near + WARM_FRAMES); // so that the first chunk is there at once
  }

  /** The next chunk begins at track frame `frame` (a fraction is kept). */
  async seek(frame: number): Promise<void> {
    this.position = frame;
    const [first] = Resampler.span(frame, 1, 1);
    if (first >= this.soundFrom && first <= this.pcm.last + WARM_FRAMES) return; // goes on decoding
    await this.decoder.reset();
    this.rewind(frame);
  }

  /** Reads and decodes from the page for `frame` on; the decoder must be fresh. */
  private rewind(frame: number): void {
    const entry = seekEntry(this.table, Math.floor(frame));
    this.reader = new OggReader();
    this.packets = [];
    this.offset = Math.min(entry.offset, this.source.bytes);
    this.pcm.restart(entry.frame);
    this.soundFrom = entry === this.table[0] ? -Infinity : entry.frame + PRE_ROLL;
  }

  /** `n` output frames, each `step` track frames further. */
  async render(n: number, step: number): Promise<Chunk> {
    const at = this.position;
    const [first, last] = Resampler.span(at, step, n);
    await this.decodeTo(last);
    this.pcm.forget(first);
    this.soundFrom = Math.max(this.soundFrom, this.pcm.first);
    if (this.scratch.length < last - first) this.scratch = new Float32Array(last - first);
    const channels = Array.from({ length: this.pcm.channels }, (_, c) => {
      const out = new Float32Array(n);
      this.copy(c, first, last);
      this.resampler.run(this.scratch, first, at, step, out);
      if (this.head.gain !== 1) for (let i = 0; i < n; i++) out[i] = (out[i] as number) * this.head.gain;
      return out;
    });
    this.position = at + n * step;
    return { at, channels, aheadMs: this.aheadMs() };
  }

  /** Ends all waiting; what is under way fails. */
  close(): void {
    this.closed = true;
  }

  /** After close, when nothing is under way any more. */
  free(): void {
    if (this.ready) this.decoder.free();
    this.ready = false;
  }

  /** Exactly the frames first..last; silence where the track has none. */
  private copy(channel: number, first: number, last: number): void {
    this.pcm.copy(channel, first, last, this.scratch);
    if (first < 0) this.scratch.fill(0, 0, Math.min(last, 0) - first);
    if (last > this.source.frames) this.scratch.fill(0, Math.max(0, this.source.frames - first), last - first);
    const { fades } = this.source;
    if (!fades || (first >= fades.in && last <= fades.length - fades.out)) return;
    for (let i = 0; i < last - first; i++) this.scratch[i] = (this.scratch[i] as number) * fadeGain(fades, first + i);
  }

  private async decodeTo(frame: number): Promise<void> {
    const goal = Math.min(frame, this.source.frames);
    while (this.pcm.last < goal) {
      const packet = this.packets.shift();
      if (packet) this.decode(packet);
      else if (!(await this.readMore())) break;
    }
  }

  /** A packet that cannot be decoded becomes as much silence as it said it would be. */
  private decode(packet: Uint8Array): void {
    const frames = packetFrames(packet);
    if (frames > 0 && packet.length <= PACKET_MAX) {
      try {
        const { channelData, samplesDecoded } = this.decoder.decodeFrame(packet);
        if (samplesDecoded === frames) {
          this.spoilt = 0;
          return this.pcm.push(channelData, frames);
        }
      } catch {
        // falls through to silence
      }
    }
    if (++this.spoilt > SPOILT_MAX) throw new ContentError("decoder");
    this.pcm.push([], frames);
  }

  /** False at the end of the file. */
  private async readMore(): Promise<boolean> {
    if (this.offset >= this.source.bytes) return false;
    const index = Math.floor(this.offset / PIECE_BYTES);
    const piece = await this.pieceOf(index);
    const bytes = piece.subarray(this.offset - index * PIECE_BYTES);
    this.offset += bytes.length;
    for (const packet of this.reader.push(bytes)) if (!isHeader(packet)) this.packets.push(packet);
    return true;
  }

  /** Waits through network trouble: the page goes on by itself when the box is back. */
  private async pieceOf(index: number): Promise<Uint8Array> {
    const again = new Backoff(RETRY_FIRST_MS, RETRY_MAX_MS);
    for (;;) {
      try {
        return await this.pieces.get(this.source.opus, index, this.source.bytes);
      } catch (e) {
        if (this.closed || !(e instanceof ContentError) || e.code !== "network") throw e;
        await again.pause();
      }
    }
  }

  // --- ahead ---

  /** Sound in hand behind the next output frame, as far as the seek table tells. */
  private aheadMs(): number {
    const { opus, bytes, frames } = this.source;
    const end = this.pieces.missing(opus, Math.floor(this.offset / PIECE_BYTES), bytes) * PIECE_BYTES;
    const last = end >= bytes ? frames : Math.max(entryAt(this.table, end).frame, this.pcm.last);
    return Math.max(0, Math.round((last - this.position) / 48));
  }

  /** The next piece to fetch, when there is one. */
  wish(): Wish | null {
    return this.ready && !this.closed ? nextPiece(this.source, this.pieces, this.offset, this.aheadMs()) : null;
  }
}

function isHeader(p: Uint8Array): boolean {
  const tag = String.fromCharCode(...p.subarray(0, 8));
  return tag === "OpusHead" || tag === "OpusTags";
}
