// SPDX-License-Identifier: Apache-2.0
// What holds for every screen of the visitor's page, and what each is for:
//
//   node view.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// At each state: nothing found by axe (dark and light), nothing wider than the screen (320 px, twice
// the text, right to left), and everything that can be pressed is large enough. Then: how few requests
// bring Listen, joining by keyboard alone, the venue's look.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { axe, fits } from "./desk.mjs";
import { inHouse } from "./house.mjs";
import { GROUP, PHONE, press, until, walk } from "./states.mjs";

const TAP_PX = 48;

/** Colours that are on their way are no colours to judge. */
const settled = (page) => page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished.catch(() => undefined))));

async function pressable(page, label) {
  const small = await page.evaluate((least) => {
    const all = [...document.querySelectorAll("button, select, input, summary")].filter((e) => e.checkVisibility());
    return all.map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
      .filter(([, r]) => r.height < least - 0.5 || r.width < least - 0.5)
      .map(([html, r]) => `${html} ${r.width.toFixed()}x${r.height.toFixed()}`);
  }, TAP_PX);
  assert.deepEqual(small, [], label);
}

async function screen(page, name) {
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await settled(page);
    await axe(page, `${name}, ${colorScheme}`);
  }
  await page.setViewportSize({ width: 320, height: 568 });
  await fits(page, `${name} at 320 px`);
  await pressable(page, name);
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  await fits(page, `${name} with large text`);
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
  const arabic = page.locator('.page-languages [lang="ar"]');
  if (await arabic.count()) {
    await arabic.click();
    await page.waitForFunction(() => document.documentElement.dir === "rtl");
    await fits(page, `${name} from right to left`);
    await axe(page, `${name} from right to left`);
    await page.locator('.page-languages [lang="en"]').click();
    await page.waitForFunction(() => document.documentElement.lang === "en");
  }
  await page.emulateMedia({ forcedColors: "active" });
  await fits(page, `${name} in forced colours`);
  await page.emulateMedia({ colorScheme: "dark", forcedColors: "none" });
  await page.setViewportSize(PHONE.viewport);
}

/** What is asked for until Listen can be tapped, after the page itself. */
async function fewRequests(box, browser) {
  const { link } = await box.group(GROUP);
  for (const locale of ["en-GB", "ja-JP"]) {
    const context = await browser.newContext({ ...PHONE, locale });
    const page = await context.newPage();
    const asked = [];
    page.on("request", (r) => asked.push(new URL(r.url()).pathname));
    // Once the page stands, nothing more is waited for but the house's word; what the page asks for from
    // then on is wanted later.
    await page.addInitScript(() => {
      new MutationObserver(() => {
        if (document.querySelector(".venue") && !window.standsAt) window.standsAt = performance.now();
        if (document.querySelector(".listen .huge") && !window.listenAt) window.listenAt = performance.now();
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(`${box.url}${link}`);
    await until(page, "Listen", () => window.listenAt > 0);
    const first = await page.evaluate(() => performance.getEntriesByType("resource").filter((e) => e.startTime < window.standsAt).map((e) => new URL(e.name).pathname));
    const ms = await page.evaluate(() => Math.round(window.listenAt));
    console.log(`${locale}: Listen after ${ms} ms and ${first.join(" ")}`);
    // The tour's own document may come while the words are on their way; nobody waits for it.
    assert.ok(first.filter((p) => !p.startsWith("/content/")).length <= 3, first.join(" "));
    await until(page, "the sound's script, while people read", () =>
      performance.getEntriesByType("resource").some((e) => e.name.includes("/worker-") && e.startTime > window.standsAt));
    assert.ok(asked.every((p) => !/^https?:/.test(p) || p.startsWith(box.url)));
    await context.close();
  }
}

async function byKeyboard(box, browser) {
  const page = await (await browser.newContext({ ...PHONE, hasTouch: false, isMobile: false })).newPage();
  const { code } = await box.group(GROUP);
  await page.goto(box.url);
  await page.getByLabel("Group code").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "code");
  await page.keyboard.type(` ${code.slice(0, 4)} ${code.slice(4)}`);
  await page.getByRole("button", { name: "Listen", exact: true }).waitFor();
  for (let i = 0; !(await page.evaluate(() => document.activeElement.textContent === "Listen")); i++) {
    assert.ok(i < 10, "Listen is reached by Tab");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await until(page, "sound wanted", () => window.roomtone.sound === "on");
  for (let i = 0; !(await page.evaluate(() => /^Read the text/.test(document.activeElement.textContent))); i++) {
    assert.ok(i < 10, "the text is reached by Tab");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Space");
  await page.locator(".transcript li").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Back");
  await page.goBack(); // the phone's own back closes the text, and no more
  await page.getByRole("button", { name: "Read the text" }).waitFor();
  assert.equal(await page.evaluate(() => window.roomtone.line), "joined");
  await page.context().close();
}

/** Pasted with spaces, as from a message. */
async function byPaste(box, browser) {
  const page = await (await browser.newContext(PHONE)).newPage();
  const { code } = await box.group(GROUP);
  await page.goto(box.url);
  await page.getByLabel("Group code").fill(`${code.slice(0, 3)}-${code.slice(3, 6)} ${code.slice(6)} `);
  await page.getByRole("button", { name: "Listen", exact: true }).waitFor();
  await page.getByRole("button", { name: "Leave the group" }).click();
  // A slip, and then the right one on the large keys: the first digit begins anew.
  await press(page, `${code.slice(0, 8)}${(Number(code[8]) + 1) % 10}`);
  await page.getByText("That code has a slip").waitFor();
  await press(page, code);
  await page.getByRole("button", { name: "Listen", exact: true }).waitFor();
  await page.context().close();
}

async function look(box, browser) {
  const page = await (await browser.newContext(PHONE)).newPage();
  const colour = () => page.evaluate(() => getComputedStyle(document.querySelector(".keypad .primary")).backgroundColor);
  await page.goto(box.url);
  await page.getByLabel("Group code").waitFor();
  const ours = await colour();
  const logo = path.join(box.dir, "logo.svg");
  writeFileSync(logo, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><path d='M0 0h8v8H0z' fill='#204080'/></svg>");
  await box.ctl("venue", "set", "--name", "The Mill Museum", "--colour", "#204080", "--logo", logo);
  await page.reload();
  await page.getByText("The Mill Museum").waitFor();
  assert.notEqual(await colour(), ours);
  await axe(page, "a dark colour of the venue's, in the dark");
  await until(page, "the logo", () => document.querySelector(".venue img")?.naturalWidth > 0);
  assert.match(await page.title(), /The Mill Museum/);
  // The next visit begins with it, before anybody was asked.
  await page.route("**/api/v1/venue", (route) => route.abort());
  await page.reload();
  await page.getByText("The Mill Museum").waitFor();
  await page.context().close();
}

// A player that brings no code is found by its chirp and taken in, by keyboard alone.
async function adopt(box, page) {
  const kiosk = await box.kiosk("shelf");
  try {
    const form = page.getByRole("form", { name: "New kiosk shelf" });
    await form.waitFor();
    await axe(page, "a new kiosk");
    await form.getByRole("button", { name: "Identify" }).press("Enter");
    await form.getByText("shelf was told to chirp.").waitFor();
    await kiosk.says("chirping");
    await form.getByLabel("Name").fill("The shelf");
    await form.getByLabel("Group").selectOption({ index: 0 });
    await form.getByRole("button", { name: "Adopt" }).press("Enter");
    await form.waitFor({ state: "detached" });
    await kiosk.says("joined ");
    await page.getByRole("row", { name: /The shelf|shelf/ }).first().waitFor();
  } finally {
    await kiosk.stop();
  }
}

async function admin(box, browser) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(`${box.url}/admin`);
  await page.getByLabel("Name").fill("admin");
  await axe(page, "signing in to the admin page");
  await page.getByLabel("Password").fill(box.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "House" }).click();
  const form = page.locator(".look");
  await form.getByLabel("Name").fill("The Weaving Mill");
  await form.getByLabel("Colour").fill("#cc3366");
  await form.getByLabel("Logo").setInputFiles({ name: "logo.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><circle cx='4' cy='4' r='4'/></svg>") });
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("Saved.").waitFor();
  await axe(page, "the look of the house");
  await page.getByRole("link", { name: "Now" }).click();
  await axe(page, "the admin page");
  await page.getByRole("link", { name: "Kiosks" }).click();
  await adopt(box, page);
  const kept = JSON.parse(await box.ctl("--json", "venue", "show"));
  assert.equal(kept.name, "The Weaving Mill");
  assert.equal(kept.colour, "#cc3366");
  assert.match(kept.logo, /^[0-9a-f]{64}\.svg$/);
  await page.context().close();
}

await inHouse(async (box, browser) => {
  await fewRequests(box, browser);
  await byPaste(box, browser);
  await byKeyboard(box, browser);
  const states = [];
  await walk(box, await browser.newContext(PHONE), async (name, page) => {
    states.push(name);
    await screen(page, name);
  });
  console.log(`${states.length} states: ${states.join(", ")}`);
  await look(box, browser);
  await admin(box, browser);
});
