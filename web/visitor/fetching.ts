// SPDX-License-Identifier: Apache-2.0
// Documents of the house that the page reads itself: tours and captions. Named by their hash, so what
// has come once is right for ever; what has not is asked for until nobody wants it any more.
import { type Tour, readTour } from "../common/tour";
import { type Caption, readVtt } from "../common/vtt";

const RETRY_MS = 2000;

/** Null when `wanted` became false first. `missing` hears whether the house has no such document. */
export async function fetchTour(
  hash: string,
  wanted: () => boolean,
  missing: (is: boolean) => void,
): Promise<Tour | null> {
  while (wanted()) {
    try {
      const response = await fetch(`/content/${hash}.json`);
      const tour = response.ok ? readTour(await response.json()) : null;
      if (!wanted()) return null;
      missing(!tour);
      if (tour) return tour;
    } catch {
      // the line is down; again
    }
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
  return null;
}

/** Empty when the house has none that can be read; null when `wanted` became false first. */
export async function fetchCaptions(hash: string, wanted: () => boolean): Promise<Caption[] | null> {
  while (wanted()) {
    try {
      const response = await fetch(`/content/${hash}.vtt`);
      const captions = response.ok ? readVtt(await response.text()) : [];
      return wanted() ? captions : null;
    } catch {
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
  return null;
}
