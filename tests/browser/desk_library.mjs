// SPDX-License-Identifier: Apache-2.0
// The library of the desk, from files to a group that plays them:
//
//   node desk_library.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// Files are dropped and chosen, corrected, sent through a connection that is lost in the middle, made
// ready; captions that are wrong say where; the level is changed; a group plays it; what is used cannot
// be deleted, what is not can. axe finds nothing, nothing is wider than 360 px, and a keyboard does.
// ROOMTONE_SHOTS=DIR keeps pictures.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Box } from "./box.mjs";
import { launch } from "./phone.mjs";
import { axe, fits, shot } from "./desk.mjs";

const [roomtoned, roomtonectl, , webDir] = process.argv.slice(2);
const MS = 20_000;
const UPLOAD_BYTES_S = 2_000_000;

/** Nothing for axe, nothing too wide on a small phone; a picture of both. */
async function looks(page, name) {
  await axe(page, name);
  await shot(page, `library-${name}`);
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  await fits(page, name);
  await axe(page, `${name} at 360`);
  await page.setViewportSize(size);
}

function files(dir) {
  mkdirSync(dir, { recursive: true });
  const at = (name) => path.join(dir, name);
  const wav = (name, seconds, ...more) =>
    execFileSync("sox", ["-q", "-R", "-n", "-r", "48000", "-c", "1", "-b", "16", at(name), "synth", String(seconds), "pinknoise", "tremolo", "0.3", "80", ...more]);
  wav("At the loom.en.wav", 60, "vol", "0.2");
  wav("At the loom.de.wav", 20, "vol", "0.2");
  wav("Soup.wav", 2, "vol", "0.2");
  writeFileSync(at("At the loom.en.srt"), "1\n00:00:01,000 --> 00:00:03,000\nWas it hard?\n\n2\n00:00:04,000 --> 00:02:03,000\nThe hands learn quickly.\n");
  writeFileSync(at("good.vtt"), "WEBVTT\n\n00:01.000 --> 00:03.000\nWas it hard?\n");
  writeFileSync(at("at-the-loom.svg"), "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><rect width='8' height='8' fill='#a53'/></svg>");
  writeFileSync(at("notes.docx"), "no");
  return at;
}

/** As a hand does it: files of the page's own making, let go over the zone. */
async function dropOn(page, name, text) {
  const transfer = await page.evaluateHandle(([n, t]) => {
    const d = new DataTransfer();
    d.items.add(new File([t], n));
    return d;
  }, [name, text]);
  await page.dispatchEvent(".drop", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
}

async function signIn(box, page) {
  await page.goto(`${box.url}/admin#library`);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(box.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Nothing here yet").waitFor({ timeout: MS });
}

async function bringIn(page, context, at) {
  await looks(page, "empty");
  await page.getByLabel("Files for the library").setInputFiles(["At the loom.en.wav", "At the loom.de.wav", "Soup.wav", "At the loom.en.srt", "at-the-loom.svg"].map(at));
  await dropOn(page, "notes.docx", "no");
  await page.getByText("Not taken").waitFor();
  // What the names said, and what people correct.
  const loom = page.getByRole("form", { name: "At the loom.en.wav" });
  assert.equal(await loom.getByLabel("Track").inputValue(), "at-the-loom");
  assert.equal(await loom.getByLabel("Language").inputValue(), "en");
  assert.equal(await page.getByRole("form", { name: "At the loom.de.wav" }).getByLabel("Language").inputValue(), "de");
  const soup = page.getByRole("form", { name: "Soup.wav" });
  await soup.getByLabel("Track").fill("A bowl of soup");
  await soup.getByLabel("Title").focus();
  assert.equal(await soup.getByLabel("Track").inputValue(), "a-bowl-of-soup");
  await looks(page, "wishes");

  const offsets = [];
  page.on("request", (r) => {
    const found = /uploads\/([0-9a-f]+)\?offset=(\d+)/.exec(r.url());
    if (found) offsets.push([found[1], Number(found[2])]);
  });
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: UPLOAD_BYTES_S });
  await page.getByRole("button", { name: "Bring in 5 files" }).press("Enter");
  const going = page.locator(".entry", { hasText: "At the loom.en.wav" });
  await page.waitForFunction(() => Number(document.querySelector('progress[aria-label="Sending At the loom.en.wav"]')?.value) >= 10, null, { timeout: MS });
  await cdp.send("Network.emulateNetworkConditions", { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await going.getByText("Connection lost").waitFor({ timeout: MS });
  await looks(page, "offline");
  const before = offsets.length;
  // Before the network is back: what goes on by itself may be through before a busy machine has pressed.
  await going.getByRole("button", { name: "Pause" }).click();
  await going.getByText("Paused").waitFor();
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4 * UPLOAD_BYTES_S });
  await going.getByRole("button", { name: "Go on" }).click();
  await going.getByText("In the library").waitFor({ timeout: MS });
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  const id = offsets.slice(0, before).filter(([, o]) => o > 0).map(([u]) => u)[0];
  const after = offsets.slice(before).filter(([u]) => u === id).map(([, o]) => o);
  assert.ok(id && after.length > 0 && Math.min(...after) > 0, `it began anew: ${JSON.stringify(offsets)}`);

  // Captions that end behind the sound say on which line.
  const captions = page.getByRole("form", { name: "At the loom.en.srt" });
  await captions.getByText("Line 6: ends at 00:02:03.000, the sound at 00:01:00.000").waitFor({ timeout: MS });
  await looks(page, "refused");
  await captions.getByRole("button", { name: "Leave out" }).click();
  await page.getByText("4 of 4 files are in").waitFor({ timeout: MS });
  await page.getByRole("button", { name: "Clear what is done" }).click();
}

async function list(page) {
  const rows = page.locator(".track");
  await page.getByText("lengths differ by 40.0 s").waitFor({ timeout: MS }); // the list is asked for behind each file
  await rows.nth(1).waitFor({ timeout: MS });
  assert.equal(await rows.count(), 2);
  await looks(page, "list");
  await page.getByRole("button", { name: "Lengths differ" }).click();
  assert.equal(await rows.count(), 1);
  await page.getByRole("button", { name: "All" }).click();
  await page.getByLabel("Find a track").fill("soup");
  assert.equal(await rows.count(), 1);
  await page.getByLabel("Find a track").fill("");
  await rows.filter({ hasText: "At the loom" }).press("Enter");
  await page.getByRole("heading", { name: "At the loom" }).waitFor();
}

async function panel(page, at) {
  await page.getByRole("img", { name: /Waveform of 0:20|Waveform of 1:00/ }).waitFor({ timeout: MS });
  await page.getByRole("group", { name: "Listen to" }).getByRole("button", { name: "English" }).click();
  const wave = page.getByRole("img", { name: /Waveform of 1:00/ });
  await wave.waitFor({ timeout: MS });
  await looks(page, "panel");
  // From the middle, by pointer; and a second on, by keys.
  const box = await wave.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(() => document.querySelector("audio").currentTime > 30, null, { timeout: MS });
  await page.getByRole("button", { name: /^Pause/ }).click();
  await page.getByRole("button", { name: /^Play / }).waitFor(); // it stands
  const slider = page.getByRole("slider");
  const was = Number(await slider.inputValue());
  await slider.press("ArrowRight");
  assert.equal(Number(await slider.inputValue()), was + 1);

  const english = page.locator(".language", { hasText: "English" });
  await english.getByLabel("Captions").setInputFiles(at("good.vtt"));
  await english.getByText("Captions are in.").waitFor({ timeout: MS });
  await english.getByText("Transcript (from the captions)").click();
  await page.waitForFunction(() => [...document.querySelectorAll("textarea")].some((t) => t.value.includes("Was it hard?")), null, { timeout: MS });
  await english.getByLabel("Transcript in").fill("Was it hard to learn?");
  await english.getByRole("button", { name: "Save the transcript" }).click();
  await english.getByText("Saved.").waitFor({ timeout: MS });

  await english.getByLabel("Loudness, LUFS").fill("-20");
  await english.getByLabel("Kind").selectOption("music");
  await english.getByRole("button", { name: "Make anew" }).click();
  await english.getByText("Made anew.").waitFor({ timeout: MS });
  const now = await english.locator("dt", { hasText: "Is now" }).locator("xpath=following-sibling::dd").innerText();
  assert.ok(Math.abs(parseFloat(now) + 20) <= 0.2, now);

  await page.getByLabel("Title in Deutsch").fill("Am Webstuhl");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator(".names").getByText("Saved.").waitFor({ timeout: MS });
}

async function plays(box, page) {
  await box.ctl("tour", "publish", "weavers", "at-the-loom");
  await box.ctl("--id", "class", "group", "create", "School class", "weavers");
  await box.ctl("play", "class");
  await page.goto(`${box.url}/admin#now`);
  const card = page.locator(".card.running", { hasText: "School class" });
  await card.waitFor({ timeout: MS });
  assert.equal((await box.group("class")).state.mode, "running");
  await page.goto(`${box.url}/admin#library/at-the-loom`);
  await page.getByText("in the tours weavers").waitFor({ timeout: MS });
}

async function away(page) {
  await page.getByRole("button", { name: /Delete this track/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await dialog.getByText("tour weavers, group class").waitFor({ timeout: MS });
  await axe(page, "dialog");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: /All tracks/ }).click();
  await page.locator(".track", { hasText: "soup" }).click();
  await page.getByRole("button", { name: /Delete this track/ }).press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).press("Enter");
  await page.locator(".track").first().waitFor({ timeout: MS });
  assert.equal(await page.locator(".track").count(), 1);
}

async function main() {
  const box = new Box(roomtoned, roomtonectl, webDir);
  let browser;
  try {
    await box.start();
    await box.ctl("login", "admin", "--password-file", box.passwordFile);
    const at = files(path.join(box.dir, "files"));
    browser = await launch();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (e) => problems.push(e.message));
    page.on("console", (m) => {
      if (/Content Security Policy|Refused to/.test(m.text())) problems.push(m.text());
    });
    const began = Date.now();
    const step = async (name, what) => {
      await what();
      console.log(`${name}: ${Date.now() - began} ms`);
    };
    try {
      await step("signed in", () => signIn(box, page));
      await step("brought in", () => bringIn(page, context, at));
      await step("listed", () => list(page));
      await step("looked after", () => panel(page, at));
      await step("played", () => plays(box, page));
      await step("deleted", () => away(page));
    } catch (e) {
      console.log(await page.evaluate(() => document.body.innerText).catch(String));
      throw e;
    }
    assert.deepEqual(problems, []);
    console.log("all well");
  } finally {
    await browser?.close();
    await box.remove();
  }
}

await main();
