// SPDX-License-Identifier: Apache-2.0
// Fetches ahead of what is played: one piece at a time, always for whoever runs dry first, and the
// faster the less is in hand. Fifty phones that come at once all get their first seconds before
// anybody gets minutes.
//
//   in hand        fetched
//   < 15 s         at once, piece after piece
//   < 60 s         three times as fast as it is played
//   < 5 min        one and a half times as fast
//
// The pauses are random by a fifth, so that fifty phones do not ask in step.
import type { Coming } from "./coming";
import { ContentError, PIECE_BYTES, type Pieces } from "./pieces";
import { readSeekTable, seekEntry } from "./seek";
import type { Source } from "./stream";

export const HEAD_MS = 15_000;
const CALM_MS = 60_000;
const CALM_SPEED = 3;
const FAR_SPEED = 1.5;
const FULL_MS = 300_000;
const FULL_PIECES = 104; // 3.25 MiB of the 4 that are kept (pieces.ts); five minutes at 90 kbit/s
const IDLE_MS = 500;
const FAILED_MS = 1000;

/** What somebody wants next. */
export interface Wish {
  leftMs: number; // sound in hand until it is needed
  pieceMs: number; // how long a piece sounds
  load(): Promise<unknown>;
}

export function bytesPerMs(source: Source): number {
  return (source.bytes * 48) / Math.max(1, source.frames);
}

/** The next piece of a file that is read at byte `from` and not here; null: enough is in hand. */
export function nextPiece(source: Source, pieces: Pieces, from: number, leftMs: number): Wish | null {
  const first = Math.floor(from / PIECE_BYTES);
  const index = pieces.missing(source.opus, first, source.bytes);
  if (index * PIECE_BYTES >= source.bytes || leftMs >= FULL_MS || index - first >= FULL_PIECES) return null;
  const pieceMs = PIECE_BYTES / bytesPerMs(source);
  return { leftMs, pieceMs, load: () => pieces.bring(source.opus, index, source.bytes) };
}

/** The first seconds of what may come next, from where it would begin. */
export function headOf(coming: Coming, pieces: Pieces): Wish | null {
  const { source } = coming;
  const leftMs = coming.held ? headMs(coming, pieces) : CALM_MS; // those who play come first, up to a minute
  const small = (load: () => Promise<unknown>): Wish => ({ leftMs, pieceMs: 0, load });
  if (!pieces.tableHere(source.seek)) return small(() => pieces.table(source.seek));
  if (coming.held && !pieces.headerHere(source.opus)) return small(() => pieces.header(source.opus, source.bytes));
  return headMs(coming, pieces) < HEAD_MS ? nextPiece(source, pieces, beginOf(coming, pieces), leftMs) : null;
}

/** How much of it is in hand, ms; a whole head when less than that is left of it. */
export function headMs(coming: Coming, pieces: Pieces): number {
  const { source } = coming;
  if (!pieces.tableHere(source.seek)) return 0;
  const from = beginOf(coming, pieces);
  const end = pieces.missing(source.opus, Math.floor(from / PIECE_BYTES), source.bytes) * PIECE_BYTES;
  return end >= source.bytes ? HEAD_MS : Math.max(0, end - from) / bytesPerMs(source);
}

const begins = new WeakMap<Coming, number>(); // asked several times a second

function beginOf(coming: Coming, pieces: Pieces): number {
  let begin = begins.get(coming);
  if (begin === undefined) {
    const bytes = pieces.tableHere(coming.source.seek);
    const table = bytes && readSeekTable(bytes);
    begin = table ? seekEntry(table, coming.near).offset : 0;
    if (bytes) begins.set(coming, begin);
  }
  return begin;
}

export function pauseMs(wish: Wish, random = Math.random()): number {
  if (wish.leftMs < HEAD_MS) return 0;
  const speed = wish.leftMs < CALM_MS ? CALM_SPEED : FAR_SPEED;
  return (wish.pieceMs / speed) * (0.8 + 0.4 * random);
}

export class Ahead {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private dueAt = 0;

  constructor(private readonly wishes: () => (Wish | null)[]) {}

  /** Something changed: perhaps there is more to do, or it is more urgent. */
  look(): void {
    if (this.busy) return;
    clearTimeout(this.timer);
    const wish = this.wishes().reduce((a, b) => (!a || (b && b.leftMs < a.leftMs) ? b : a), null);
    const now = performance.now();
    if (!wish) this.timer = setTimeout(() => this.look(), IDLE_MS);
    else if (wish.leftMs >= HEAD_MS && now < this.dueAt) this.timer = setTimeout(() => this.look(), this.dueAt - now);
    else void this.load(wish);
  }

  private async load(wish: Wish): Promise<void> {
    this.busy = true;
    try {
      await wish.load();
      this.dueAt = performance.now() + pauseMs(wish);
      this.busy = false;
      this.look();
    } catch (e) {
      if (!(e instanceof ContentError)) throw e;
      this.busy = false;
      this.timer = setTimeout(() => this.look(), FAILED_MS); // the reader says so, should it matter
    }
  }
}
