// SPDX-License-Identifier: Apache-2.0
// A curator's groups: one from a tour, a school day of thirty, a schedule, a wrong turn taken back.
//
//   node desk_groups.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// ROOMTONE_SHOTS=DIR keeps pictures.
import assert from "node:assert/strict";
import { Box } from "./box.mjs";
import { axe, fits, shot, signIn, watched } from "./desk.mjs";
import { GROUP, fill, launch } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const WHOLE = { width: 1280, height: 900 };
const SMALL = { width: 360, height: 780 };
const CLASSES = 30;

const button = (where, name) => where.getByRole("button", { name });
const list = async (box) => JSON.parse(await box.ctl("--json", "group", "list")).groups;

async function small(page, label) {
  await page.setViewportSize(SMALL);
  await fits(page, label);
  await page.setViewportSize(WHOLE);
}

async function oneFromTour(box, page) {
  await button(page, "Group for The weavers").press("Enter");
  await page.getByText(/is there, with the code/).waitFor();
  await page.getByRole("heading", { name: "Joining" }).waitFor();
  const [made] = (await list(box)).filter((g) => g.id !== GROUP);
  assert.equal(made.state.mode, "ready");
  await page.getByLabel("Name", { exact: true }).fill("Friends of the house");
  await button(page, "Rename").press("Enter");
  await page.getByRole("heading", { name: "Friends of the house" }).waitFor();
  await button(page, "Undo").press("Enter");
  await page.getByRole("heading", { name: made.name }).waitFor();
  await page.getByLabel(/PIN/).fill("471108");
  await button(page, "Set PIN").press("Enter");
  await page.getByText("The PIN is set.").waitFor();
  await axe(page, "a group");
}

/** Every twenty minutes, and what that makes of a date. */
async function schedule(box, page) {
  await page.getByLabel("Tuesday").uncheck();
  await button(page, "Add to the schedule").press("Enter");
  const rule = "Starts every 20 minutes from 10:00 to 17:00, Monday, Wednesday, Thursday, Friday, Saturday, Sunday";
  await page.locator(".rules").getByText(rule).first().waitFor();
  await page.getByLabel("Another date").fill("2030-12-04"); // a Wednesday
  await page.getByText("10:20 starts from the first cue").waitFor();
  assert.equal(await page.locator(".day-list li").count(), 22);
  await page.getByLabel("Another date").fill("2030-12-03");
  await page.getByText("Nothing happens by itself.").waitFor();
  await page.locator(".add-rule select").selectOption("once");
  await page.getByLabel("Date", { exact: true }).fill("2030-12-03");
  await button(page, "Add to the schedule").press("Enter");
  await page.locator(".day-list").getByText("10:00 starts from the first cue").waitFor();
  await page.getByLabel("When the last listener has gone,").selectOption("reset");
  await page.getByText("Nothing is heard at once.").waitFor();
  await axe(page, "a schedule");
  await page.locator("#plan").scrollIntoViewIfNeeded();
  await shot(page, "groups-schedule");
  await small(page, "a group on a phone");
  await button(page, "Save").press("Enter");
  await page.getByText("What the group does by itself is changed.").waitFor();
  const [group] = (await list(box)).filter((g) => g.id !== GROUP);
  assert.deepEqual(group.plan.schedule, ["mon,wed-sun 10:00-17:00/20min start", "2030-12-03 10:00 start"]);
  assert.equal(group.plan.when_empty, "reset");
  await button(page, "Undo").press("Enter");
  await page.getByText("It starts when somebody starts it.").waitFor();
  assert.deepEqual((await box.group(group.id)).plan.schedule, []);
}

async function schoolDay(box, page) {
  await page.getByRole("link", { name: "All groups" }).press("Enter");
  await page.getByText("Many groups at once: a school day").click();
  await page.getByLabel("Day on which they start by themselves").fill("2030-12-03");
  await page.getByText("Class 1, 08:30 … Class 30, 13:20.").waitFor();
  await axe(page, "a school day");
  await button(page, `Make ${CLASSES} groups`).press("Enter");
  await page.getByText(`${CLASSES} groups are there.`).waitFor();
  await page.getByRole("link", { name: "Class 30, 13:20" }).waitFor();
  const classes = (await list(box)).filter((g) => g.name.startsWith("Class"));
  assert.equal(classes.length, CLASSES);
  assert.equal(new Set(classes.map((g) => g.code)).size, CLASSES);
  await axe(page, "many groups");
  await shot(page, "groups");
  await small(page, "many groups on a phone");
  // Once more is refused as a whole where it cannot be: nothing is made.
  await page.getByLabel("Minutes from one to the next").fill("60");
  await button(page, `Make ${CLASSES} groups`).press("Enter");
  await page.getByText(/after midnight/).waitFor();
  assert.equal((await list(box)).length, CLASSES + 2);
  await page.getByRole("link", { name: "Class 7, 09:30" }).press("Enter");
  await page.locator(".rules").getByText(/Starts at 09:30, once, on/).waitFor();
}

/** Somebody pressed stop by mistake, in the middle of the tour. */
async function rewind(box, page) {
  await page.getByRole("link", { name: "All groups" }).press("Enter");
  for (const [verb, mode] of [["play", "running"], ["goto", "running"], ["pause", "held"], ["stop", "ready"]]) {
    const { at } = JSON.parse(await box.ctl("--json", verb, GROUP, ...(verb === "goto" ? ["1"] : [])));
    let state;
    do ({ state } = await box.group(GROUP));
    while (state.mode !== mode || state.vec.t0 < at);
  }
  await page.getByRole("link", { name: "Demo group" }).press("Enter");
  const history = page.locator(".history");
  await history.getByText("admin: stopped").waitFor();
  await history.getByText("admin: went to “The dye").waitFor();
  const row = history.locator("li", { hasText: "admin: paused" }).first();
  await button(row, /Go back to here/).press("Enter");
  const sure = page.getByRole("alertdialog", { name: "Go back to here?" });
  await sure.getByText(/It was/).waitFor();
  await axe(page, "before going back");
  await shot(page, "groups-rewind");
  await button(sure, "Go back").press("Enter");
  await page.getByText(/The group is as it was/).waitFor();
  const { state } = await box.group(GROUP);
  assert.deepEqual([state.mode, state.cue, state.vec.p0 > 0], ["held", 1, true]);
  await button(page, "Undo").press("Enter");
  await history.getByText("admin: went back in time").nth(1).waitFor();
  const again = (await box.group(GROUP)).state;
  assert.deepEqual([again.mode, again.cue, again.epoch], ["ready", 0, state.epoch + 1]);
}

async function goneAndBack(box, page) {
  const { code } = await box.group(GROUP);
  await button(page, "Delete the group").press("Enter");
  const sure = page.getByRole("alertdialog", { name: "Delete Demo group?" });
  await sure.getByText("it can be brought back as it is").waitFor();
  await axe(page, "before deleting");
  await button(sure, "Delete Demo group").press("Enter");
  await page.getByText("Demo group is deleted.").waitFor();
  await assert.rejects(box.group(GROUP));
  await button(page, "Undo").press("Enter");
  await page.getByRole("link", { name: "Demo group" }).waitFor();
  assert.equal((await box.group(GROUP)).code, code);
}

const box = new Box(roomtoned, roomtonectl, webDir, "[time]\ntrust_clock = yes\n");
let browser;
try {
  await fill(box, exhibit);
  browser = await launch();
  const context = await browser.newContext({ viewport: WHOLE, locale: "en-GB" });
  const problems = watched(context);
  const page = await context.newPage();
  await signIn(box, page, "#groups");
  await page.getByRole("link", { name: "Demo group" }).waitFor();
  await oneFromTour(box, page);
  await schedule(box, page);
  await schoolDay(box, page);
  await rewind(box, page);
  await goneAndBack(box, page);
  assert.deepEqual(problems, []);
  console.log("all well");
} catch (e) {
  for (const page of browser?.contexts().flatMap((c) => c.pages()) ?? []) console.log(await page.evaluate(() => document.body.innerText).catch(String));
  throw e;
} finally {
  await browser?.close();
  await box.remove();
}
