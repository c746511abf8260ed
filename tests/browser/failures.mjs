// SPDX-License-Identifier: Apache-2.0
// A phone to which things happen:  node failures.mjs ROOMTONED ROOMTONECTL WEB_DIR [NAME...]
//
// A call takes its sound, its context breaks, it is frozen, its worker ends, storage is forbidden, its
// clocks are wrong. Each has its own word, and goes by itself. With NAMEs only those run. What the house
// and the network do is in outages.mjs.
import assert from "node:assert/strict";
import { wall } from "./box.mjs";
import { LIMIT_US, inStep, sleep, until } from "./phone.mjs";
import { BACK_MS, GROUP, run, say, trouble } from "./world.mjs";

await run({
  async "first tap"(w) {
    const page = await w.phone();
    const order = await page.evaluate(() => window.made.order.slice(0, 5));
    console.log(`the tap does: ${order.join(", ")}`);
    assert.deepEqual(order, ["session playback", "context", "resume", "anchor", "-- first await --"]);
    const anchor = await page.evaluate(() => [window.made.anchor.duration, window.made.anchor.paused]);
    assert.deepEqual(anchor, [10, false]);
    return page;
  },

  async "in the pocket"(w) {
    const page = await w.phone();
    await page.evaluate(() => {
      for (const [name, value] of [["visibilityState", "hidden"], ["hidden", true]])
        Object.defineProperty(document, name, { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await until(page, "sound for the time in the pocket", () => window.roomtone.heard.scheduledS > 10);
    const before = await page.evaluate(() => ({ xruns: window.roomtone.heard.xruns, reports: window.made.reports }));
    await page.evaluate(() => {
      for (const end = performance.now() + 6000; performance.now() < end; ); // the page's thread is not let run
    });
    await sleep(3000);
    const after = await page.evaluate(() => ({ xruns: window.roomtone.heard.xruns, reports: window.made.reports }));
    assert.equal(after.xruns, before.xruns, "plays on");
    assert.ok(after.reports - before.reports <= 1, `${after.reports - before.reports} reports in 9 s`);
    await page.evaluate(() => {
      delete document.visibilityState;
      delete document.hidden;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await w.allWell(page, "out of the pocket");
    return page;
  },

  async "a call"(w) {
    const page = await w.phone();
    await page.evaluate(async () => {
      const [ctx] = window.made.contexts;
      Object.defineProperty(ctx, "state", { configurable: true, get: () => "interrupted" });
      ctx.dispatchEvent(new Event("statechange"));
      await ctx.suspend();
    });
    await trouble(page, "interrupted");
    assert.equal(await page.evaluate(() => window.roomtone.sound), "interrupted");
    await sleep(1000);
    const begun = wall();
    await page.evaluate(() => {
      const [ctx] = window.made.contexts;
      delete ctx.state;
      document.dispatchEvent(new Event("visibilitychange")); // back from the call
    });
    await inStep(page, 5000);
    say("after a call, in step again", wall() - begun);
    assert.ok(wall() - begun < BACK_MS);
    await trouble(page, null);
    await w.allWell(page, "after a call");
    return page;
  },

  async "suspended until a tap"(w) {
    const page = await w.phone();
    await page.evaluate(() => window.made.contexts[0].suspend());
    await trouble(page, "blocked");
    const begun = wall();
    await page.locator("h1").first().click(); // any tap
    await inStep(page, 5000);
    say("after a tap, in step again", wall() - begun);
    assert.ok(wall() - begun < BACK_MS);
    return page;
  },

  /** Browsers say "pause" as long as the anchor plays. */
  async "a headset's button"(w) {
    const page = await w.phone();
    const label = () => page.getByRole("button", { name: /^(Mute me|Unmute)/ }).textContent();
    const loud = await label();
    await page.evaluate(() => window.made.pause());
    await until(page, "muted", () => navigator.mediaSession.playbackState === "paused");
    assert.notEqual(await label(), loud);
    await page.evaluate(() => window.made.pause());
    await until(page, "not muted", () => navigator.mediaSession.playbackState === "playing");
    assert.equal(await label(), loud);
    await page.evaluate(() => {
      window.made.anchor.pause();
      return window.made.contexts[0].suspend(); // a call
    });
    await trouble(page, "blocked");
    await page.evaluate(() => window.made.play());
    await inStep(page, 5000);
    assert.equal(await page.evaluate(() => window.made.anchor.paused), false);
    return page;
  },

  async "a context that stays interrupted"(w) {
    const page = await w.phone();
    await page.evaluate(async () => {
      const [ctx] = window.made.contexts;
      await ctx.suspend();
      Object.defineProperty(ctx, "state", { get: () => "interrupted" });
      ctx.resume = () => new Promise(() => undefined);
      ctx.dispatchEvent(new Event("statechange"));
    });
    const button = page.getByRole("button", { name: "Tap to go on" });
    await button.click();
    await until(page, "a try", () => window.roomtone.sound === "starting");
    await until(page, "no success", () => window.roomtone.sound === "interrupted");
    assert.equal(await page.evaluate(() => window.made.contexts.length), 1, "the first tap resumes");
    await button.click();
    await until(page, "another context", () => window.made.contexts.length === 2);
    await inStep(page, 5000);
    return page;
  },

  /** What it says of frames that leave is not believed, and it stops behind the lock. */
  async "an iPhone with iOS 16"(w) {
    const page = await w.phone(() => {
      const agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1";
      Object.defineProperty(navigator, "userAgent", { get: () => agent });
      AudioContext.prototype.getOutputTimestamp = () => {
        throw new Error("it was believed");
      };
    });
    await page.locator(".step.good").waitFor();
    assert.equal(await page.getByText("You can lock your phone").count(), 0);
    return page;
  },

  async "a context that stands still"(w) {
    const page = await w.phone();
    const begun = wall();
    await page.evaluate(() => {
      const [ctx] = window.made.contexts;
      const stood = ctx.currentTime;
      Object.defineProperty(ctx, "currentTime", { get: () => stood });
      Object.defineProperty(ctx, "getOutputTimestamp", { value: () => ({ contextTime: stood, performanceTime: performance.now() }) });
    });
    await until(page, "another context", () => window.made.contexts.length === 2, 5000);
    say("a context that stands still is replaced", wall() - begun);
    await inStep(page, 5000);
    say("in step again", wall() - begun);
    assert.ok(wall() - begun < BACK_MS + 2100); // noticed after 2.1 s where there are audio sessions
    assert.equal(await page.evaluate(() => window.made.contexts[0].state), "closed");
    await w.allWell(page, "in a new context");
    return page;
  },

  async "a page frozen"(w) {
    const page = await w.phone();
    const known = await page.evaluate(() => localStorage.getItem("roomtone.session"));
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await sleep(8000);
    const begun = wall();
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await inStep(page, 5000);
    say("frozen for 8 s, in step again", wall() - begun);
    assert.ok(wall() - begun < BACK_MS);
    await until(page, "joined", () => window.roomtone.line === "joined");
    assert.equal(await page.evaluate(() => localStorage.getItem("roomtone.session")), known);
    assert.equal((await w.box.group(GROUP)).visitors, 1, "the same visitor");
    await w.allWell(page, "after the thaw");
    return page;
  },

  async "a worker that ends"(w) {
    const page = await w.phone();
    await page.evaluate(() => window.made.workers[0].terminate());
    await until(page, "another worker", () => window.roomtone.heard.workers === 1, 6000);
    await inStep(page, 5000);
    await w.allWell(page, "with another worker");
    return page;
  },

  async "no storage"(w) {
    const page = await w.phone(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await trouble(page, "no_storage");
    await w.allWell(page, "without storage");
    return page;
  },

  async "a wall clock that is wrong"(w) {
    const page = await w.phone(() => {
      const now = Date.now;
      let ahead = 7 * 3600e3;
      Date.now = () => now() + ahead;
      window.setWall = (ms) => (ahead = ms);
    });
    await w.allWell(page, "seven hours ahead");
    await page.evaluate(() => window.setWall(-30 * 24 * 3600e3)); // and set back by a month while it plays
    await w.allWell(page, "set back by a month", 3);
    assert.equal(await page.evaluate(() => window.roomtone.line), "joined");
    return page;
  },

  async "a clock that stood still while the phone slept"(w) {
    const page = await w.phone(() => {
      const now = performance.now.bind(performance);
      let behind = 0;
      performance.now = () => now() - behind;
      window.sleepFor = (ms) => (behind += ms);
    });
    const begun = wall();
    await page.evaluate(() => window.sleepFor(20_000));
    const right = (limit) => Math.abs(window.roomtone.heard.errorUs ?? Infinity) < limit && window.roomtone.heard.playing === "sound";
    await until(page, "the slept time is noticed", () => window.roomtone.heard.jumps + window.roomtone.heard.breaks > 0, 5000);
    await until(page, "in step", right, 5000, LIMIT_US);
    say("20 s slept with a standing clock, in step again", wall() - begun);
    return page;
  },
});
