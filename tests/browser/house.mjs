// SPDX-License-Identifier: Apache-2.0
// A house with the exhibit, and a browser, for one story on the visitor's page.
import assert from "node:assert/strict";
import { Box } from "./box.mjs";
import { watched } from "./desk.mjs";
import { fill, launch } from "./states.mjs";

/** story(box, browser), by the programs that the command line names; no script may fail on any page of it, and the
    strict policy refuse nothing. */
export async function inHouse(story) {
  const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
  const box = new Box(roomtoned, roomtonectl, webDir);
  const problems = [];
  let browser;
  try {
    await fill(box, exhibit);
    browser = await launch();
    const open = browser.newContext.bind(browser);
    browser.newContext = async (options) => {
      const context = await open(options);
      problems.push(watched(context));
      return context;
    };
    await story(box, browser);
    assert.deepEqual(problems.flat(), []);
    console.log("all well");
  } finally {
    await browser?.close();
    await box.remove();
  }
}
