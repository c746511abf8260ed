// SPDX-License-Identifier: Apache-2.0
// What a secure context adds:  node secure.mjs ROOMTONED ROOMTONECTL WEB_DIR
//
// 127.0.0.1 counts as one. A phone listens until page and track are kept; then the house goes away and
// the page is opened again: it offers what it has, with sound, and joins when the house is back. The
// screen stays on while somebody reads. The same page at a plain HTTP name does none of it, quietly; at an
// HTTPS name all of it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { Box, wall } from "./box.mjs";
import { inStep, joinAndListen, launch, longTrack, newPhone, open, sleep, until, watch } from "./phone.mjs";

const [roomtoned, roomtonectl, webDir] = process.argv.slice(2);
const GROUP = "long";
const NAME = "roomtone.local";

async function kept(page, ending) {
  const look = async (e) => {
    const names = (await caches.keys()).filter((n) => n.startsWith("roomtone-"));
    const lists = await Promise.all(names.map(async (n) => (await caches.open(n)).keys()));
    return lists.flat().some((r) => r.url.endsWith(e));
  };
  const begun = wall();
  while (!(await page.evaluate(look, ending))) {
    assert.ok(wall() < begun + 60_000, `${ending} is kept`);
    await sleep(100);
  }
  return wall() - begun;
}

async function plain(browser, group, port) {
  const page = await newPhone(browser, undefined, "allow");
  const problems = watch(page);
  await joinAndListen(page, `http://${NAME}:${port}`, group.link);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  assert.equal(await page.evaluate(() => "serviceWorker" in navigator), false);
  assert.deepEqual(problems, []);
  await page.context().close();
}

async function https(browser, group, port) {
  const page = await newPhone(browser, undefined, "allow");
  const problems = watch(page);
  await joinAndListen(page, `https://${NAME}:${port}`, group.link);
  assert.equal(await page.evaluate(() => isSecureContext), true);
  await kept(page, ".opus");
  assert.deepEqual(problems, []);
  await page.context().close();
}

async function main(box) {
  await open(box);
  const wav = path.join(box.dir, "long.wav");
  execFileSync("sox", ["-R", "-n", "-r", "48000", "-c", "1", wav, "synth", "40", "brownnoise", "vol", "0.3"]);
  const group = await longTrack(box, wav, GROUP);
  const browser = await launch(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`, "--ignore-certificate-errors");
  try {
    const { port } = new URL(box.url);
    await plain(browser, group, port);
    await box.ctl("seek", GROUP, "1");
    await https(browser, group, new URL(box.https).port);

    const page = await newPhone(browser, () => {
      window.locks = [];
      const request = navigator.wakeLock.request.bind(navigator.wakeLock);
      navigator.wakeLock.request = async (type) => {
        window.asked?.();
        await new Promise((done) => setTimeout(done, 300));
        const lock = await request(type);
        window.locks.push(lock);
        return lock;
      };
    }, "allow");
    const problems = watch(page);
    await box.ctl("seek", GROUP, "1");
    await joinAndListen(page, box.url, group.link);
    const metadata = await page.evaluate(() => [navigator.mediaSession.metadata.title, navigator.mediaSession.playbackState]);
    assert.deepEqual(metadata, ["Long", "playing"]);
    await page.getByRole("button", { name: "Read along" }).click();
    await until(page, "the screen kept on", () => window.locks[0]?.released === false);
    await page.getByRole("button", { name: "Read along" }).click();
    await until(page, "the screen let go", () => window.locks[0].released);
    await page.evaluate(() => {
      const button = [...document.querySelectorAll("button")].find((b) => b.textContent === "Read along");
      window.asked = () => button.click(); // while it is on its way, nobody wants it any more
      button.click();
    });
    await until(page, "the screen let go as soon as it was kept on", () => window.locks[1]?.released);
    await page.evaluate(() => (window.asked = undefined));
    await page.getByRole("button", { name: "Read along" }).click();
    await until(page, "the screen kept on", () => window.locks[2]?.released === false);
    await page.getByRole("button", { name: "Leave the group" }).click();
    await until(page, "the screen let go with the group", () => window.locks[2].released);
    await box.ctl("seek", GROUP, "1");
    await joinAndListen(page, box.url, group.link);
    const session = await page.context().newCDPSession(page);
    const { errors } = await session.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    console.log(`page and track kept after ${(await kept(page, ".opus")).toFixed(0)} ms`);

    await box.stop();
    await page.goto(`${box.url}${group.link}`);
    await until(page, "alone", () => window.roomtone.trouble === "alone", 15_000);
    await page.getByRole("button", { name: "Listen" }).click();
    await page.getByRole("button", { name: "Long", exact: true }).click();
    await inStep(page);
    console.log("without the house: opened, and the kept track plays");
    await page.getByRole("button", { name: "Pause" }).click();
    await until(page, "silence", () => window.roomtone.heard.playing === "silent");
    const range = await page.evaluate(async () => {
      const cache = await caches.open("roomtone-content");
      const opus = (await cache.keys()).find((r) => r.url.endsWith(".opus"));
      const response = await fetch(opus.url, { headers: { Range: "bytes=100-199" } });
      return [response.status, (await response.arrayBuffer()).byteLength, response.headers.get("Content-Range").split("/")[0]];
    });
    assert.deepEqual(range, [206, 100, "bytes 100-199"]);

    await box.start();
    await until(page, "joined again", () => window.roomtone.line === "joined", 20_000);
    await until(page, "no trouble", () => window.roomtone.trouble === null);
    console.log("the house is back: joined");
    assert.deepEqual(problems, []);
    console.log("all well");
  } catch (e) {
    for (const page of browser.contexts().flatMap((c) => c.pages()))
      console.log(await page.evaluate(() => JSON.stringify({ room: window.roomtone, text: document.body.innerText })).catch(String));
    throw e;
  } finally {
    await browser.close();
  }
}

const box = new Box(roomtoned, roomtonectl, webDir);
box.certify(NAME);
try {
  await main(box);
} finally {
  await box.remove();
}
