// SPDX-License-Identifier: Apache-2.0
// Posters: the visitors' network is said once, then a page for each group comes out of the printer.
//
//   node desk_posters.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { Box } from "./box.mjs";
import { axe, fits, shot, signIn, watched } from "./desk.mjs";
import { fill, launch, until } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);

const pages = (pdf) => (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? []).length;

/** What the printer would get. */
async function printed(page) {
  const pdf = await page.pdf({ format: "A4", printBackground: true });
  if (process.env.ROOMTONE_SHOTS) writeFileSync(path.join(process.env.ROOMTONE_SHOTS, "posters.pdf"), pdf);
  return pages(pdf);
}

const box = new Box(roomtoned, roomtonectl, webDir);
let browser;
try {
  await fill(box, exhibit);
  for (const name of ["Class 4b, 10:00", "Class 5a, 10:40"]) await box.ctl("group", "create", name, "weavers");
  await box.ctl("venue", "set", "--name", "The Weaving Mill", "--colour", "#cc3366");
  browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const problems = watched(context);
  const page = await context.newPage();
  await signIn(box, page, "#posters");
  await page.getByRole("article", { name: "Poster of Class 4b, 10:00" }).waitFor();
  await axe(page, "posters without a network");
  assert.equal(await page.getByAltText("Code that joins the Wi-Fi").count(), 0);
  await page.getByLabel("Visitors’ Wi-Fi").fill('The "mill"; guests');
  await page.getByLabel("Its password").fill("short");
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await page.getByRole("status").getByText(/password/).waitFor();
  assert.equal(await box.ctl("--json", "wifi", "show"), "{}\n", "a password that is none changes nothing");
  await page.getByLabel("Its password").fill("warp: and weft");
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await page.getByAltText("Code that joins the Wi-Fi").first().waitFor();
  assert.deepEqual(JSON.parse(await box.ctl("--json", "wifi", "show")), { name: 'The "mill"; guests', hidden: false, password: "warp: and weft" });
  await until(page, "all codes to be drawn", () => [...document.querySelectorAll(".poster .steps img")].every((i) => i.naturalWidth > 0));
  const { code } = await box.group("demo");
  assert.match(await page.getByRole("article", { name: "Poster of Demo group" }).textContent(), new RegExp(code.replace(/(\d{3})(?=\d)/g, "$1 ")));
  // Three languages at most; right to left where it is read so.
  const arabic = page.getByLabel("العربية");
  assert.ok(await arabic.isDisabled(), "a fourth language has no room");
  await page.getByLabel("Français").uncheck();
  await arabic.check();
  await axe(page, "posters");
  await shot(page, "posters");
  assert.equal(await printed(page), 3, "a page for each group");
  await page.getByLabel("Demo group", { exact: true }).uncheck();
  await page.getByRole("button", { name: "Print 2 posters" }).waitFor();
  assert.equal(await printed(page), 2);
  await page.setViewportSize({ width: 360, height: 780 });
  await fits(page, "posters on a phone");
  assert.deepEqual(problems, []);
} finally {
  await browser?.close();
  await box.remove();
}
