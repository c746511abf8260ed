// SPDX-License-Identifier: Apache-2.0
// Audio files by pieces: fixed 32 KiB blocks of /content files, fetched by Range, kept up to a
// ceiling, least lately used out first. Content is named by its hash, so a piece never goes stale.

export const PIECE_BYTES = 32 * 1024; // about 5 s of speech: the first sound needs one or two
const KEPT_MAX = 256; // 8 MiB
// A phone that walked out of reach hears nothing at all; asking again is the only way to know.
const LIMIT_MS = 8000;

export class ContentError extends Error {
  constructor(
    readonly code: "missing" | "network" | "bad" | "decoder",
    readonly status = 0,
  ) {
    super(code);
  }
}

export async function fetchContent(path: string, range?: [number, number]): Promise<ArrayBuffer> {
  const headers: Record<string, string> = {};
  if (range) headers.Range = `bytes=${range[0]}-${range[1] - 1}`;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  try {
    const response = await fetch(path, { headers, signal: limit.signal });
    if (response.status === 404) throw new ContentError("missing", 404);
    if (response.status !== (range ? 206 : 200)) throw new ContentError("network", response.status);
    return await response.arrayBuffer();
  } catch (e) {
    throw e instanceof ContentError ? e : new ContentError("network");
  } finally {
    clearTimeout(timer);
  }
}

export class Pieces {
  private readonly kept = new Map<string, Uint8Array>();
  private readonly coming = new Map<string, Promise<Uint8Array>>();

  /** Piece `index` of the file `hash` of `size` bytes; shorter at the end. */
  get(hash: string, index: number, size: number): Promise<Uint8Array> {
    const key = `${hash}/${index}`;
    const have = this.kept.get(key);
    if (have) {
      this.kept.delete(key); // to the young end
      this.kept.set(key, have);
      return Promise.resolve(have);
    }
    let coming = this.coming.get(key);
    if (!coming) {
      coming = this.load(key, hash, index, size).finally(() => this.coming.delete(key));
      this.coming.set(key, coming);
    }
    return coming;
  }

  has(hash: string, index: number): boolean {
    return this.kept.has(`${hash}/${index}`);
  }

  private async load(key: string, hash: string, index: number, size: number): Promise<Uint8Array> {
    const from = index * PIECE_BYTES;
    const to = Math.min(size, from + PIECE_BYTES);
    const bytes = new Uint8Array(await fetchContent(`/content/${hash}.opus`, [from, to]));
    if (bytes.length !== to - from) throw new ContentError("bad");
    this.kept.set(key, bytes);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_MAX) break;
      this.kept.delete(oldest);
    }
    return bytes;
  }
}
