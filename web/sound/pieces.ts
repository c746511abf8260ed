// SPDX-License-Identifier: Apache-2.0
// Audio files by pieces: fixed 32 KiB blocks of /content files, fetched by Range, kept up to a
// ceiling: what was read already goes first, and of that what was read longest ago. Content is named by its hash, so a piece never goes stale.

export const PIECE_BYTES = 32 * 1024; // about 5 s of speech: the first sound needs one or two
const KEPT_MAX = 128; // 4 MiB
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
  private readonly fresh = new Map<string, Uint8Array>(); // brought, not read yet
  private readonly read = new Map<string, Uint8Array>(); // oldest first
  private readonly small = new Map<string, ArrayBuffer>();
  private readonly coming = new Map<string, Promise<unknown>>();

  /** Piece `index` of the file `hash` of `size` bytes, to be read now; shorter at the end. */
  async get(hash: string, index: number, size: number): Promise<Uint8Array> {
    const key = `${hash}/${index}`;
    const bytes = this.fresh.get(key) ?? this.read.get(key) ?? (await this.bring(hash, index, size));
    this.fresh.delete(key);
    this.read.delete(key);
    this.read.set(key, bytes); // to the young end
    return bytes;
  }

  /** Fetches a piece for later. */
  bring(hash: string, index: number, size: number): Promise<Uint8Array> {
    const key = `${hash}/${index}`;
    return this.once(key, async () => {
      const from = index * PIECE_BYTES;
      const bytes = new Uint8Array(await fetchRange(hash, from, Math.min(size, from + PIECE_BYTES)));
      this.fresh.set(key, bytes);
      if (this.fresh.size + this.read.size > KEPT_MAX) {
        const out = this.read.size > 0 ? this.read : this.fresh;
        out.delete(out.keys().next().value as string);
      }
      return bytes;
    });
  }

  private has(hash: string, index: number): boolean {
    const key = `${hash}/${index}`;
    return this.fresh.has(key) || this.read.has(key);
  }

  /** The first piece from `index` on that is not here. */
  missing(hash: string, index: number, size: number): number {
    let i = index;
    while (i * PIECE_BYTES < size && this.has(hash, i)) i++;
    return i;
  }

  /** The bytes of a seek table. */
  table(hash: string): Promise<ArrayBuffer> {
    return this.little(`${hash}.seek`, () => fetchContent(`/content/${hash}.seek`));
  }
  tableHere(hash: string): ArrayBuffer | undefined {
    return this.small.get(`${hash}.seek`);
  }

  /** The beginning of an audio file, at least its first page. */
  header(hash: string, size: number): Promise<ArrayBuffer> {
    return this.little(`${hash}.head`, () => fetchRange(hash, 0, Math.min(size, HEADER_BYTES)));
  }

  headerHere(hash: string): boolean {
    return this.small.has(`${hash}.head`);
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
