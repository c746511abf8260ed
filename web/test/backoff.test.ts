// SPDX-License-Identifier: Apache-2.0
// Ten thousand phones that lose the box in one instant: how they come back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../common/backoff";
import { random, seed } from "./support";

const PHONES = 10_000;

test("a herd spreads from the first try on", () => {
  const chance = random(seed());
  const tries = new Array<number>(10).fill(0);
  // Ten houses in one, so that the bound is five standard deviations away: about one seed in a million fails by chance.
  for (let i = 0; i < 10 * PHONES; i++) {
    const slot = Math.floor(new Backoff(1000, 10_000, chance).next() / 100);
    tries[slot] = (tries[slot] ?? 0) + 1;
  }
  for (const n of tries) assert.ok(n > 9500 && n < 10_500, `of 10,000 in each tenth of a second: ${n}`);
});

test("let in by a thousand a second, all are back within 20 s", () => {
  const chance = random(seed());
  const phones = Array.from({ length: PHONES }, () => {
    const backoff = new Backoff(1000, 10_000, chance);
    return { backoff, due: backoff.next() };
  });
  let tokens = 1000;
  let last = 0;
  let out = phones;
  for (let now = 0; out.length > 0; now += 10) {
    tokens = Math.min(1000, tokens + 10);
    out = out.filter((p) => {
      if (p.due > now) return true;
      last = now;
      if (tokens < 1) {
        p.due = now + p.backoff.next();
        return true;
      }
      tokens--;
      return false;
    });
  }
  assert.ok(last < 20_000, `the last one after ${last} ms`);
});

test("each wait is at most as long as it may be, and looking begins anew", () => {
  const backoff = new Backoff(500, 5000, () => 1);
  const waits = Array.from({ length: 8 }, () => backoff.next());
  assert.equal(waits[0], 500);
  assert.equal(waits[1], 800);
  assert.deepEqual(waits.slice(6), [5000, 5000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
});
