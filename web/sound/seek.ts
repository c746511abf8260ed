// SPDX-License-Identifier: Apache-2.0
// The seek table of a variant (docs/PROTOCOL.md, "Content"): where in the .opus file decoding must
// begin for a frame.

const ENTRY_BYTES = 8;
const ENTRIES_MAX = 50_000; // about a second each: longer than any track
export const PRE_ROLL = 3840; // 80 ms: an Opus decoder has converged by then (RFC 7845, 4.6)

export interface SeekEntry {
  offset: number; // of a page in the file, bytes
  frame: number; // first that decodes from it
}

/** Null when it is no table: empty, ragged, or not ascending. */
export function readSeekTable(data: ArrayBuffer): SeekEntry[] | null {
  const n = data.byteLength / ENTRY_BYTES;
  if (!Number.isInteger(n) || n < 1 || n > ENTRIES_MAX) return null;
  const view = new DataView(data);
  const out: SeekEntry[] = [];
  for (let i = 0; i < n; i++) {
    const entry = {
      offset: view.getUint32(i * ENTRY_BYTES, true),
      frame: view.getInt32(i * ENTRY_BYTES + 4, true), // the first one is minus pre-skip
    };
    const last = out[i - 1];
    if (last && (entry.offset <= last.offset || entry.frame < last.frame)) return null;
    out.push(entry);
  }
  return out;
}

/** Where to begin so that `frame` is decoded well. */
export function seekEntry(table: readonly SeekEntry[], frame: number): SeekEntry {
  return lastOf(table, (e) => e.frame <= frame - PRE_ROLL);
}

/** The last entry that begins at or before byte `offset`: all before its frame is in those bytes. */
export function entryAt(table: readonly SeekEntry[], offset: number): SeekEntry {
  return lastOf(table, (e) => e.offset <= offset);
}

function lastOf(table: readonly SeekEntry[], holds: (e: SeekEntry) => boolean): SeekEntry {
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (holds(table[mid] as SeekEntry)) low = mid;
    else high = mid - 1;
  }
  return table[low] as SeekEntry;
}
