// SPDX-License-Identifier: Apache-2.0
// A full house on the admin page: fifty groups, a hundred kiosks.
//
//   node desk_live.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// Everything is there and stays fluent; several groups move together; silence for all takes two presses and
// can be taken back; phones complain, and are heard; a kiosk is found, tuned and watched. ROOMTONE_SHOTS=DIR keeps pictures.
import assert from "node:assert/strict";
import { Box } from "./box.mjs";
import { axe, fits, shot, signIn, watched } from "./desk.mjs";
import { Relay } from "./relay.mjs";
import { PHONE, fill, launch, until } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const GROUPS = 50;
const KIOSKS = 100;
const WATCH_S = 5;

/** Players as the box hears of them, from within a page: each joins with a key of its own, and reports. */
async function kiosks(page, codes) {
  await page.evaluate(async ([codes, count]) => {
    const key = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
    const come = (i) => new Promise((done) => {
      const ws = new WebSocket(`${location.origin.replace("http", "ws")}/ws`, "roomtone.v1");
      const say = (m) => ws.send(JSON.stringify(m));
      ws.onopen = () => say({ type: "hello", v: 1, role: "kiosk", code: codes[i % codes.length], name: `hall-${String(i).padStart(3, "0")}`, device: key(), lang: "en" });
      ws.onmessage = (e) => {
        if (!String(e.data).includes('"welcome"')) return;
        let n = 0;
        const report = () => say({
          type: "report", playing: "sound", servo: "lock", via: "udp", xruns: 0, jumps: 0, missing: 0, buffer_ms: 1800 - (n % 7),
          error_us: Math.round(8 * Math.sin((i + n) / 5)), peak_us: 0, rtt_us: 300, dac_ppb: 40_000 + 30 * i + (n++ % 5) * 40, skew_ppb: 12_000, uncertainty_us: 9,
        });
        report();
        setInterval(report, 1000);
        done();
      };
    });
    for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: 10 }, (_, k) => come(i + k)));
  }, [codes, KIOSKS]);
}

/** How busy the page's main thread is, in percent, and its longest task in ms. It is the processor's time that
    counts: what the thread waits for one is not the page's doing. */
async function busy(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => (window.longest = Math.max(window.longest, e.duration)))).observe({ entryTypes: ["longtask"] });
  });
  const now = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (name) => metrics.find((m) => m.name === name).value;
    return [of("TaskDuration"), of("Timestamp")];
  };
  const [task, at] = await now();
  await page.waitForTimeout(WATCH_S * 1000);
  const [task2, at2] = await now();
  return { percent: (100 * (task2 - task)) / (at2 - at), longest: await page.evaluate(() => window.longest) };
}

async function together(page) {
  await page.getByLabel("Class 07: move with others").check();
  await page.getByLabel("Class 08: move with others").check();
  const bar = page.getByRole("group", { name: "Several groups" });
  await bar.getByText("2 groups").waitFor();
  await bar.getByRole("button", { name: "Play" }).press("Enter");
  await bar.getByText("2 groups moved.").waitFor();
  await page.getByRole("article", { name: "Class 08" }).getByText("Playing").waitFor();
  await bar.getByLabel("2 groups").click(); // all of them
  await bar.getByRole("button", { name: "Play" }).click();
  await bar.getByText(/^(4|5)\d groups moved/).waitFor(); // not the two of before
}

async function silence(page) {
  const stop = page.getByRole("button", { name: "Stop everything" });
  await stop.press("Enter");
  await page.getByRole("button", { name: /Press again: silence for \d+ groups/ }).press("Enter");
  await page.getByText(`${GROUPS + 1} groups silent, each where it was.`).waitFor();
  await until(page, "nobody to play", () => document.querySelectorAll(".card.running").length === 0);
  await shot(page, "live-silenced");
  await page.getByRole("button", { name: "Go on with these" }).press("Enter");
  await until(page, "all to play", () => document.querySelectorAll(".card.running").length === document.querySelectorAll(".card").length);
}

/** A visitor turns the sound off, and their network breaks: the card of the group says both. */
async function complaints(box, browser, page) {
  const { hostname, port } = new URL(box.url);
  const relay = new Relay(hostname, Number(port));
  await relay.start();
  const phone = await (await browser.newContext(PHONE)).newPage();
  const card = page.getByRole("article", { name: "Demo group" });
  await phone.goto(relay.url + (await box.group("demo")).link);
  await phone.getByRole("button", { name: "Listen", exact: true }).click();
  await phone.getByRole("button", { name: "Mute me" }).click();
  await page.bringToFront();
  await card.getByText("1 has the sound off").waitFor();
  await shot(page, "live-complaints");
  await relay.stop();
  await card.getByText("1 lost the connection a moment ago").waitFor();
  await axe(page, "complaints");
  await phone.context().close();
}

async function oneKiosk(box, page) {
  await page.getByRole("link", { name: "hall-042" }).press("Enter");
  const one = page.getByRole("article", { name: "hall-042" });
  await one.getByText("ten minutes; worst").waitFor();
  await axe(page, "a kiosk");
  await one.getByRole("button", { name: "1 ms later", exact: true }).press("Enter");
  await one.getByText("Trim: 1.0 ms").waitFor();
  await one.getByLabel("Muted").check();
  await one.getByText("Muted.").waitFor();
  assert.ok(await one.getByRole("button", { name: "Test tone" }).isDisabled(), "a muted one sounds no tone");
  await one.getByLabel("Muted").uncheck();
  await one.getByText("It sounds again.").waitFor();
  await one.getByRole("button", { name: "Test tone" }).press("Enter");
  await one.getByText("Three seconds of a tone").waitFor();
  await one.locator("input[type=range]").fill("-120");
  await one.getByText("−12.0 dB").waitFor();
  let kept;
  for (let tries = 0; tries < 50 && kept?.gain !== -120; tries++) {
    const { kiosks: all } = JSON.parse(await box.ctl("--json", "kiosk", "list"));
    kept = all.find((k) => k.name === "hall-042");
  }
  assert.deepEqual([kept.trim, kept.gain, kept.mute], [1000, -120, false]);
  // Another hand elsewhere: the page hears of it.
  await box.ctl("kiosk", "set", kept.id, "--trim", "2.5");
  await one.getByText("Trim: 2.5 ms").waitFor();
  await shot(page, "live-kiosk");
  await page.setViewportSize({ width: 360, height: 780 });
  await fits(page, "a kiosk on a phone");
  await page.setViewportSize({ width: 1280, height: 900 });
}

const box = new Box(roomtoned, roomtonectl, webDir);
let browser;
try {
  await fill(box, exhibit);
  const groups = [];
  for (let i = 1; i <= GROUPS; i++)
    groups.push(JSON.parse(await box.ctl("--json", "group", "create", `Class ${String(i).padStart(2, "0")}`, "weavers")));
  browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const problems = watched(context);
  const hall = await context.newPage();
  await hall.goto(box.url);
  await kiosks(hall, groups.map((g) => g.code));
  const page = await context.newPage();
  await signIn(box, page);
  await page.getByText(`${GROUPS + 1} groups`).first().waitFor();
  await page.getByText(`${KIOSKS} kiosks`).first().waitFor();
  await page.bringToFront();
  await axe(page, "a full house");
  await together(page);
  const now = await busy(page);
  await shot(page, "live-now");
  await silence(page);
  await complaints(box, browser, page);
  await page.setViewportSize({ width: 360, height: 780 });
  await fits(page, "a full house on a phone");
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole("link", { name: "Kiosks", exact: true }).press("Enter");
  await page.getByText(`${KIOSKS} of ${KIOSKS} kiosks are here`).waitFor();
  await axe(page, "all kiosks");
  const all = await busy(page);
  await shot(page, "live-kiosks");
  await oneKiosk(box, page);
  assert.deepEqual(problems, []);
  const say = (name, b) => console.log(`${name}: the page is busy ${b.percent.toFixed(0)} % of the time, its longest task took ${b.longest.toFixed(0)} ms`);
  say("fifty groups", now);
  say("a hundred kiosks", all);
  assert.ok(now.percent < 60 && all.percent < 60, "there is time left for people");
} finally {
  await browser?.close();
  await box.remove();
}
