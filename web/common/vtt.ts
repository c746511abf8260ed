// SPDX-License-Identifier: Apache-2.0
// Captions: the part of WebVTT that people write. Cues with times and plain lines; tags are taken
// off, settings, styles, regions and notes are skipped. Bounded in every direction.

export interface Caption {
  start: number; // us of position
  end: number;
  text: string;
}

const BYTES_MAX = 512 * 1024;
const CAPTIONS_MAX = 5000;
const TEXT_MAX = 500;

const TIMING = /^\s*(?:(\d{1,3}):)?(\d{2}):(\d{2})\.(\d{3})\s+-->\s+(?:(\d{1,3}):)?(\d{2}):(\d{2})\.(\d{3})(?:\s|$)/;

const ENTITIES: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&nbsp;": "\u00a0",
  "&lrm;": "\u200e",
  "&rlm;": "\u200f",
};

function plain(text: string): string {
  return text
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:amp|lt|gt|nbsp|lrm|rlm);/g, (e) => ENTITIES[e] ?? e)
    .trim()
    .slice(0, TEXT_MAX);
}

function micros(h: string | undefined, m: string, s: string, ms: string): number {
  return ((Number(h ?? 0) * 60 + Number(m)) * 60 + Number(s)) * 1e6 + Number(ms) * 1e3;
}

/** In order of their start. What cannot be read is left out; no captions at all give []. */
export function readVtt(source: string): Caption[] {
  const text = source.slice(0, BYTES_MAX).replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  if (!/^WEBVTT(?:[ \t\n]|$)/.test(text)) return [];
  const out: Caption[] = [];
  for (const block of text.split(/\n{2,}/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => line.includes("-->"));
    const m = at >= 0 && at <= 1 ? TIMING.exec(lines[at] as string) : null;
    if (!m) continue;
    const start = micros(m[1], m[2] as string, m[3] as string, m[4] as string);
    const end = micros(m[5], m[6] as string, m[7] as string, m[8] as string);
    const words = plain(lines.slice(at + 1).join("\n"));
    if (end > start && words !== "") out.push({ start, end, text: words });
    if (out.length >= CAPTIONS_MAX) break;
  }
  return out.sort((a, b) => a.start - b.start);
}

/** Index of the caption at a position, or of the last one before it; -1 before the first. */
export function captionAt(captions: readonly Caption[], position: number): number {
  let low = 0;
  let high = captions.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((captions[mid] as Caption).start <= position) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}
