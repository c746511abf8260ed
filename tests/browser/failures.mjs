// SPDX-License-Identifier: Apache-2.0
// A phone to whom things happen:  node failures.mjs ROOMTONED ROOMTONECTL WEB_DIR [NAME...]
//
// It plays one long track through a relay; then a call takes its sound, its context breaks, it is
// frozen, its socket dies unseen, its worker ends, the network is cut, the server is killed, files are
// missing, storage is forbidden, its clocks are wrong. Each has its own word, and goes by itself.
// With NAMEs only those run. ROOMTONE_LONG=1: the network is cut for 300 s too.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { Box, wall } from "./box.mjs";
import { LIMIT_US, inStep, joinAndListen, launch, listen, longTrack, newPhone, open, sleep, until, watch } from "./phone.mjs";
import { Relay } from "./relay.mjs";

const [roomtoned, roomtonectl, webDir, ...names] = process.argv.slice(2);
const GROUP = "long";
const TRACK_S = 240;
const BACK_MS = 1000; // at the right place again

const trouble = (page, what, ms) => until(page, `trouble ${what}`, (t) => window.roomtone.trouble === t, ms, what);
const say = (what, ms) => console.log(`${what}: ${ms.toFixed(0)} ms`);

/** Before the page's own scripts: contexts, workers and sockets are within reach, and the order of
    what a tap does is written down. */
function instrument() {
  window.made = { contexts: [], workers: [], sockets: 0, reports: 0, order: [] };
  const { made } = window;
  const note = (what) => {
    if (made.order.length === 0) queueMicrotask(() => made.order.push("-- first await --"));
    made.order.push(what);
  };
  const session = {};
  Object.defineProperty(session, "type", { set: (type) => note(`session ${type}`) });
  Object.defineProperty(navigator, "audioSession", { value: session });
  const Context = window.AudioContext;
  window.AudioContext = class extends Context {
    constructor(...args) {
      super(...args);
      note("context");
      made.contexts.push(this);
    }
    resume() {
      note("resume");
      return super.resume();
    }
  };
  const OldWorker = window.Worker;
  window.Worker = class extends OldWorker {
    constructor(...args) {
      super(...args);
      made.workers.push(this);
    }
  };
  const OldSocket = window.WebSocket;
  window.WebSocket = class extends OldSocket {
    constructor(...args) {
      super(...args);
      made.sockets++;
    }
    send(data) {
      if (typeof data === "string" && JSON.parse(data).type === "report") made.reports++;
      super.send(data);
    }
  };
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    note("anchor");
    return play.call(this);
  };
}

class World {
  async start() {
    this.box = new Box(roomtoned, roomtonectl, webDir);
    this.session = await open(this.box);
    const wav = path.join(this.box.dir, "long.wav");
    execFileSync("sox", ["-R", "-n", "-r", "48000", "-c", "1", wav, "synth", String(TRACK_S), "brownnoise", "vol", "0.3"]);
    this.group = await longTrack(this.box, wav, GROUP);
    const { hostname, port } = new URL(this.box.url);
    this.relay = new Relay(hostname, Number(port));
    await this.relay.start();
    this.browser = await launch();
  }

  async stop() {
    await this.browser?.close();
    await this.relay?.stop();
    await this.box.remove();
  }

  /** A new phone that listens; the room begins anew. */
  async phone(script = instrument) {
    await this.box.ctl("seek", GROUP, "1");
    await this.box.ctl("play", GROUP).catch(() => undefined); // it runs already
    const page = await newPhone(this.browser, script);
    this.problems = watch(page);
    await joinAndListen(page, this.relay.url, this.group.link);
    await this.settled(page);
    return page;
  }

  async settled(page) {
    const room = await this.room();
    await until(page, "the newest state", (rev) => window.roomtone.state?.rev >= rev, 5000, room.rev);
    const soon = this.box.house(wall()) + 2e6; // leads are shorter, the track is longer
    const at = room.next && room.next.at < soon ? room.next.at : room.vec.t0;
    await until(page, "the change to be over", (t) => window.roomtone.house > t + 300_000, 5000, at);
    await inStep(page);
  }

  async room() {
    return (await this.box.group(GROUP)).state;
  }

  /** Looks for a while: all there, and in step. A busy machine without a sound card may let its sound
      device stand still; the page counts that, and such a look is no measure of the page. */
  async allWell(page, label, seconds = 1.5, again = 2) {
    const stumbles = () => page.evaluate(() => window.roomtone.heard.breaks + window.roomtone.heard.xruns);
    const before = await stumbles();
    const { worst, silent } = await listen(this.box, page, await this.room(), seconds);
    console.log(`${label}: off by at most ${(worst / 1000).toFixed(2)} ms, ${silent} looks without sound`);
    if (worst < LIMIT_US && silent <= 2) return;
    await sleep(1500);
    assert.ok(again > 0 && (await stumbles()) > before, label);
    console.log("the machine was too busy for sound; once more");
    await this.allWell(page, label, seconds, again - 1);
  }
}

const tests = {
  async "first tap"(w) {
    const page = await w.phone();
    const order = await page.evaluate(() => window.made.order.slice(0, 5));
    console.log(`the tap does: ${order.join(", ")}`);
    assert.deepEqual(order, ["session playback", "context", "resume", "anchor", "-- first await --"]);
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
    assert.ok(wall() - begun < BACK_MS + 600); // noticed after 0.6 s
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

  async "a socket that only looks open"(w) {
    const page = await w.phone();
    w.relay.deaden();
    const begun = wall();
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await until(page, "the page notices", () => window.made.sockets === 2, 3000);
    say("a dead socket is noticed", wall() - begun);
    await until(page, "joined again", () => window.roomtone.line === "joined", 3000);
    say("joined again", wall() - begun);
    assert.ok(wall() - begun < 2000);
    await w.allWell(page, "over a dead socket");
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

  async "the network is cut"(w) {
    for (const seconds of [3, 30, ...(process.env.ROOMTONE_LONG ? [150] : [])]) {
      const page = await w.phone();
      await until(page, "a minute in hand", (s) => window.roomtone.heard.heldS >= s, 90_000, seconds + 15);
      const room = await w.room();
      w.relay.cut();
      const { worst, silent } = await listen(w.box, page, room, seconds);
      console.log(`cut for ${seconds} s: off by at most ${(worst / 1000).toFixed(2)} ms, ${silent} looks without sound`);
      assert.ok(worst < LIMIT_US && silent <= 2, "plays from what it has");
      if (seconds > 20) {
        await trouble(page, "away");
        const held = await page.evaluate(() => window.roomtone.heard.heldS);
        await until(page, "a countdown", (h) => window.roomtone.heard.heldS < h - 2, 5000, held);
      }
      w.relay.heal();
      say("joined again", await until(page, "joined", () => window.roomtone.line === "joined", 15_000));
      await trouble(page, null);
      await w.allWell(page, "the network is back");
      await page.context().close();
    }
  },

  async "the network is cut and nothing is left"(w) {
    const page = await w.phone();
    w.relay.cut();
    await w.box.ctl("seek", GROUP, "200"); // the page does not hear of it
    await page.evaluate(() => window.made.workers[0].terminate()); // with all that was fetched
    await trouble(page, "dry", 30_000);
    w.relay.heal();
    await inStep(page, 20_000);
    await trouble(page, null);
    return page;
  },

  async "the server is killed"(w) {
    const page = await w.phone();
    const room = await w.room();
    w.box.process.kill("SIGKILL");
    await w.box.gone;
    const { worst, silent } = await listen(w.box, page, room, 4);
    console.log(`server killed: off by at most ${(worst / 1000).toFixed(2)} ms, ${silent} looks without sound`);
    assert.ok(worst < LIMIT_US && silent <= 2, "plays on");
    await trouble(page, "reconnecting");
    await w.box.start();
    say("joined again", await until(page, "joined", () => window.roomtone.line === "joined", 15_000));
    await w.box.learnClock(w.session);
    await w.allWell(page, "the server is back");
    return page;
  },

  async "a track that is not there"(w) {
    const page = await w.phone();
    let missing = true;
    await page.context().route("**/*.opus", (route) =>
      missing ? route.fulfill({ status: 404, body: "" }) : route.continue(),
    );
    await page.reload();
    await page.getByRole("button", { name: "Listen" }).click();
    await trouble(page, "no_track", 5000);
    missing = false;
    await inStep(page, 5000);
    await trouble(page, null);
    return page;
  },

  async "a track that is none"(w) {
    const page = await w.phone();
    await page.context().route("**/*.opus", (route) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(route.request().headers().range);
      return route.fulfill({ status: 206, body: Buffer.alloc(to - from + 1) });
    });
    await page.reload();
    await page.getByRole("button", { name: "Listen" }).click();
    await trouble(page, "bad_track", 5000);
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

  async "a group that is over"(w) {
    const page = await w.phone();
    // The server forgets the group: it comes back with another folder.
    await w.box.stop();
    const other = new Box(roomtoned, roomtonectl, webDir);
    other.listen = w.box.listen;
    await other.start();
    try {
      await page.getByText("This group has ended").waitFor({ timeout: 20_000 });
      assert.equal(await page.evaluate(() => window.roomtone.sound), "off");
      await page.getByLabel("Group code").waitFor();
    } finally {
      await other.remove();
      await w.box.start();
    }
    await w.box.learnClock(w.session);
    return page;
  },
};

const world = new World();
try {
  await world.start();
  for (const [name, test] of Object.entries(tests)) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.log(`--- ${name}`);
    const page = await test(world);
    assert.deepEqual(world.problems, []);
    await page?.context().close();
  }
  console.log("all well");
} catch (e) {
  for (const page of world.browser?.contexts().flatMap((c) => c.pages()) ?? [])
    console.log(await page.evaluate(() => JSON.stringify({ room: window.roomtone, text: document.body.innerText })).catch(String));
  throw e;
} finally {
  await world.stop();
}
