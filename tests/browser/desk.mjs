// SPDX-License-Identifier: Apache-2.0
// What the journeys on the admin page share: signing in, axe, pictures.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { axeSource } from "./states.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Script errors, and whatever the strict policy refused, on all pages of a context; they come into the list. */
export function watched(context) {
  const problems = [];
  context.on("page", (page) => {
    page.on("pageerror", (e) => problems.push(e.message));
    page.on("console", (m) => {
      if (/Content Security Policy|Refused to/.test(m.text())) problems.push(m.text());
    });
  });
  return problems;
}

export async function signIn(box, page, section = "") {
  await page.goto(`${box.url}/admin${section}`);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(box.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Live").waitFor();
}

export async function axe(page, label) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource());
  const { violations } = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules, resultTypes: ["violations"] }), RULES);
  const found = violations.map((v) => `${v.id}: ${v.help}\n   ${v.nodes.map((n) => n.html.slice(0, 200)).join("\n   ")}`);
  assert.deepEqual(found, [], label);
}

export async function fits(page, label) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${label}: ${over} px wider than the screen`);
}

const WIDTHS = [1280, 360];
const TALL = 2400; // of a picture, px: the rest of a full house is more of the same

/** A picture of it on a laptop and on a phone, kept where ROOMTONE_SHOTS names a folder. */
export async function shot(page, name) {
  const folder = process.env.ROOMTONE_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const size = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const tall = await page.evaluate(() => {
      scrollTo(0, 0); // what sticks to the top belongs there
      return document.documentElement.scrollHeight;
    });
    const clip = { x: 0, y: 0, width, height: Math.min(tall, TALL) };
    await page.screenshot({ path: path.join(folder, `${name}-${width}.png`), fullPage: true, animations: "disabled", clip });
  }
  await page.setViewportSize(size);
}
