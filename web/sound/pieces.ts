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

const SMALL_KEPT_MAX = 32; // seek tables and headers
const HEADER_BYTES = 1024; // the first Ogg page is 47 of them

export class Pieces {
  private readonly kept = new Map<string, Uint8Array>();
  private readonly small = new Map<string, ArrayBuffer>();
  private readonly coming = new Map<string, Promise<unknown>>();

  /** Piece `index` of the file `hash` of `size` bytes; shorter at the end. */
  get(hash: string, index: number, size: number): Promise<Uint8Array> {
    const key = `${hash}/${index}`;
    const have = this.kept.get(key);
    if (have) {
      this.kept.delete(key); // to the young end
      this.kept.set(key, have);
      return Promise.resolve(have);
    }
    return this.once(key, async () => {
      const from = index * PIECE_BYTES;
      const bytes = await fetchRange(hash, from, Math.min(size, from + PIECE_BYTES));
      put(this.kept, key, new Uint8Array(bytes), KEPT_MAX);
      return new Uint8Array(bytes);
    });
  }

  /** The first piece from `index` on that is not here. */
  missing(hash: string, index: number, size: number): number {
    let i = index;
    while (i * PIECE_BYTES < size && this.kept.has(`${hash}/${i}`)) i++;
    return i;
  }

  /** The bytes of a seek table. */
  table(hash: string): Promise<ArrayBuffer> {
    return this.little(`${hash}.seek`, () => fetchContent(`/content/${hash}.seek`));
  }
  hasTable(hash: string): boolean {
    return this.small.has(`${hash}.seek`);
  }

  /** The beginning of an audio file, at least its first page. */
  header(hash: string, size: number): Promise<ArrayBuffer> {
    return this.little(`${hash}.head`, () => fetchRange(hash, 0, Math.min(size, HEADER_BYTES)));
  }

  private little(key: string, load: () => Promise<ArrayBuffer>): Promise<ArrayBuffer> {
    const have = this.small.get(key);
    if (have) return Promise.resolve(have);
    return this.once(key, async () => {
      const bytes = await load();
      put(this.small, key, bytes, SMALL_KEPT_MAX);
      return bytes;
    });
  }

  /** Who asks for what is under way already waits for that. */
  private once<T>(key: string, load: () => Promise<T>): Promise<T> {
    let coming = this.coming.get(key) as Promise<T> | undefined;
    if (!coming) {
      coming = load().finally(() => this.coming.delete(key));
      this.coming.set(key, coming);
    }
    return coming;
  }
}

async function fetchRange(hash: string, from: number, to: number): Promise<ArrayBuffer> {
  const bytes = await fetchContent(`/content/${hash}.opus`, [from, to]);
  if (bytes.byteLength !== to - from) throw new ContentError("bad");
  return bytes;
}

function put<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
