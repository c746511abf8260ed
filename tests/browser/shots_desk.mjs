// SPDX-License-Identifier: Apache-2.0
// Pictures of every section of the admin page, of a house on an ordinary morning, on a laptop and on a phone:
//
//   ROOMTONE_SHOTS=DIR node shots_desk.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// What happens within the sections is in the pictures that the journeys keep (desk_*.mjs).
import { Box } from "./box.mjs";
import { shot, signIn } from "./desk.mjs";
import { PHONE, fill, launch, until } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const SECTIONS = ["Now", "Groups", "Tours", "Library", "Kiosks", "Posters", "House", "People"];
const NAMES = ["10:00 The weavers", "School of the bridge", "Tuesday rehearsal"];

/** Kiosks of the first group, some of its visitors, and a kiosk that waits to be adopted. */
async function people(box, browser, group) {
  const kiosks = [];
  for (const name of ["hall-left", "hall-right", "stairs"]) {
    const kiosk = await box.kiosk(name);
    await kiosk.says("staff may adopt it");
    kiosks.push(kiosk);
  }
  const { new: waiting } = JSON.parse(await box.ctl("--json", "kiosk", "list"));
  for (const k of waiting.slice(0, 2)) await box.ctl("kiosk", "adopt", k.id, group.id);
  for (let i = 0; i < 3; i++) {
    const page = await (await browser.newContext(PHONE)).newPage();
    await page.goto(box.url + group.link);
    const listen = page.getByRole("button", { name: "Listen", exact: true });
    await (i < 2 ? listen.click() : listen.waitFor());
    if (i === 1) await page.getByRole("button", { name: "Mute me" }).click();
  }
  return kiosks;
}

const box = new Box(roomtoned, roomtonectl, webDir, "[time]\ntrust_clock = yes\n");
let browser, kiosks = [];
try {
  await fill(box, exhibit);
  await box.ctl("venue", "set", "--name", "The Mill Museum");
  await box.ctl("group", "delete", "demo");
  const groups = [];
  for (const name of NAMES) groups.push(JSON.parse(await box.ctl("--json", "group", "create", name, "weavers")));
  await box.ctl("group", "schedule", groups[0].id, "tue-sun 10:00-17:40/20min start");
  browser = await launch();
  kiosks = await people(box, browser, groups[0]);
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB" })).newPage();
  await signIn(box, page);
  await page.getByText("2 kiosks").first().waitFor();
  for (const g of groups.slice(0, 2)) await box.ctl("play", g.id);
  await until(page, "two to play", () => document.querySelectorAll(".card.running").length === 2);
  await until(page, "phones and kiosks in step", () => /2 in step.*has the sound off/s.test(document.body.innerText) && document.querySelectorAll(".dot.good").length >= 2);
  await page.bringToFront();
  for (const name of SECTIONS) {
    await page.getByRole("link", { name, exact: true }).click();
    await until(page, name, () => !document.querySelector("main .empty"));
    await page.waitForLoadState("networkidle");
    await shot(page, name.toLowerCase());
    console.log(name);
  }
} finally {
  await browser?.close();
  for (const k of kiosks) await k.stop();
  await box.remove();
}
