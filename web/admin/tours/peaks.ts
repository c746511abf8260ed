// SPDX-License-Identifier: Apache-2.0
// The outline of a recording (content/ingest/peaks.h), for the editor's picture of a cue.
import { type Peaks, readPeaks } from "../library/waveform";

const known = new Map<string, Promise<Peaks | null>>();

/** Null when it cannot be had. */
export function peaksOf(hash: string): Promise<Peaks | null> {
  const had = known.get(hash);
  if (had) return had;
  const asked = fetch(`/content/${hash}.peaks`)
    .then(async (r) => (r.ok ? readPeaks(await r.arrayBuffer()) : null))
    .catch(() => null);
  known.set(hash, asked);
  return asked;
}

/** The outline as the points of an SVG polygon of `width` by 2, its axis at 1; `dur_us` from left to right. */
export function outline(p: Peaks, dur_us: number, width: number): string {
  const perPoint = (p.span * 1e6) / 48_000 / dur_us; // of the width
  const top: string[] = [];
  const bottom: string[] = [];
  for (let x = 0; x < width; x++) {
    const from = Math.floor(x / width / perPoint);
    const to = Math.max(from + 1, Math.floor((x + 1) / width / perPoint));
    let most = 0;
    for (let i = from; i < to; i++) most = Math.max(most, p.top[i] ?? 0);
    const h = Math.max(0.02, most / 255);
    top.push(`${x},${(1 - h).toFixed(3)}`);
    bottom.unshift(`${x},${(1 + h).toFixed(3)}`);
  }
  return [...top, ...bottom].join(" ");
}
