// SPDX-License-Identifier: Apache-2.0
// Where things happen to a phone: a server with one long track, a relay before it, and Chromium.
// run() takes what is to happen, one after the other, by name.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { Box, wall } from "./box.mjs";
import { LIMIT_US, inStep, joinAndListen, launch, listen, longTrack, newPhone, open, until, watch } from "./phone.mjs";
import { Relay } from "./relay.mjs";

const [roomtoned, roomtonectl, webDir, ...names] = process.argv.slice(2);
export const GROUP = "long";
export const BACK_MS = 1000; // at the right place again
const TRACK_S = 400;

export const trouble = (page, what, ms) => until(page, `trouble ${what}`, (t) => window.roomtone.trouble === t, ms, what);
export const say = (what, ms) => console.log(`${what}: ${ms.toFixed(0)} ms`);

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
  navigator.mediaSession.setActionHandler = (action, handler) => (made[action] = handler);
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
    made.anchor = this;
    return play.call(this);
  };
}

export const makeBox = (config) => new Box(roomtoned, roomtonectl, webDir, config);

export class World {
  async start() {
    this.box = makeBox();
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

  /** Looks for a while: all there, and in step. Where the machine's sound device stood still and more was wrong
      than what is left out for that, or nothing is left to look at, once more. */
  async allWell(page, label, seconds = 1.5, room = null) {
    for (let again = 3; ; again--) {
      const { worst, silent, looks, stumbles } = await listen(this.box, page, room ?? (await this.room()), seconds);
      console.log(`${label}: off by at most ${(worst / 1000).toFixed(2)} ms, ${silent} of ${looks} looks without sound`);
      const good = worst < LIMIT_US && silent <= 2;
      if (good && looks >= 5) return;
      assert.ok(good || stumbles > 0, label);
      assert.ok(again > 0, "the machine is too busy for sound");
    }
  }
}

export async function run(tests) {
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
}
