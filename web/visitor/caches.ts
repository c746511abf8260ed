// SPDX-License-Identifier: Apache-2.0
// The caches that page and service worker share.

export const PAGE = "roomtone-page";
export const ASSETS = "roomtone-assets";
export const CONTENT = "roomtone-content";
export const PAGE_KEY = "/"; // one page at every address

/** The part of a whole answer that "bytes=FROM-TO" asks for. */
export async function slice(whole: Response, range: string): Promise<Response> {
  const blob = await whole.blob();
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const from = Number(first);
  const to = Math.min(blob.size, last ? Number(last) + 1 : blob.size);
  if (first === undefined || from >= to)
    return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${blob.size}` } });
  return new Response(blob.slice(from, to), {
    status: 206,
    headers: {
      "Content-Type": whole.headers.get("Content-Type") ?? "application/octet-stream",
      "Content-Range": `bytes ${from}-${to - 1}/${blob.size}`,
    },
  });
}
