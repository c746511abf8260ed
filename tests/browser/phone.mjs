// SPDX-License-Identifier: Apache-2.0
// A phone: Chromium with the visitor page, and what one does with it. What it says is heard is held
// against the room's timeline by this process's own clock.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expected, wall } from "./box.mjs";

const { chromium } = createRequire(new URL("../../web/", import.meta.url))("playwright-core");
export const LIMIT_US = 20_000; // what a phone may be off

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function launch(...more) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--autoplay-policy=user-gesture-required", ...more,
    ],
  });
}

/** A phone of its own memory. `script` runs before the page's own. Without a service worker: that would
    answer what a test means to withhold. */
export async function newPhone(browser, script, serviceWorkers = "block") {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "en-GB",
    serviceWorkers,
  });
  if (script) await context.addInitScript(script);
  return context.newPage();
}

/** Waits until a look at the page shows what is asked; gives how long it took, ms. */
export async function until(page, what, condition, ms = 10_000, arg = null) {
  const begun = wall();
  await page.waitForFunction(condition, arg, { timeout: ms, polling: 20 }).catch(async () => {
    const seen = await page.evaluate(() => JSON.stringify({ room: window.roomtone, text: document.body.innerText }));
    throw new Error(`waited ${ms} ms for: ${what}; saw ${seen}`);
  });
  return wall() - begun;
}

/** Waits for sound at the right place. */
export function inStep(page, ms = 10_000, limitUs = LIMIT_US) {
  const test = (limit) => {
    const { heard } = window.roomtone;
    return heard?.playing === "sound" && Math.abs(heard.errorUs) < limit;
  };
  return until(page, "sound in step", test, ms, limitUs);
}

export async function joinAndListen(page, url, link) {
  await page.goto(url + link);
  const button = page.getByRole("button", { name: "Listen" });
  await button.waitFor();
  await button.click();
  await inStep(page);
}

/** What is heard against the room by this process's clock; us, ahead positive; null: no sound. */
function off(box, { heard, origin }, room) {
  if (!heard || heard.playing !== "sound" || heard.position === undefined) return null;
  return heard.position - expected(room, box.house(origin + heard.perf)).position;
}

const NOTICED_MS = 1000;
const STUMBLE_MS = 1500;

/** Looks `seconds` long; gives the worst distance, us, and how many looks found no sound. A busy machine
    without a sound card lets its sound device stand still now and then: the page counts that, a moment later,
    and from then until it is back in step a look is no measure of the page. */
export async function listen(box, page, room, seconds) {
  const looks = [];
  const stumbles = [];
  let counted = null;
  const look = async () => {
    const seen = await page.evaluate(() => ({ heard: window.roomtone.heard, origin: performance.timeOrigin }));
    const now = (seen.heard?.breaks ?? 0) + (seen.heard?.xruns ?? 0);
    if (counted !== null && now !== counted) stumbles.push(wall());
    counted = now;
    return seen;
  };
  for (const end = wall() + seconds * 1000; wall() < end; await sleep(50)) {
    const seen = await look();
    looks.push({ at: wall(), distance: off(box, seen, room) });
  }
  if (looks.some((l) => l.distance === null || Math.abs(l.distance) >= LIMIT_US)) {
    await sleep(NOTICED_MS);
    await look();
  }
  const steady = looks.filter(({ at }) => !stumbles.some((s) => at > s - NOTICED_MS && at < s + STUMBLE_MS));
  const distances = steady.map((l) => l.distance);
  return {
    worst: Math.max(0, ...distances.map(Math.abs)), // null counts as 0
    silent: distances.filter((d) => d === null).length,
    looks: steady.length,
    stumbles: stumbles.length,
  };
}

/** Script errors and refused content; a missing network is part of the test. */
export function watch(page) {
  const problems = [];
  page.on("pageerror", (e) => problems.push(e.message));
  page.on("console", (m) => {
    if (/Content Security Policy|Refused to/.test(m.text())) problems.push(m.text());
  });
  return problems;
}

/** A group that plays one long track, which has a caption, from its beginning, now. */
export async function longTrack(box, file, id) {
  await box.ctl("track", "add", file, "Long", "--id", id, "--lang", "en");
  const captions = path.join(box.dir, "long.vtt");
  writeFileSync(captions, "WEBVTT\n\n00:00.000 --> 00:30.000\nA long sound.\n");
  await box.ctl("track", "captions", id, captions, "--lang", "en");
  await box.ctl("tour", "publish", id, id);
  await box.ctl("group", "create", "Long group", id, "--id", id);
  const group = await box.group(id);
  if (group.state.mode === "void") await box.ctl("load", id, id);
  await box.ctl("play", id);
  return box.group(id);
}

/** Signs in, and learns the house's clock. */
export async function open(box) {
  await box.start();
  await box.ctl("login", "admin", "--password-file", box.passwordFile);
  const login = await fetch(`${box.url}/api/v1/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: "admin", password: box.password }),
  });
  assert.ok(login.ok);
  const session = login.headers.get("set-cookie").split(";")[0];
  await box.learnClock(session);
  return session;
}
