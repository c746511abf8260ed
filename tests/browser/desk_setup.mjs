// SPDX-License-Identifier: Apache-2.0
// The first run: from a box that nobody has touched to a group that plays, without a shell.
//
//   node desk_setup.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { Box } from "./box.mjs";
import { axe, fits, shot, signIn, watched } from "./desk.mjs";
import { launch, until } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const PASSWORD = "four weavers at one loom";

const [box, made, fresh] = [1, 2, 3].map(() => new Box(roomtoned, roomtonectl, webDir));
let browser;
try {
  await box.start();
  browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "de-DE", timezoneId: "Europe/Berlin" });
  const problems = watched(context);
  const page = await context.newPage();
  const begun = Date.now();
  await page.goto(`${box.url}/admin`);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(box.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Setting up the box" }).waitFor();
  assert.equal(new URL(page.url()).hash, "#setup");
  await axe(page, "a new box");
  await shot(page, "setup");

  const step = (name) => page.getByRole("region", { name });
  await step("A password of your own").getByLabel("New password for admin").fill("roomtone2026");
  await step("A password of your own").getByRole("button", { name: "Set" }).press("Enter");
  await page.getByText("too easy to guess").waitFor();
  await step("A password of your own").getByLabel("New password for admin").fill(PASSWORD);
  await step("A password of your own").getByRole("button", { name: "Set" }).press("Enter");
  await step("A password of your own").getByText("Changed.").waitFor();

  const house = step("The house");
  assert.equal(await house.getByLabel("Its own language").inputValue(), "de", "as the laptop is");
  assert.equal(await house.getByLabel("Time zone").inputValue(), "Europe/Berlin");
  await house.getByLabel("What it is called").fill("Die Webmühle");
  await house.getByRole("button", { name: "Save" }).press("Enter");
  await house.getByText("Saved.").waitFor();
  const venue = JSON.parse(await (await fetch(`${box.url}/api/v1/venue`)).text());
  assert.deepEqual(venue, { name: "Die Webmühle", lang: "de", zone: "Europe/Berlin" });

  // Where the machine does not know the time by itself, it is told; else there is nothing to tell.
  const time = step("The time");
  const tell = time.getByRole("button", { name: "Take the time from this laptop" });
  if (await tell.count()) {
    await tell.press("Enter");
    await time.getByText("It is what somebody said.").waitFor();
  }
  await time.getByText(/^It is /).waitFor();

  const first = step("A first tour");
  const wav = readdirSync(exhibit, { recursive: true }).map(String).filter((f) => f.endsWith(".wav")).sort().slice(0, 2);
  await first.getByLabel(/^Recordings/).setInputFiles(wav.map((f, i) => ({ name: `${i + 1} Am Webstuhl.wav`, mimeType: "audio/wav", buffer: readFileSync(path.join(exhibit, f)) })));
  await until(page, "the tour to be called as the house", () => document.querySelector("form:has([type=file]) [name=name]").value === "Die Webmühle");
  await first.getByRole("button", { name: "Make it, and play" }).press("Enter");
  await first.getByText("plays.").waitFor({ timeout: 60_000 });
  await until(page, "the code to be drawn", () => document.querySelector(".playing img")?.naturalWidth > 0);
  console.log(`from signing in to playing: ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  await page.getByText("All is set.").waitFor();
  await axe(page, "all is set");
  await shot(page, "setup-done");
  await page.setViewportSize({ width: 360, height: 780 });
  await fits(page, "the set-up at 360 px");
  await page.getByRole("link", { name: "To the groups" }).click();
  await page.getByRole("article", { name: "Die Webmühle" }).getByText("Playing").waitFor();

  // Who comes again finds the house, not the set-up.
  await page.goto("about:blank");
  await page.goto(`${box.url}/admin`);
  await page.getByRole("article", { name: "Die Webmühle" }).waitFor();
  assert.deepEqual(problems, []);

  // Another new box, with a demo exhibit: one button.
  const archive = path.join(box.dir, "demo.tar");
  await made.start();
  await made.ctl("login", "admin", "--password-file", made.passwordFile);
  await made.ctl("exhibit", "import", path.join(exhibit, "exhibit.json"));
  await made.ctl("exhibit", "save", archive);
  fresh.config = `[server]\ndemo = ${archive}\n`;
  await fresh.start();
  const again = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const said = watched(again);
  const desk = await again.newPage();
  await signIn(fresh, desk);
  const tour = desk.getByRole("region", { name: "A first tour" });
  await shot(desk, "setup-demo");
  await axe(desk, "a new box with a demo");
  await tour.getByRole("button", { name: "Begin with the demo exhibit" }).press("Enter");
  await tour.getByText("Demo group plays.").waitFor();
  await until(desk, "the demo's code to be drawn", () => document.querySelector(".playing img")?.naturalWidth > 0);
  await desk.getByRole("link", { name: /To the groups|Later, to the groups/ }).click();
  await desk.getByRole("article", { name: "Demo group" }).getByText("Playing").waitFor();
  assert.deepEqual(said, []);
  console.log("all well");
} finally {
  await browser?.close();
  for (const b of [box, made, fresh]) await b.remove();
}
