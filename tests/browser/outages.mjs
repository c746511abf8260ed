// SPDX-License-Identifier: Apache-2.0
// A phone whose house or network fails:  node outages.mjs ROOMTONED ROOMTONECTL WEB_DIR [NAME...]
//
// Its socket dies unseen, the network is cut, the server is killed, is full, forgets the group; files are
// missing, slow, broken. Each has its own word, and goes by itself. With NAMEs only those run.
// ROOMTONE_LONG=1: the network is also cut for four and a half minutes.
import assert from "node:assert/strict";
import { wall } from "./box.mjs";
import { inStep, newPhone, sleep, until } from "./phone.mjs";
import { GROUP, makeBox, run, say, trouble } from "./world.mjs";

const LATE_MS = 3000;

/** Every packet of an Ogg file but the first two becomes one that no decoder takes: code 3, no frames. */
function spoil(file) {
  let count = 0;
  for (let at = file.indexOf("OggS"); at >= 0; at = file.indexOf("OggS", at + 4)) {
    const lacing = file.subarray(at + 27, at + 27 + file[at + 26]);
    let packet = at + 27 + lacing.length;
    let begun = packet;
    for (const size of lacing) {
      packet += size;
      if (size === 255) continue; // it goes on
      if (count++ >= 2 && packet - begun >= 2) file.set([0xfb, 0], begun);
      begun = packet;
    }
  }
  return file;
}

/** In a page: takes so many seats. */
async function fillHouse([link, seats]) {
  window.sockets = [];
  for (let i = 0; i < seats; i++) {
    const socket = new WebSocket(`ws://${location.host}/ws`, "roomtone.v1");
    await new Promise((done) => (socket.onopen = done));
    const welcome = new Promise((done) => (socket.onmessage = done));
    socket.send(JSON.stringify({ type: "hello", v: 1, role: "visitor", link }));
    await welcome;
    window.sockets.push(socket);
  }
}

await run({
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

  async "the network is cut"(w) {
    for (const seconds of [3, 14, ...(process.env.ROOMTONE_LONG ? [270] : [])]) {
      const page = await w.phone();
      await until(page, "enough in hand", (s) => window.roomtone.heard.heldS >= s, 300_000, seconds + 15);
      const room = await w.room();
      w.relay.cut();
      await w.allWell(page, `cut for ${seconds} s`, seconds, room);
      if (seconds > 12) {
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
    await w.allWell(page, "server killed", 4, room);
    await trouble(page, "reconnecting");
    await w.box.start();
    say("joined again", await until(page, "joined", () => window.roomtone.line === "joined", 15_000));
    await w.box.learnClock(w.session);
    await w.allWell(page, "the server is back");
    return page;
  },

  /** As for fifty phones that tap together: the script that makes the sound is seconds away. */
  async "a worker that comes late"(w) {
    const page = await w.phone();
    await page.context().route("**/worker-*.js", async (route) => {
      await sleep(LATE_MS);
      await route.continue();
    });
    await page.reload();
    await page.getByRole("button", { name: "Listen" }).click();
    await page.locator(".step").waitFor();
    const begun = wall();
    const look = () => page.evaluate(() => [window.roomtone.heard?.playing === "sound", document.querySelector(".step").innerText]);
    for (let [sound, words] = await look(); !sound; [sound, words] = await look()) {
      assert.match(words, /Getting in step/);
      assert.ok(wall() < begun + LATE_MS + 5000, "sound");
      await sleep(20);
    }
    say("a worker that comes late: sound after", wall() - begun);
    assert.ok(wall() > begun + LATE_MS / 2, "it was late");
    assert.equal(await page.evaluate(() => window.made.workers.length), 1);
    await inStep(page);
    await page.locator(".step.good").waitFor();
    return page;
  },

  /** Chromium never asks again for a script that it missed once. */
  async "scripts that do not come at first"(w) {
    const page = await w.phone();
    let missing = true;
    let missed = 0;
    const abort = (route) => (missing ? (missed++, route.abort()) : route.continue());
    await page.context().route(/\/(engine|trim)-/, abort);
    await page.reload();
    await page.evaluate(() => (window.here = true));
    await page.getByRole("button", { name: "Listen" }).click();
    await page.getByText("Getting in step").waitFor();
    for (const begun = wall(); missed < 4; await sleep(50)) assert.ok(wall() < begun + 10_000, "asked again");
    assert.equal(await page.locator(".step.good").count(), 0);
    missing = false;
    await inStep(page);
    await page.getByRole("button", { name: "Sound late?" }).click();
    await page.locator(".flash").waitFor({ timeout: 20_000 });
    assert.equal(await page.evaluate(() => window.here), true, "the same page");
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

  async "a network that is too slow"(w) {
    const page = await w.phone();
    let release;
    const narrow = new Promise((done) => (release = done));
    await page.context().route("**/*.opus", async (route) => {
      await narrow;
      await route.continue().catch(() => undefined); // the page has given it up
    });
    await w.box.ctl("seek", GROUP, "300"); // nothing of it is in hand
    await trouble(page, "slow", 10_000);
    await page.getByText("The network is too slow").waitFor();
    release();
    await inStep(page, 20_000);
    await trouble(page, null);
    return page;
  },

  /** Whole pages of packets that say they hold nothing. */
  async "a track that does not decode"(w) {
    const page = await w.phone();
    const files = new Map();
    let spoilt = true;
    await page.context().route("**/*.opus", async (route) => {
      if (!spoilt) return route.continue();
      const url = route.request().url();
      if (!files.has(url)) files.set(url, spoil(Buffer.from(await (await fetch(url)).arrayBuffer())));
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(route.request().headers().range);
      await route.fulfill({ status: 206, body: files.get(url).subarray(Number(from), Number(to) + 1) });
    });
    await page.reload();
    await page.getByRole("button", { name: "Listen" }).click();
    await trouble(page, "decoder", 10_000);
    spoilt = false;
    await page.reload();
    await page.getByRole("button", { name: "Listen" }).click();
    await inStep(page);
    return page;
  },

  /** A house of twenty: the next waits at the door, by itself, while those who are in go on. */
  async "a full house"(w) {
    const box = makeBox("[limits]\nmax_members = 21\n");
    try {
      await box.start();
      await box.ctl("login", "admin", "--password-file", box.passwordFile);
      await box.ctl("group", "create", "Full", "--id", "full");
      const { link } = await box.group("full");
      const crowd = await newPhone(w.browser);
      await crowd.goto(box.url);
      await crowd.evaluate(fillHouse, [link.split("/").pop(), 20]);
      const page = await newPhone(w.browser);
      await page.goto(box.url + link);
      await page.getByText("The house is full").waitFor();
      await crowd.evaluate(() => window.sockets.pop().close());
      await page.getByRole("heading", { name: "Full" }).waitFor({ timeout: 20_000 });
      const known = await newPhone(w.browser); // the twenty-first again: in its seat the page sits
      await known.goto(box.url + link);
      await known.getByText("The house is full").waitFor();
      await page.reload(); // who was in comes in again
      await page.getByRole("heading", { name: "Full" }).waitFor();
      await Promise.all([crowd, page, known].map((p) => p.context().close()));
    } finally {
      await box.remove();
    }
  },

  async "a group that is over"(w) {
    const page = await w.phone();
    await page.getByRole("button", { name: "Sound late?" }).click();
    await page.locator(".trimming").waitFor();
    // The server forgets the group: it comes back with another folder.
    await w.box.stop();
    const other = makeBox();
    other.listen = w.box.listen;
    await other.start();
    try {
      await page.getByText("This group has ended").waitFor({ timeout: 20_000 });
      assert.equal(await page.evaluate(() => window.roomtone.sound), "off");
      await page.getByLabel("Group code").waitFor();
      // Another group is shown as it is: neither the screen that lay over the old one, nor its address, is left.
      await until(page, "the address is forgotten", () => location.pathname === "/");
      await other.ctl("login", "admin", "--password-file", other.passwordFile);
      await other.ctl("group", "create", "Next", "--id", "next");
      await page.getByLabel("Group code").fill((await other.group("next")).code);
      await page.getByRole("heading", { name: "Next" }).waitFor();
      assert.equal(await page.locator(".trimming").count(), 0);
      assert.deepEqual(await page.evaluate(() => [location.pathname, history.state]), ["/", null]);
      await page.goBack().catch(() => undefined);
      assert.ok(!page.url().includes(w.group.link), "nothing of the old group is behind it");
    } finally {
      await other.remove();
      await w.box.start();
    }
    await w.box.learnClock(w.session);
    return page;
  },
});
