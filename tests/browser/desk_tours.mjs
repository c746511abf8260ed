// SPDX-License-Identifier: Apache-2.0
// A tour is edited while a group plays it.
//
//   node desk_tours.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// By keyboard: cues change places, silence and an ending are set, all of it undone and done again. Saving says what it
// means for the group that plays, which then goes on with the new edition without a jump on a phone. Somebody else saves
// in between: both editions beside each other. ROOMTONE_SHOTS=DIR keeps pictures.
import assert from "node:assert/strict";
import path from "node:path";
import { Box } from "./box.mjs";
import { axe, fits, shot, signIn, watched } from "./desk.mjs";
import { inStep, joinAndListen, launch, listen, newPhone, open, until } from "./phone.mjs";
import { GROUP } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const WHOLE = { width: 1280, height: 900 };
const SMALL = { width: 360, height: 780 };

const names = (page) => page.locator(".cue-list h3").allInnerTexts();
const said = (page, words) => page.locator("[role=status]", { hasText: words }).first().waitFor();

/** The order, by keyboard: what a screen reader hears is looked at too. */
async function byKeyboard(page) {
  const before = await names(page);
  const [first] = before;
  const title = first.replace(/^1\. /, "");
  const grip = page.getByRole("button", { name: `Move ${title}, 1 of 3` });
  const heard = page.locator("[aria-live=assertive]");
  await grip.focus();
  await page.keyboard.press("Space");
  assert.match(await heard.innerText(), /picked up at 1 of 3/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.match(await heard.innerText(), /at 3 of 3/);
  await page.keyboard.press("Escape");
  assert.match(await heard.innerText(), /is back at 1/);
  assert.deepEqual(await names(page), before);
  assert.ok(await page.getByRole("button", { name: "Undo" }).isDisabled(), "what was put back is no edit");
  await page.keyboard.press("Space");
  await page.keyboard.press("End");
  await page.keyboard.press("Space");
  assert.match(await heard.innerText(), /put down at 3 of 3/);
  assert.equal((await names(page))[2], `3. ${title}`);
  await page.keyboard.press("Control+z");
  await said(page, "Taken back: Moved");
  assert.deepEqual(await names(page), before);
  await page.getByRole("button", { name: "Redo" }).press("Enter");
  await said(page, "Done again: Moved");
  await page.getByRole("button", { name: "Undo" }).press("Enter");
}

async function byPointer(page) {
  const before = await names(page);
  const from = await page.locator(".grip").nth(2).boundingBox();
  const to = await page.locator(".cue-row").nth(0).boundingBox();
  await page.mouse.move(from.x + 10, from.y + 10);
  await page.mouse.down();
  await page.mouse.move(to.x + 10, to.y + 30, { steps: 8 });
  await page.mouse.move(to.x + 10, to.y + 2, { steps: 4 });
  await page.mouse.up();
  assert.equal((await names(page))[0].slice(3), before[2].slice(3));
  await page.getByRole("button", { name: "Undo" }).click();
  assert.deepEqual(await names(page), before);
}

async function details(page) {
  const row = page.locator(".cue-row").first();
  await row.getByRole("button", { name: /Details/ }).press("Enter");
  await row.getByLabel("Silence behind it, seconds").fill("2");
  await row.getByLabel("Silence behind it, seconds").press("Tab");
  await said(page, "Not saved yet");
  assert.match(await row.innerText(), /after 2 s of silence/);
  await row.getByLabel("Fade out, seconds").fill("0.5");
  await row.getByLabel("Fade out, seconds").press("Tab");
  await row.locator("polygon.sound").waitFor({ state: "attached" }); // the picture of its sound
  await row.getByRole("button", { name: /Hear the part/ }).click();
  await row.getByRole("button", { name: /^Stop 0:/ }).waitFor();
  await until(page, "the playhead to move", () => Number(document.querySelector(".wave .head")?.getAttribute("x")) > 3);
  await row.getByRole("button", { name: /^Stop 0:/ }).click();
  await axe(page, "a cue's details");
  await shot(page, "tours-editor");
  // With another fade it would not be the sound that plays in the hall.
  await page.keyboard.press("Control+z");
  await said(page, "Taken back: At the loom: fade out of 0.5 s");
}

/** What follows the cue that plays is another one now; the phone in the hall hears no seam. */
async function editWhilePlaying(box, page, phone) {
  const last = page.locator(".cue-row").nth(2);
  const first = (await names(page))[0].slice(3);
  await last.locator(".grip").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Save…" }).press("Enter");
  const save = page.locator(".save");
  await save.getByText("Demo group").first().waitFor();
  await axe(page, "what saving changes");
  await page.setViewportSize(SMALL);
  await fits(page, "the editor on a phone");
  await page.setViewportSize(WHOLE);
  await shot(page, "tours-save");
  await box.ctl("stop", GROUP);
  const { at } = JSON.parse(await box.ctl("--json", "play", GROUP));
  let state;
  do ({ state } = await box.group(GROUP));
  while (state.mode !== "running" || state.vec.t0 !== at);
  await until(phone, "the phone to be there", (t) => window.roomtone.heard.at > t + 300_000, 5000, at);
  await save.getByText(`plays ${first}, which is over in`).waitFor();
  await save.getByLabel(/Let it go on with the new edition/).check();
  await save.getByRole("button", { name: "Save, and change 1 group" }).click();
  await said(page, "Saved as version 2.");
  const after = (await box.group(GROUP)).state;
  assert.notEqual(after.tour, state.tour);
  assert.deepEqual(after.vec, state.vec);
  assert.equal(after.next.at, state.vec.t0 + state.dur - state.vec.p0 + 2e6, "the silence is part of when the next begins");
  await until(phone, "the phone to have the new edition", (hash) => window.roomtone.state?.tour === hash, 10_000, after.tour);
  const jumps = await phone.evaluate(() => window.roomtone.heard.jumps);
  const { worst, silent } = await listen(box, phone, after, 2);
  console.log(`a phone over the edit: off by at most ${(worst / 1000).toFixed(2)} ms, ${silent} looks without sound`);
  assert.ok(worst < 20_000 && silent === 0, "the phone went on");
  assert.equal(await phone.evaluate(() => window.roomtone.heard.jumps), jumps);
}

async function somebodyWasFaster(box, page) {
  const other = JSON.parse(await box.ctl("--json", "tour", "show", "weavers"));
  const row = page.locator(".cue-row").nth(1);
  await row.getByRole("button", { name: /Details/ }).press("Enter");
  await row.getByLabel("At the end").selectOption("wait");
  // Meanwhile at the command line ...
  await box.ctl("tour", "restore", "weavers", "1");
  await page.getByRole("button", { name: "Save…" }).press("Enter");
  await page.locator(".save").getByRole("button", { name: "Save", exact: true }).click();
  const conflict = page.getByRole("alert").filter({ hasText: "Somebody else has saved" });
  await conflict.waitFor();
  assert.ok((await conflict.locator(".differs").count()) > 0);
  await axe(page, "two editions");
  await shot(page, "tours-conflict");
  await conflict.getByRole("button", { name: "Go on with yours" }).press("Enter");
  await page.locator(".save").getByRole("button", { name: "Save", exact: true }).click();
  await said(page, "Saved as version 4.");
  const mine = JSON.parse(await box.ctl("--json", "tour", "show", "weavers"));
  assert.equal(mine.tour.cues[1].on_end, "wait");
  assert.equal(mine.tour.cues[0].gap_us, other.tour.cues[0].gap_us);
  // Older versions can be looked at, and left again.
  await page.getByText("Versions", { exact: true }).click();
  await page.getByRole("button", { name: "Open version 1" }).press("Enter");
  await said(page, "Not saved yet.");
  await page.getByRole("button", { name: "Undo" }).press("Enter");
}

async function fromNothing(box, page) {
  await page.getByRole("link", { name: "All tours" }).press("Enter");
  await page.getByLabel("Title").fill("Short walk");
  await page.getByRole("button", { name: "Begin" }).press("Enter");
  await page.getByText("The tour has no cues.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Publish…" }).isDisabled());
  await page.getByLabel("Add a cue").selectOption("dyehouse");
  await page.getByRole("button", { name: "Add", exact: true }).press("Enter");
  await axe(page, "a new tour");
  await page.getByRole("button", { name: "Publish…" }).press("Enter");
  await page.locator(".save").getByRole("button", { name: "Save", exact: true }).click();
  await said(page, "Saved as version 1.");
  await page.getByRole("link", { name: "All tours" }).press("Enter");
  await axe(page, "all tours");
  await shot(page, "tours");
  await page.setViewportSize(SMALL);
  await fits(page, "all tours on a phone");
  await page.setViewportSize(WHOLE);
  await page.getByRole("button", { name: "Delete Short walk" }).press("Enter");
  await page.getByText("Short walk is deleted.").waitFor();
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await page.getByRole("link", { name: "Short walk" }).waitFor();
}

const box = new Box(roomtoned, roomtonectl, webDir);
let browser;
try {
  await open(box);
  await box.ctl("exhibit", "import", path.join(exhibit, "exhibit.json"));
  browser = await launch();
  const context = await browser.newContext({ viewport: WHOLE });
  const problems = watched(context);
  const phone = await newPhone(browser);
  const group = await box.group(GROUP);
  await box.ctl("play", GROUP);
  await joinAndListen(phone, box.url, group.link);
  await inStep(phone);
  const page = await context.newPage();
  await signIn(box, page, "#tours");
  await page.getByRole("link", { name: "The weavers" }).press("Enter");
  await page.getByRole("heading", { name: "Cues" }).waitFor();
  await axe(page, "the editor");
  await byKeyboard(page);
  await byPointer(page);
  await details(page);
  await editWhilePlaying(box, page, phone);
  await somebodyWasFaster(box, page);
  await fromNothing(box, page);
  assert.deepEqual(problems, []);
  console.log("all well");
} catch (e) {
  for (const page of browser?.contexts().flatMap((c) => c.pages()) ?? []) console.log(await page.evaluate(() => document.body.innerText).catch(String));
  throw e;
} finally {
  await browser?.close();
  await box.remove();
}
