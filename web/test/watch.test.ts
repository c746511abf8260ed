// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Watch } from "../sound/watch";

/** Looks every 100 ms for `ms`; `time` gives the context's time at each. Gives when it was not well. */
function watch(ms: number, time: (now: number) => number, running = true): [number, string] | null {
  const w = new Watch();
  for (let now = 1000; now <= 1000 + ms; now += 100) {
    const verdict = w.look(now, time(now), running);
    if (verdict !== "well") return [now - 1000, verdict];
  }
  return null;
}

test("a context that runs is well, also in coarse steps and with a crystal of its own", () => {
  assert.equal(watch(60_000, (now) => now / 1000), null);
  assert.equal(watch(60_000, (now) => (Math.floor(now / 300) * 0.3 * 1.0005)), null);
});

test("a time that stands is noticed within 600 ms", () => {
  const found = watch(10_000, (now) => Math.min(now, 3000) / 1000);
  assert.deepEqual(found, [2600, "stands"]);
});

test("... on an iPhone within 2.1 s", (t) => {
  const was = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  t.after(() => {
    if (was) Object.defineProperty(globalThis, "navigator", was);
    else Reflect.deleteProperty(globalThis, "navigator");
  });
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { audioSession: {} } });
  assert.deepEqual(watch(10_000, (now) => Math.min(now, 3000) / 1000), [4100, "stands"]);
});

test("a sample rate that is not what it says is noticed", () => {
  assert.equal(watch(11_000, (now) => (now / 1000) * (48 / 44.1))?.[1], "races");
  assert.equal(watch(11_000, (now) => (now / 1000) * (44.1 / 48))?.[1], "races");
});

test("a context that is not running, and a page that was frozen, say nothing", () => {
  assert.equal(watch(10_000, () => 3, false), null);
  const w = new Watch();
  assert.equal(w.look(1000, 1, true), "well");
  assert.equal(w.look(60_000, 1, true), "well");
  assert.equal(w.look(60_100, 1.1, true), "well");
});
