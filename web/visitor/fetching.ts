// SPDX-License-Identifier: Apache-2.0
// Documents of the house that the page reads itself: tours and captions. Named by their hash, so what
// has come once is right for ever; what has not is asked for until nobody wants it any more.
import { Backoff } from "../common/backoff";
import { type Tour, readTour } from "../common/tour";
import { type Caption, readVtt } from "../common/vtt";

/** The house is full at this moment, or its line is down. */
const isBusy = (response: Response): boolean => response.status >= 500;

/** Null when `wanted` became false first. `missing` hears whether the house has no such document. */
export async function fetchTour(
  hash: string,
  wanted: () => boolean,
  missing: (is: boolean) => void,
): Promise<Tour | null> {
  const again = new Backoff();
  while (wanted()) {
    try {
      const response = await fetch(`/content/${hash}.json`);
      if (isBusy(response)) throw new Error("busy");
      const tour = response.ok ? readTour(await response.json()) : null;
      if (!wanted()) return null;
      missing(!tour);
      if (tour) return tour;
    } catch {
      // the line is down; again
    }
    await again.pause();
  }
  return null;
}

/** Empty when the house has none that can be read; null when `wanted` became false first. */
export async function fetchCaptions(hash: string, wanted: () => boolean): Promise<Caption[] | null> {
  const again = new Backoff();
  while (wanted()) {
    try {
      const response = await fetch(`/content/${hash}.vtt`);
      if (isBusy(response)) throw new Error("busy");
      const captions = response.ok ? readVtt(await response.text()) : [];
      return wanted() ? captions : null;
    } catch {
      await again.pause();
    }
  }
  return null;
}
