// SPDX-License-Identifier: Apache-2.0
// Does a listening page grow?  node memory.mjs ROOMTONED ROOMTONECTL WEB_DIR [MINUTES=10]
//
// In real time, so not among the tests; web/test/hour.test.ts has the worker's part at high speed.
// Every half minute after a collection, in the worker too: the page's heap with its buffers, and what the renderer's
// process has in memory of its own (page, worker, decoder).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Box } from "./box.mjs";
import { joinAndListen, launch, longTrack, newPhone, open, sleep } from "./phone.mjs";

const [roomtoned, roomtonectl, webDir, minutes = "10"] = process.argv.slice(2);
const LIMIT_BYTES = 5e6;
const WARM = 14; // looks, seven minutes: until the compressed sound that is kept (4 MiB) has filled up

function anonymous(pid) {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

async function main(box) {
  await open(box);
  const wav = path.join(box.dir, "long.wav");
  execFileSync("sox", ["-R", "-n", "-r", "48000", "-c", "2", wav, "synth", String(Number(minutes) * 60 + 60), "brownnoise", "vol", "0.3"]);
  const group = await longTrack(box, wav, "long");
  await box.ctl("seek", "long", "0");
  const browser = await launch("--js-flags=--expose-gc");
  try {
    const page = await newPhone(browser);
    await joinAndListen(page, box.url, group.link);
    const cdp = await page.context().newCDPSession(page);
    const whole = await browser.newBrowserCDPSession();
    const looks = [];
    for (let i = 0; i <= Number(minutes) * 2; i++) {
      await cdp.send("HeapProfiler.collectGarbage");
      for (const worker of page.workers()) await worker.evaluate(() => globalThis.gc());
      const heap = await cdp.send("Runtime.getHeapUsage");
      const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
      const anon = Math.max(...processInfo.filter((p) => p.type === "renderer").map((p) => anonymous(p.id)));
      looks.push({ heap: heap.usedSize + (heap.embedderHeapUsedSize ?? 0) + (heap.backingStorageSize ?? 0), anon });
      const { heldS, playing } = await page.evaluate(() => window.roomtone.heard);
      console.log(`${i * 30} s: heap ${(looks[i].heap / 1e6).toFixed(2)} MB, process ${(anon / 1e6).toFixed(1)} MB; ${playing}, ${heldS} s in hand`);
      await sleep(30_000);
    }
    const after = looks.slice(Math.min(WARM, looks.length - 4));
    const growth = (key) => Math.max(...after.slice(-3).map((l) => l[key])) - after[0][key];
    console.log(`after seven minutes: heap grew by ${(growth("heap") / 1e6).toFixed(2)} MB, process by ${(growth("anon") / 1e6).toFixed(2)} MB`);
    assert.ok(growth("heap") < LIMIT_BYTES && growth("anon") < LIMIT_BYTES);
  } finally {
    await browser.close();
  }
}

const box = new Box(roomtoned, roomtonectl, webDir);
try {
  await main(box);
} finally {
  await box.remove();
}
