// SPDX-License-Identifier: Apache-2.0
// People: a user is made, signs in and sees less, gets more, and is shown out; who did what is found again. By
// keyboard where something is pressed.
//
//   node desk_people.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { Box } from "./box.mjs";
import { axe, fits, shot, signIn, watched } from "./desk.mjs";
import { fill, launch, until } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const PASSWORD = "four weavers at one loom";

/** All sessions are ten minutes older: the password was given too long ago. */
async function age(box) {
  await box.stop();
  const sql = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute('UPDATE login SET began_us=began_us-600000000'); d.commit(); d.close()";
  execFileSync("/usr/bin/python3", ["-c", sql, path.join(box.dir, "state", "roomtone.db")]);
  await box.start();
}

async function signInAs(box, page, user, password) {
  await page.goto(`${box.url}/admin`);
  await page.getByLabel("Name").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function makeUser(page) {
  const form = page.getByRole("form", { name: "New user" });
  await form.getByLabel("Name").fill("anna");
  await form.getByLabel("Password").fill("Museum2026!");
  await form.getByLabel("Role").selectOption("viewer");
  await form.getByRole("button", { name: "Add" }).press("Enter");
  await page.getByText("too easy to guess").waitFor();
  await form.getByLabel("Password").fill(PASSWORD);
  await form.getByRole("button", { name: "Add" }).press("Enter");
  await page.getByText("anna can sign in.").waitFor();
  await page.getByRole("article", { name: "anna" }).waitFor();
}

/** A viewer sees the house, and nothing that is not for them. */
async function viewer(box, context) {
  const page = await context.newPage();
  await signInAs(box, page, "anna", PASSWORD);
  await page.getByText("Live").waitFor();
  await page.getByRole("article", { name: "Demo group" }).waitFor();
  const rail = await page.getByRole("navigation", { name: "Sections" }).getByRole("link").allTextContents();
  assert.ok(rail.includes("Now") && rail.includes("People") && !rail.includes("House"), rail.join(" "));
  assert.ok(!(await page.content()).includes("/g/"), "no link for guides");
  await page.getByRole("link", { name: "People" }).click();
  await page.getByRole("heading", { name: "Where I am signed in" }).waitFor();
  await axe(page, "a viewer's own page");
  await page.goto(`${box.url}/admin#setup`);
  await page.getByRole("article", { name: "Demo group" }).waitFor();
  return page;
}

/** What is grave waits for the password, a wrong one changes nothing, and Escape lets it be. */
async function passwordAgain(page, act, done) {
  const dialog = page.getByRole("dialog", { name: "Your password again" });
  await act();
  await dialog.waitFor();
  await axe(page, "the password again");
  await shot(page, "confirm");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await act();
  await until(page, "the field to have the keys", () => document.activeElement?.type === "password");
  await page.keyboard.type("not my password");
  await page.keyboard.press("Enter");
  await dialog.getByText("That is not your password.").waitFor();
  await dialog.getByLabel("Password").fill(box.password);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByText(done).waitFor();
}

const box = new Box(roomtoned, roomtonectl, webDir);
let browser;
try {
  await fill(box, exhibit);
  browser = await launch();
  const desk = { viewport: { width: 1280, height: 900 } };
  const context = await browser.newContext(desk), annas = await browser.newContext(desk);
  const problems = watched(context), hers = watched(annas);
  const page = await context.newPage();
  await signIn(box, page, "#people");
  await makeUser(page);
  await axe(page, "users");
  await shot(page, "people");
  const anna = await viewer(box, annas);

  await age(box);
  await page.getByText("Live").waitFor();
  const row = page.getByRole("article", { name: "anna" });
  await passwordAgain(page, () => row.getByLabel("Role of anna").selectOption("curator"), "anna is curator now.");
  await anna.getByText("Please sign in again.").waitFor();
  await signInAs(box, anna, "anna", PASSWORD);
  await anna.getByRole("link", { name: "House" }).waitFor();

  // Her session is ended by hand, and she by two presses.
  await page.getByRole("link", { name: "Sessions" }).click();
  await axe(page, "sessions");
  await page.getByRole("button", { name: /^End the session of anna/ }).press("Enter");
  await page.getByText(/^Ended: anna/).waitFor();
  await anna.getByText("Please sign in again.").waitFor();
  await page.getByRole("link", { name: "Users" }).click();
  await row.getByRole("button", { name: "Remove" }).press("Enter");
  await row.getByRole("button", { name: "Remove anna" }).press("Enter");
  await page.getByText("anna is gone.").waitFor();
  await row.waitFor({ state: "detached" });
  await signInAs(box, anna, "anna", PASSWORD);
  await anna.getByText("Name or password is wrong.").waitFor();

  await page.getByRole("link", { name: "Who did what" }).click();
  await page.getByText("removed users/anna").waitFor();
  await page.getByText("viewer -> curator").waitFor();
  await page.getByLabel("Who", { exact: true }).fill("anna");
  await page.getByRole("button", { name: "Search" }).press("Enter");
  await page.getByText("removed users/anna").waitFor({ state: "detached" });
  await page.getByText("signed in").first().waitFor();
  await axe(page, "who did what");
  await shot(page, "trail");

  await page.getByRole("link", { name: "My password" }).click();
  await page.getByLabel("The old one").fill(box.password);
  await page.getByLabel("The new one").fill(PASSWORD);
  await page.getByRole("button", { name: "Change" }).press("Enter");
  await page.getByText("Changed. Your other sessions have ended.").waitFor();
  await axe(page, "my password");
  await page.setViewportSize({ width: 360, height: 780 });
  for (const part of ["Users", "Sessions", "Who did what", "My password"]) {
    await page.getByRole("link", { name: part, exact: true }).click();
    await fits(page, `${part} at 360 px`);
    await shot(page, `people-${part.toLowerCase().replaceAll(" ", "-")}`);
  }
  assert.deepEqual([...problems, ...hers], []);
  console.log("all well");
} finally {
  await browser?.close();
  await box.remove();
}
