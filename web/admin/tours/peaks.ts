// SPDX-License-Identifier: Apache-2.0
// The outline of a recording: /content/HASH.peaks, one byte per 10 ms or more, the largest magnitude of that time
// (0 silence, 255 full scale), evenly over the whole length.

const BYTES_MAX = 4 * 3600 * 100;
const known = new Map<string, Promise<Uint8Array | null>>();

/** Null when it cannot be had. */
export function peaksOf(hash: string): Promise<Uint8Array | null> {
  const had = known.get(hash);
  if (had) return had;
  const asked = fetch(`/content/${hash}.peaks`)
    .then(async (r) => (r.ok ? new Uint8Array(await r.arrayBuffer()) : null))
    .then((b) => (b && b.length > 0 && b.length <= BYTES_MAX ? b : null))
    .catch(() => null);
  known.set(hash, asked);
  return asked;
}

/** The outline as the points of an SVG polygon of `width` by 2, its axis at 1. */
export function outline(peaks: Uint8Array, width: number): string {
  const top: string[] = [];
  const bottom: string[] = [];
  for (let x = 0; x < width; x++) {
    const from = Math.floor((x * peaks.length) / width);
    const to = Math.max(from + 1, Math.floor(((x + 1) * peaks.length) / width));
    let most = 0;
    for (let i = from; i < to; i++) most = Math.max(most, peaks[i] ?? 0);
    const h = Math.max(0.02, most / 255);
    top.push(`${x},${(1 - h).toFixed(3)}`);
    bottom.unshift(`${x},${(1 + h).toFixed(3)}`);
  }
  return [...top, ...bottom].join(" ");
}
