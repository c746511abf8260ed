// SPDX-License-Identifier: Apache-2.0
// A run on a sound card of another speed, in simulated time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OutputClock, latencyGuess } from "../sound/output";
import { Run, correctionOf } from "../sound/run";

const RATE = 48_000;

class Param {
  value = 1;
  setValueAtTime(): void {
    // fades are not looked at here
  }
  linearRampToValueAtTime(): void {
    // fades are not looked at here
  }
}
class Node {
  gain = new Param();
  buffer: unknown = null;
  connect<T>(to: T): T {
    return to;
  }
  start(): void {
    // heard by nobody
  }
  stop(): void {
    // heard by nobody
  }
  disconnect(): void {
    // counted by nobody
  }
}
class Context {
  currentTime = 0;
  readonly sampleRate = RATE;
  createGain(): Node {
    return new Node();
  }
  createBufferSource(): Node {
    return new Node();
  }
  createBuffer(): object {
    return { copyToChannel: () => undefined };
  }
}

interface Look {
  t: number;
  error: number; // s, ahead positive
  step: number;
}

/** Plays for `seconds` on a card that is `ppm` fast, knowing `known` of it, `off` seconds late at first. */
function play(seconds: number, ppm: number, known: number, off: number): Look[] {
  const ctx = new Context();
  const looks: Look[] = [];
  let shift = off;
  const run: Run = new Run(ctx as unknown as AudioContext, new Node() as unknown as AudioNode, {
    render: (n) => run.play(0, [new Float32Array(n)]),
    wanted: (context) => (context / (1 + ppm * 1e-6) + shift) * RATE,
    baseStep: () => 1 / (1 + known * 1e-6),
  });
  shift = 0;
  run.begin(RATE / 10, 0.05);
  shift = off;
  for (let t = 0; t < seconds; t += 0.1) {
    ctx.currentTime = t;
    const error = run.fill(1.5);
    run.tidy();
    const slot = run.slots[run.slots.length - 1];
    if (slot) looks.push({ t, error, step: slot.step });
    assert.ok(run.slots.length < 20, "slots are forgotten");
  }
  return looks;
}

test("an error is worked off within the house's rule, without swinging over", () => {
  for (const off of [0.004, -0.004]) {
    const looks = play(90, 0, 0, off);
    let last = looks[0] as Look;
    for (const l of looks) {
      assert.ok(Math.abs(l.step - 1) <= 300.01e-6, `${l.step}`);
      assert.ok(Math.abs(l.step - last.step) <= 20e-6 * 0.25 * 4.01, "changes slowly");
      assert.ok(Math.sign(l.error) !== Math.sign(off) || Math.abs(l.error) < 50e-6, `swings over: ${l.error} at ${l.t}`);
      last = l;
    }
    assert.ok(Math.abs((looks.find((l) => l.t > 45) as Look).error) < 100e-6);
  }
});

test("a card whose speed is known runs without an error, one that is not with a small one", () => {
  for (const l of play(60, 100, 100, 0)) assert.ok(Math.abs(l.error) < 5e-6);
  for (const l of play(60, 100, 60, 0)) assert.ok(Math.abs(l.error) < 0.4e-3, `${l.error}`);
});

test("corrections have a ceiling and a sign", () => {
  assert.equal(correctionOf(1), 300e-6);
  assert.equal(correctionOf(-1), -300e-6);
  assert.ok(Math.abs(correctionOf(100e-6) - 20e-6) < 1e-9);
});

test("a shaking outputLatency is smoothed, and where there is none the model says", (t) => {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const ctx = { currentTime: 1, outputLatency: 0.1, sampleRate: RATE };
  const clock = new OutputClock(ctx as unknown as AudioContext);
  for (let i = 0; i < 600; i++, now += 100) {
    ctx.currentTime = now / 1000;
    if (i > 0) ctx.outputLatency = 0.1 + (i % 2 ? 0.008 : -0.008);
    clock.sample();
    if (i > 10) assert.ok(Math.abs(clock.latencyMs - 100) < 1, `${clock.latencyMs}`);
  }
  assert.equal(latencyGuess("Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X)"), 0.04);
  assert.equal(latencyGuess("something else"), 0.05);
});

test("the first outputLatency is taken as it is", () => {
  const ctx = { currentTime: 5, outputLatency: 0.02, sampleRate: RATE };
  const clock = new OutputClock(ctx as unknown as AudioContext);
  clock.sample();
  assert.equal(clock.latest?.context, 5 - 0.02);
});

test("WebKit's pair is the moment of rendering: its latency is taken off, Chromium's is not", (t) => {
  const heard = (userAgent: string): number | undefined => {
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: { userAgent } });
    const ctx = {
      currentTime: 5, outputLatency: 0.15, sampleRate: RATE,
      getOutputTimestamp: () => ({ contextTime: 4.99, performanceTime: performance.now() }),
    };
    const clock = new OutputClock(ctx as unknown as AudioContext);
    clock.sample();
    return clock.latest?.context;
  };
  const was = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  t.after(() => {
    if (was) Object.defineProperty(globalThis, "navigator", was);
    else Reflect.deleteProperty(globalThis, "navigator");
  });
  assert.equal(heard("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"), 4.85);
  assert.equal(heard("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/122.0 Mobile/15E148 Safari/604.1"), 4.85);
  assert.equal(heard("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Mobile Safari/537.36"), 4.99);
  assert.equal(heard("Mozilla/5.0 (Android 14; Mobile; rv:123.0) Gecko/123.0 Firefox/123.0"), 4.99);
});

test("small errors are jumped while a run is young, and after the card has stumbled", () => {
  const ctx = new Context();
  const port = { render: () => undefined, wanted: () => 0, baseStep: () => 1 };
  const run = new Run(ctx as unknown as AudioContext, new Node() as unknown as AudioNode, port);
  const at = (t: number): number => {
    ctx.currentTime = t;
    return run.tolerance;
  };
  run.begin(10 * RATE, 0.3);
  assert.deepEqual([at(10.5), at(11.5), at(14.5)], [0.008, 0.002, 0.005]);
  at(60);
  run.stumble();
  assert.deepEqual([at(60.5), at(63.5), at(64.5)], [0.002, 0.002, 0.005]);
});
