// SPDX-License-Identifier: Apache-2.0
// Ogg pages to Opus packets (RFC 3533, RFC 7845), fed with bytes as they come, beginning at a page.
//
//   page:  'OggS' 0 flags | granule i64 | serial u32 | sequence u32 | crc u32 | n | n segment sizes
//   packet: segments of 255 bytes and one shorter; it may go on in the next page.
//
// The input is hostile: whatever is not a page is skipped up to the next 'OggS', and no packet or
// backlog grows beyond its ceiling. The checksum is not looked at: content is named by its SHA-256
// and a damaged packet can at worst sound bad.

export const PACKET_MAX = 61_440; // the longest an Opus packet can be: 48 frames of 1,275 and change
const HEADER_BYTES = 27;
const PAGE_MAX = HEADER_BYTES + 255 + 255 * 255;
const BACKLOG_MAX = 4 * PAGE_MAX;

const CONTINUED = 1;

export class OggReader {
  private buffer: Uint8Array = new Uint8Array(0);
  private partial: Uint8Array[] | null = null; // of a packet that goes on; null: wait for a new one
  private partialBytes = 0;
  /** Bytes that belonged to no page. */
  skipped = 0;

  /** Takes bytes and gives the packets that are complete with them. */
  push(bytes: Uint8Array): Uint8Array[] {
    const joined = new Uint8Array(this.buffer.length + bytes.length);
    joined.set(this.buffer);
    joined.set(bytes, this.buffer.length);
    const packets: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const page = findPage(joined, at);
      this.skipped += page.at - at;
      at = page.at;
      if (page.length === 0) break;
      this.readPage(joined.subarray(at, at + page.length), packets);
      at += page.length;
    }
    // A page can never need more than this; anything beyond it is not Ogg.
    const rest = Math.min(joined.length - at, BACKLOG_MAX);
    this.buffer = joined.slice(joined.length - rest);
    return packets;
  }

  private readPage(page: Uint8Array, packets: Uint8Array[]): void {
    const segments = page[26] as number;
    let at = HEADER_BYTES + segments;
    if (((page[5] as number) & CONTINUED) === 0) this.startPacket();
    for (let i = 0; i < segments; i++) {
      const size = page[HEADER_BYTES + i] as number;
      this.addSegment(page.subarray(at, at + size));
      at += size;
      if (size < 255) this.endPacket(packets);
    }
  }

  private startPacket(): void {
    this.partial = [];
    this.partialBytes = 0;
  }

  private addSegment(segment: Uint8Array): void {
    if (!this.partial) return; // the tail of a packet whose head we never saw
    this.partialBytes += segment.length;
    if (this.partialBytes > PACKET_MAX) this.partial = null;
    else this.partial.push(segment);
  }

  private endPacket(packets: Uint8Array[]): void {
    if (this.partial) {
      const packet = new Uint8Array(this.partialBytes);
      let at = 0;
      for (const part of this.partial) {
        packet.set(part, at);
        at += part.length;
      }
      packets.push(packet);
    }
    this.startPacket();
  }
}

/** Where the next page begins, and its length; length 0 when it is not whole yet. */
function findPage(b: Uint8Array, from: number): { at: number; length: number } {
  let at = from;
  for (; at + 4 <= b.length; at++) {
    if (b[at] !== 0x4f || b[at + 1] !== 0x67 || b[at + 2] !== 0x67 || b[at + 3] !== 0x53) continue;
    if (at + HEADER_BYTES > b.length) return { at, length: 0 };
    if (b[at + 4] !== 0) continue; // another version: chance bytes
    const head = HEADER_BYTES + (b[at + 26] as number);
    if (at + head > b.length) return { at, length: 0 };
    let body = 0;
    for (let i = HEADER_BYTES; i < head; i++) body += b[at + i] as number;
    return { at, length: at + head + body <= b.length ? head + body : 0 };
  }
  return { at: Math.max(from, Math.min(at, b.length)), length: 0 };
}

export interface OpusHead {
  channels: 1 | 2;
  preSkip: number;
  gain: number; // factor
}

/** The identification header, or null for what this page does not play. */
export function readOpusHead(p: Uint8Array): OpusHead | null {
  if (p.length < 19 || String.fromCharCode(...p.subarray(0, 8)) !== "OpusHead") return null;
  const view = new DataView(p.buffer, p.byteOffset, p.byteLength);
  const channels = view.getUint8(9);
  // Version 0.x; mapping family 0 is mono or stereo.
  if (view.getUint8(8) >> 4 !== 0 || view.getUint8(18) !== 0) return null;
  if (channels !== 1 && channels !== 2) return null;
  const gainDb = Math.max(-40, Math.min(12, view.getInt16(16, true) / 256));
  return { channels, preSkip: view.getUint16(10, true), gain: 10 ** (gainDb / 20) };
}

/** Frames (48 kHz) that a packet says it holds (RFC 6716, 3.1 and 3.2); 0 for none that can be. */
export function packetFrames(p: Uint8Array): number {
  const toc = p[0];
  if (toc === undefined) return 0;
  const config = toc >> 3;
  const perFrame =
    config < 12
      ? [480, 960, 1920, 2880][config & 3]
      : config < 16
        ? [480, 960][config & 1]
        : [120, 240, 480, 960][config & 3];
  const count = (toc & 3) === 0 ? 1 : (toc & 3) < 3 ? 2 : (p[1] ?? 0) & 63;
  const frames = (perFrame as number) * count;
  return frames <= 5760 ? frames : 0;
}
