// SPDX-License-Identifier: Apache-2.0
// Walks a visitor's page through everything it can look like, and stops at each: for pictures
// (shots.mjs) and for what can be checked of any screen (view.mjs).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

export const need = createRequire(new URL("../../web/", import.meta.url));
const { chromium } = need("playwright-core");

export const GROUP = "demo";

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--autoplay-policy=user-gesture-required",
    ],
  });
}

/** Without the service worker, which would answer from what it has kept. */
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "en-GB", serviceWorkers: "block" };

/** A box with the exhibit in it, signed in. */
export async function fill(box, exhibit) {
  await box.start();
  await box.ctl("login", "admin", "--password-file", box.passwordFile);
  await box.ctl("exhibit", "import", path.join(exhibit, "exhibit.json"));
}

export async function until(page, what, condition, ms = 20_000) {
  await page.waitForFunction(condition, null, { timeout: ms, polling: 50 }).catch(async () => {
    const seen = await page.evaluate(() => JSON.stringify({ room: window.roomtone, text: document.body.innerText }));
    throw new Error(`waited ${ms} ms for: ${what}; saw ${seen}`);
  });
}

export async function press(page, digits) {
  for (const digit of digits) await page.getByRole("button", { name: digit, exact: true }).click();
}

async function joining(box, page, visit) {
  await page.goto(box.url);
  await page.getByLabel("Group code").waitFor();
  await visit("join");
  const { code } = await box.group(GROUP);
  const slip = (Number(code[8]) + 1) % 10;
  await press(page, `${code.slice(0, 8)}${slip}`);
  await page.getByText("That code has a slip").waitFor();
  await visit("join-slip");
  const stem = code.startsWith("9") ? `1${code.slice(1, 8)}` : `9${code.slice(1, 8)}`;
  for (let digit = 0; digit < 10; digit++) {
    await page.getByLabel("Group code").fill(`${stem}${digit}`);
    await until(page, "an answer", () => document.querySelector("#notice").textContent !== "");
    if ((await page.locator("#notice").textContent()).startsWith("No group")) break;
  }
  await visit("join-wrong");
  await press(page, code);
  await page.getByRole("button", { name: "Listen", exact: true }).waitFor();
}

/** What the house says to a hello at a busy time; the real thing is in outages.mjs and tests/system. */
async function refused(box, context, visit) {
  for (const [code, sentence] of [["house_full", "The house is full"], ["too_many_guesses", "Too many"]]) {
    const page = await context.newPage();
    await page.routeWebSocket("**/ws", (ws) => {
      ws.onMessage((said) => {
        if (typeof said === "string" && said.includes("hello")) ws.send(JSON.stringify({ type: "error", code, message: "" }));
      });
    });
    await page.goto(box.url);
    const { code: group } = await box.group(GROUP);
    await press(page, group);
    await page.getByText(sentence).first().waitFor();
    await visit(code.replaceAll("_", "-"), page);
    await page.close();
  }
}

/** A guide comes and leads: the visitor sees who. */
async function led(box, page, visit) {
  const guide = await page.context().browser().newPage({ locale: "en-GB", serviceWorkers: "block" });
  await guide.goto(box.url + (await box.group(GROUP)).guide_link);
  await guide.getByLabel("Your name").fill("Zoë");
  await guide.getByRole("button", { name: "Lead this group" }).click();
  await page.getByText("Led by Zoë").waitFor();
  await page.getByRole("button", { name: "Raise a hand" }).waitFor();
  await visit("led");
  await guide.context().close();
}

async function reading(page, visit, name) {
  await page.getByRole("button", { name: /^Read (the text|what you missed)$/ }).click();
  await page.locator(".transcript li").first().waitFor();
  await visit(name);
  await page.getByRole("button", { name: "Back" }).click();
}

/** The cues are short: back to the beginning before each look that wants one playing. */
async function again(box, page) {
  await box.ctl("goto", GROUP, "0");
  await page.getByText("Stop 1 of 3").waitFor();
  await until(page, "sound", () => window.roomtone.heard?.playing === "sound");
}

async function listening(box, page, visit) {
  await page.getByRole("button", { name: "Listen", exact: true }).click();
  await again(box, page);
  await page.getByText("In step with your group").waitFor();
  await visit("listening");
  await again(box, page);
  await page.getByRole("button", { name: "Read along" }).click();
  await page.locator(".captions li.current").waitFor();
  await box.ctl("pause", GROUP);
  await page.getByText("Paused by your guide").waitFor();
  await visit("captions");
  await box.ctl("play", GROUP);
  await page.getByRole("button", { name: "Read along" }).click();
  await page.getByText("Details").click();
  await page.getByText("No sound?").click();
  await visit("details");
  await page.getByText("Details").click();
  await page.getByText("No sound?").click();
  await again(box, page);
  await page.getByRole("button", { name: "Sound late?" }).click();
  await page.getByRole("button", { name: "Done" }).waitFor();
  await visit("trim");
  await page.getByRole("button", { name: "Done" }).click();
  await box.ctl("pause", GROUP);
  await page.getByText("Paused by your guide").waitFor();
  await visit("paused");
  await page.evaluate(() => window.lastContext.suspend());
  await page.getByText("Your phone paused the sound").waitFor();
  await visit("blocked");
  await page.locator("h1").first().click(); // any tap goes on
}

async function troubles(box, page, visit) {
  await page.route("**/*.opus", (route) => route.fulfill({ status: 404 }));
  await box.ctl("play", GROUP);
  await box.ctl("goto", GROUP, "2"); // of which nothing was fetched yet, or no more than its beginning
  await page.getByLabel("Language").selectOption("de");
  await page.getByText("does not have the sound of this stop").waitFor({ timeout: 15_000 });
  await visit("no-track");
  await page.unroute("**/*.opus");
  await box.stop();
  await page.getByText("Reconnecting").waitFor();
  await visit("reconnecting");
  await page.getByText("The house cannot be reached").first().waitFor({ timeout: 20_000 });
  await visit("away");
  await box.start();
  await until(page, "the page is back", () => window.roomtone.line === "joined");
  await page.getByRole("button", { name: "Leave the group" }).click();
  await page.goto(`${box.url}/j/AAAAAAAAAAAAAAAAAAAAAA`);
  await page.getByText("This group has ended, or the link is old").waitFor();
  await visit("old-link");
}

async function strange(box, context, visit) {
  const old = await context.newPage();
  await old.addInitScript(() => delete window.WebAssembly);
  await old.goto(box.url);
  await old.getByText("This browser is too old").waitFor();
  await visit("old-browser", old);
  await old.close();
  const cut = await context.newPage();
  await cut.route("**/*.js", (route) => route.abort());
  await cut.goto(box.url);
  await until(cut, "what to do", () => getComputedStyle(document.querySelector(".patience")).visibility === "visible");
  await visit("not-loaded", cut);
  await cut.close();
}

/** `visit(name, page)` is called at each state; `box` must be filled. */
export async function walk(box, context, visit) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.AudioContext = class extends window.AudioContext {
      constructor(...args) {
        super(...args);
        window.lastContext = this;
      }
    };
  });
  const at = (name, other) => visit(name, other ?? page);
  await joining(box, page, at);
  await at("waiting");
  await box.ctl("play", GROUP);
  await page.getByText("Playing now").waitFor();
  await at("group");
  await led(box, page, at);
  await reading(page, at, "reading");
  await listening(box, page, at);
  await troubles(box, page, at);
  await refused(box, context, at);
  await strange(box, context, at);
  await page.close();
}

export function axeSource() {
  return readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
}
