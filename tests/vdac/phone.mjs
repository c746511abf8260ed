// SPDX-License-Identifier: Apache-2.0
// A visitor's phone, as far as Chromium is one: opens the page, joins, taps Listen, and stays until
// its standard input ends. What it plays goes to ALSA, wherever ALSA_CONFIG_PATH and --card say.
//
//   node phone.mjs --web FOLDER --card NAME [--chromium PATH] URL
//
// Prints a line of JSON for each second: what the page says that it hears, and `heapBytes`.
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    web: { type: "string" },
    card: { type: "string" },
    chromium: { type: "string", default: process.env.CHROMIUM ?? "/usr/bin/chromium" },
  },
});
const require = createRequire(path.join(values.web, "package.json"));
const { chromium } = require("playwright-core");

const browser = await chromium.launch({
  executablePath: values.chromium,
  ignoreDefaultArgs: ["--mute-audio"],
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", `--alsa-output-device=${values.card}`,
    "--autoplay-policy=user-gesture-required", "--enable-precise-memory-info",
  ],
});
const context = await browser.newContext({
  viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: "en-GB",
});
const page = await context.newPage();
await page.goto(positionals[0]);
await page.getByRole("button", { name: "Listen" }).click();

const told = setInterval(() => void tell().catch(() => {}), 1000);
async function tell() {
  const said = await page.evaluate(() => ({
    ...window.roomtone.heard,
    line: window.roomtone.line,
    heapBytes: performance.memory.usedJSHeapSize,
  }));
  console.log(JSON.stringify(said));
}

process.stdin.resume();
process.stdin.on("end", async () => {
  clearInterval(told);
  await browser.close();
});
