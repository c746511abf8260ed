// SPDX-License-Identifier: Apache-2.0
// Both pages in a real browser against the real server:
//
//   node run.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// A visitor joins by code and listens; what the page says is heard is held against the room's
// timeline, by this process's own clock. Then pause, seek, next, another language, a restart of the
// server; then the admin page. ROOMTONE_SHOTS=DIR keeps pictures. CHROMIUM names another browser.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { Box, expected, wall } from "./box.mjs";
import { LIMIT_US, launch, sleep, until, watch } from "./phone.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const shots = process.env.ROOMTONE_SHOTS;
const GROUP = "demo";

async function shot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`) });
}

/** At the instant of a change a millisecond early is another position altogether. */
function nearChange(room, house) {
  const instants = [room.vec.t0, room.next?.at ?? Infinity];
  return instants.some((t) => Math.abs(house - t) < LIMIT_US);
}

/** What the page says is heard, held against the room by this process's clock; us, ahead positive. */
async function look(box, page, room) {
  const seen = await page.evaluate(() => ({
    heard: window.roomtone.heard,
    rev: window.roomtone.state.rev,
    origin: performance.timeOrigin,
  }));
  // The page may know a newer state than was asked for; both are the server's words.
  if (seen.rev > room.rev) Object.assign(room, { next: undefined }, (await box.group(GROUP)).state);
  const { playing, position, perf } = seen.heard;
  if (playing !== "sound") return null;
  const house = box.house(seen.origin + perf);
  if (position === undefined || nearChange(room, house)) return undefined;
  return position - expected(room, house).position;
}

/** A busy machine without a sound card may let its sound device stand still for a moment, or the
    decoder come too late; the page counts both. What happens then is no measure of the page, so such
    a phase is looked at again, twice at the most. */
const breaks = (page) => page.evaluate(() => window.roomtone.heard.breaks + window.roomtone.heard.xruns);

/** Looks `seconds` long at what is heard. */
async function listen(box, page, seconds, label, again = 2) {
  const before = await breaks(page);
  const room = (await box.group(GROUP)).state;
  const looks = [];
  const end = wall() + seconds * 1000;
  while (wall() < end) {
    looks.push(await look(box, page, room));
    await sleep(50);
  }
  const sorted = looks.filter((x) => typeof x === "number").map(Math.abs).sort((a, b) => a - b);
  const silent = looks.filter((x) => x === null).length;
  const ms = (q) => (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] / 1000).toFixed(2);
  console.log(
    `${label}: ${sorted.length} looks, off by median ${ms(0.5)}, p99 ${ms(0.99)}, max ${ms(1)} ms; ${silent} without sound`,
  );
  const good = sorted.length > seconds * 8 && silent <= 3 && ms(0.99) * 1000 <= LIMIT_US;
  if (!good && again > 0) {
    await sleep(1500);
    if ((await breaks(page)) > before) {
      console.log("the machine was too busy for sound; once more");
      return listen(box, page, seconds, label, again - 1);
    }
  }
  assert.ok(good, label);
}

const heardSound = () => window.roomtone.heard?.playing === "sound";

/** When the last command takes effect, house time. */
async function lastChange(box) {
  const { state } = await box.group(GROUP);
  const soon = box.house(wall()) + 2e6; // leads are shorter, cues longer
  return state.next && state.next.at < soon ? state.next.at : state.vec.t0;
}

/** Waits until the last command has taken effect and is heard. */
async function settled(box, page) {
  const test = ([at, limit]) => {
    const { house, heard } = window.roomtone;
    return house > at + 300_000 && heard?.playing === "sound" && Math.abs(heard.errorUs) < limit;
  };
  await page.waitForFunction(test, [await lastChange(box), LIMIT_US], { timeout: 10_000, polling: 50 });
}

async function joinByCode(box, page) {
  const { code } = await box.group(GROUP);
  await page.goto(box.url);
  const field = page.getByLabel("Group code");
  await field.waitFor();
  await shot(page, "visitor-join");

  // Of ten last digits one passes the check; it must be another group's code, which nobody has.
  const stem = code.startsWith("9") ? `1${code.slice(1, 8)}` : `9${code.slice(1, 8)}`;
  const said = new Set();
  for (let digit = 0; digit < 10; digit++) {
    await field.fill(`${stem}${digit}`);
    await until(page, "an answer to a wrong code", () => document.querySelector("#notice").textContent !== "");
    said.add(await page.locator("#notice").textContent());
  }
  assert.deepEqual(
    [...said].map((s) => s.split(".")[0]).sort(),
    ["No group has this code", "That code has a slip"],
  );
  await shot(page, "visitor-slip");
  await field.fill(`${code.slice(0, 3)} ${code.slice(3, 6)} ${code.slice(6)}`);
}

async function firstSound(page) {
  const button = page.getByRole("button", { name: "Listen" });
  await button.waitFor();
  await shot(page, "visitor-group");
  const begun = wall();
  await button.click();
  await until(page, "sound", heardSound);
  const took = wall() - begun;
  console.log(`tap to sound: ${took.toFixed(0)} ms`);
  assert.ok(took < 4000);
}

async function follow(box, page) {
  await box.ctl("pause", GROUP);
  await page.getByText("Paused by your guide").waitFor({ timeout: 5000 });
  await until(page, "silence", () => window.roomtone.heard.playing === "silent");
  await box.ctl("seek", GROUP, "4");
  await box.ctl("play", GROUP);
  await settled(box, page);
  await listen(box, page, 2, "after pause, seek, play");
  await box.ctl("goto", GROUP, "0"); // cues are short here: far from any end
  await box.ctl("next", GROUP);
  await page.getByText("Stop 2 of 3").waitFor({ timeout: 5000 });
  await settled(box, page);
  await listen(box, page, 2, "after next");
}

async function otherLanguage(box, page) {
  await box.ctl("goto", GROUP, "0");
  await page.getByText("Stop 1 of 3").waitFor({ timeout: 5000 });
  await settled(box, page);
  const fetched = [];
  page.on("request", (r) => r.url().endsWith(".opus") && fetched.push(r.url()));
  await page.getByLabel("Language").selectOption("de");
  for (let i = 0; fetched.length === 0; i++) {
    assert.ok(i < 100, "the German file is fetched");
    await sleep(50);
  }
  await sleep(300);
  await listen(box, page, 2, "after a change of language");
  await page.getByRole("heading", { name: "Am Webstuhl" }).waitFor();
  await page.getByRole("button", { name: "Read along" }).click();
  await page.locator(".captions li.current").waitFor();
  await shot(page, "visitor-listening");
}

async function restart(box, page, session) {
  await box.ctl("goto", GROUP, "0");
  await page.getByText("Stop 1 of 3").waitFor({ timeout: 5000 });
  await settled(box, page);
  const room = (await box.group(GROUP)).state;
  const before = await breaks(page);
  const looks = [];
  await box.stop();
  await until(page, "the page notices", () => window.roomtone.line !== "joined");
  for (let i = 0; i < 20; i++) {
    looks.push(await look(box, page, { ...room, rev: Infinity }));
    await sleep(50);
  }
  await page.getByText("Reconnecting").waitFor();
  await box.start();
  const begun = wall();
  await until(page, "the page is back", () => window.roomtone.line === "joined", 15_000);
  console.log(`server gone and back: page joined ${(wall() - begun).toFixed(0)} ms after it was up`);
  for (let i = 0; i < 20; i++) {
    looks.push(await look(box, page, { ...room, rev: Infinity }));
    await sleep(50);
  }
  const worst = Math.max(...looks.filter((x) => typeof x === "number").map(Math.abs));
  console.log(`through the restart: off by at most ${(worst / 1000).toFixed(2)} ms`);
  await sleep(1000);
  const good = worst <= LIMIT_US && !looks.includes(null);
  assert.ok(good || (await breaks(page)) > before, "sound goes on, in step, while the server restarts");
  await box.learnClock(session);
}

async function admin(box, browser) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
  const problems = watch(page);
  await page.goto(`${box.url}/admin`);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill("not this one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".notice:not(:empty)").waitFor();
  await page.getByLabel("Password").fill(box.password);
  await page.getByRole("button", { name: "Sign in" }).click();

  const card = page.getByRole("article", { name: "Demo group" });
  await card.waitFor();
  const { code } = await box.group(GROUP);
  assert.equal((await card.locator(".join strong").textContent()).replace(/\s/g, ""), code);

  await box.ctl("goto", GROUP, "0");
  const change = await lastChange(box);
  while (box.house(wall()) < change + 500_000) await sleep(50);
  await card.getByText("Playing").waitFor();
  await page.getByText("Live").waitFor();
  await card.getByText("1 in step").waitFor({ timeout: 5000 });
  await positionMoves(box, page);
  await shot(page, "admin");

  await card.getByRole("button", { name: "Pause" }).click();
  await card.getByText("Paused").waitFor();
  await card.getByRole("button", { name: "+15 s" }).click();
  await card.getByRole("button", { name: "Prev" }).isDisabled();
  await card.getByRole("button", { name: "Next" }).click();
  await card.getByText("2 of 3").waitFor();
  await card.getByRole("button", { name: "Play" }).click();
  await card.getByText("Playing").waitFor();
  await card.getByText("Load a tour").click();
  assert.ok(await card.getByRole("button", { name: "Load" }).isDisabled(), "a running group loads nothing");
  await card.getByText("QR code and link").click();
  await until(page, "the QR code", () => document.querySelector(".qr img")?.naturalWidth > 0);

  await page.getByPlaceholder("School class, 10:00").fill("School class, 14:00");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("article", { name: "School class, 14:00" }).waitFor();
  await page.setViewportSize({ width: 360, height: 780 });
  await noSidewaysScroll(page);
  await shot(page, "admin-360");
  assert.deepEqual(problems, []);
}

async function positionMoves(box, page) {
  const { state } = await box.group(GROUP);
  const read = () =>
    page.evaluate(() => ({
      value: Number(document.querySelector(".seek input").value),
      at: performance.timeOrigin + performance.now(),
    }));
  const first = await read();
  await sleep(1500);
  const second = await read();
  assert.ok(second.value > first.value, "the bar moves by itself");
  // The bar steps by whole seconds and is drawn four times a second.
  const off = second.value - expected(state, box.house(second.at)).position;
  assert.ok(Math.abs(off) < 1.3e6, `the bar is off by ${off} us`);
}

async function noSidewaysScroll(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${over} px wider than the screen`);
}

async function main() {
  const box = new Box(roomtoned, roomtonectl, webDir);
  let browser;
  try {
    await box.start();
    await box.ctl("login", "admin", "--password-file", box.passwordFile);
    await box.ctl("exhibit", "import", path.join(exhibit, "exhibit.json"));
    const login = await fetch(`${box.url}/api/v1/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: "admin", password: box.password }),
    });
    const session = login.headers.get("set-cookie").split(";")[0];
    console.log(`house clock known to ${(await box.learnClock(session)).toFixed(2)} ms`);

    browser = await launch();
    const phone = await browser.newContext({
      viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "en-GB",
    });
    const page = await phone.newPage();
    const problems = watch(page);

    await box.ctl("play", GROUP);
    await joinByCode(box, page);
    await firstSound(page);
    await box.ctl("goto", GROUP, "0");
    await page.getByText("Stop 1 of 3").waitFor();
    await settled(box, page);
    await listen(box, page, 14, "playing, over the end of a cue");
    await follow(box, page);
    await otherLanguage(box, page);
    await restart(box, page, session);
    await page.setViewportSize({ width: 320, height: 640 });
    await noSidewaysScroll(page);
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    await noSidewaysScroll(page);
    assert.deepEqual(problems, []);
    await admin(box, browser);
    console.log("all well");
  } catch (e) {
    for (const page of browser?.contexts().flatMap((c) => c.pages()) ?? []) {
      console.log(await page.evaluate(() => JSON.stringify({ room: window.roomtone, text: document.body.innerText })));
      await shot(page, "failed");
    }
    throw e;
  } finally {
    await browser?.close();
    await box.remove();
  }
}

await main();
