// SPDX-License-Identifier: Apache-2.0
// Pictures of everything the visitor's page can look like: phone and tablet, dark and light, and from
// right to left; with a venue's own look.
//
//   node shots.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR OUT_DIR
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Box } from "./box.mjs";
import { PHONE, fill, launch, walk } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir, out] = process.argv.slice(2);

const LOOKS = [
  { name: "phone-dark", size: [390, 844], scheme: "dark" },
  { name: "phone-light", size: [390, 844], scheme: "light" },
  { name: "phone-small", size: [320, 568], scheme: "dark" },
  { name: "phone-arabic", size: [390, 844], scheme: "dark", lang: "ar" },
  { name: "phone-japanese", size: [390, 844], scheme: "light", lang: "ja" },
  { name: "tablet-dark", size: [1024, 768], scheme: "dark" },
  { name: "tablet-light", size: [1024, 768], scheme: "light" },
];
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="19" fill="#8040c0"/><path d="M9 30V12l11 12 11-12v18" fill="none" stroke="#fff" stroke-width="4"/></svg>`;

async function speak(page, lang) {
  const button = page.locator(`.page-languages [lang="${lang}"]`);
  if ((await button.count()) === 0) return false;
  await button.click();
  await page.waitForFunction((l) => document.documentElement.lang === l, lang);
  return true;
}

const box = new Box(roomtoned, roomtonectl, webDir);
let browser;
try {
  await fill(box, exhibit);
  const logo = path.join(box.dir, "logo.svg");
  writeFileSync(logo, LOGO);
  await box.ctl("venue", "set", "--name", "The Mill Museum", "--colour", "#8040c0", "--logo", logo);
  browser = await launch();
  let n = 0;
  await walk(box, await browser.newContext(PHONE), async (state, page) => {
    const number = String(++n).padStart(2, "0");
    for (const look of LOOKS) {
      if (look.lang && !(await speak(page, look.lang))) continue;
      await page.setViewportSize({ width: look.size[0], height: look.size[1] });
      await page.emulateMedia({ colorScheme: look.scheme });
      mkdirSync(path.join(out, look.name), { recursive: true });
      await page.screenshot({ path: path.join(out, look.name, `${number}-${state}.png`), fullPage: true, animations: "disabled" });
      if (look.lang) await speak(page, "en");
    }
    await page.setViewportSize(PHONE.viewport);
    console.log(state);
  });
} finally {
  await browser?.close();
  await box.remove();
}
