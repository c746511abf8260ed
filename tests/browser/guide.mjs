// SPDX-License-Identifier: Apache-2.0
// A guide and three phones in a real browser:  node guide.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// Every button of the guide's page, and what becomes of it on the others: leading, pause and going on,
// back, next and taking it back, jumps, "everyone ready?", hands and reactions, the code held up,
// handing over, the PIN, a line that is lost while commanding, the server killed. ROOMTONE_SHOTS=DIR
// keeps pictures.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { Box, wall } from "./box.mjs";
import { launch, newPhone, open, sleep, until, watch } from "./phone.mjs";
import { Relay } from "./relay.mjs";
import { axeSource } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);
const GROUP = "demo";
const PIN = "471108";
const shots = process.env.ROOMTONE_SHOTS;

/** At each place where pictures are taken: nothing that keeps somebody out. */
async function shot(page, name) {
  if (!name.startsWith("failed")) {
    await page.evaluate(axeSource());
    const found = await page.evaluate(async () => {
      const { violations } = await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
      return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")}`);
    });
    assert.deepEqual(found, [], name);
  }
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`) });
}

const state = (page) => page.evaluate(() => window.roomtone.state);
const button = (page, name) => page.getByRole("button", { name });
const within = { timeout: 10_000 };

/** What was asked for last: the part about to be in force, unless that is no more than the end of the stop that plays. */
function newest(s) {
  const end = s.mode === "running" && s.vec.t0 + s.dur - s.vec.p0;
  return s.next && s.next.at !== end ? s.next : s;
}

/** Waits until the room says so, by its own words over HTTP. */
async function room(box, what, condition, ms = 10_000) {
  let seen;
  for (const end = wall() + ms; wall() < end; await sleep(30)) {
    seen = (await box.group(GROUP)).state;
    if (condition(seen)) return seen;
  }
  throw new Error(`the room is not so: ${what}; ${JSON.stringify(seen)}`);
}

/** Stops are short here, and a cue's end moves the group as well: so it waits at a start. */
async function calm(box) {
  await box.ctl("goto", GROUP, "0");
  const s = await room(box, "at the first stop", (r) => r.cue === 0 || r.next?.cue === 0);
  if (newest(s).mode === "running") await box.ctl("pause", GROUP);
  await box.ctl("seek", GROUP, "3");
  await room(box, "held", (r) => r.mode === "held" && !r.next && r.cue === 0 && r.vec.p0 === 3e6);
}

async function join(browser, url, { link, name }) {
  const page = await newPhone(browser);
  page.problems = watch(page);
  await page.goto(url + link);
  await (name ? button(page, "Lead this group").or(page.getByText("leads now")) : button(page, "Listen").first()).first().waitFor(within);
  return page;
}

async function lead(page, name) {
  await page.getByLabel("Your name").fill(name);
  await button(page, "Lead this group").click();
  await page.getByText("You lead").waitFor(within);
}

/** Every button that a thumb is to find, and nothing that moves sideways. */
async function fit(page, least) {
  const small = await page.evaluate(
    (px) =>
      [...document.querySelectorAll(".guide button, .guide summary, .guide input")]
        .filter((b) => b.offsetParent && b.getBoundingClientRect().height < px - 0.5)
        .map((b) => `${b.textContent}: ${b.getBoundingClientRect().height}`),
    least,
  );
  assert.deepEqual(small, []);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${over} px wider than the screen`);
}

async function leading(box, guide, phones) {
  await shot(guide, "guide-nobody-leads");
  await lead(guide, "Zoë");
  await guide.getByText("3 phones here").waitFor(within);
  for (const phone of phones) await phone.getByRole("button", { name: "Raise a hand" }).waitFor(within);
  assert.equal((await state(phones[0])).guide_name, "Zoë");
}

async function buttons(box, guide, phones) {
  await calm(box);
  await button(guide, "Go on").waitFor(within);
  await fit(guide, 64);
  await shot(guide, "guide-held");
  await button(guide, "Go on").click();
  const on = await room(box, "running from 2 s earlier", (r) => newest(r).mode === "running");
  assert.equal(newest(on).vec.p0, 1e6);
  await button(guide, "Pause to talk").waitFor(within);
  await shot(guide, "guide-running");
  await button(guide, "Pause to talk").click();
  const off = await room(box, "held", (r) => newest(r).mode === "held");
  await phones[0].getByText("Paused by your guide").waitFor(within);
  await button(guide, "Go on").waitFor(within);
  await sleep(700); // another tap, not the same one twice
  await button(guide, "Back 15 seconds").click();
  await room(box, "at its start", (r) => newest(r).vec.p0 === 0 && newest(r).vec.t0 > newest(off).vec.t0);
}

/** Waits for the undo, takes it, and says where the group is then. */
async function takeBack(box, guide, phones) {
  await calm(box);
  await button(guide, "Next stop").click();
  await room(box, "at the second stop", (r) => newest(r).cue === 1);
  const undo = button(guide, /^Undo: back to stop 1, 0:03/);
  await undo.waitFor(within);
  await shot(guide, "guide-undo");
  await undo.click();
  const back = await room(box, "back at the first", (r) => newest(r).cue === 0);
  assert.equal(newest(back).vec.p0, 3e6, "at the position of the mistake");
  await undo.waitFor({ state: "detached", timeout: 10_000 });
  // While it plays: at the position that was heard at the instant of the mistake.
  await button(guide, "Go on").click();
  const on = newest(await room(box, "running", (r) => newest(r).mode === "running"));
  await button(guide, "Pause to talk").waitFor(within);
  await button(guide, "Next stop").click();
  const away = newest(await room(box, "at the second stop", (r) => newest(r).cue === 1));
  const left = on.vec.p0 + away.vec.t0 - on.vec.t0;
  await button(guide, /^Undo/).click();
  const again = newest(await room(box, "back, running", (r) => newest(r).cue === 0 && newest(r).mode === "running"));
  assert.ok(Math.abs(again.vec.p0 - left) <= 1, `${again.vec.p0} us instead of ${left} us`);
  await phones[1].getByText("Stop 1 of 3").waitFor(within);
  // A thumb that trembles taps twice, and means it once.
  await calm(box);
  await button(guide, "Next stop").dblclick();
  await room(box, "one further", (r) => newest(r).cue === 1);
  await guide.getByText("Stop 2 of 3").waitFor(within);
  await sleep(300);
  assert.equal(newest((await box.group(GROUP)).state).cue, 1);
}

async function jumps(box, guide, phones) {
  await calm(box);
  await guide.getByText("All stops").click();
  await fit(guide, 64);
  await shot(guide, "guide-stops");
  await guide.locator(".stops li").nth(2).getByRole("button").click();
  await room(box, "at the third stop", (r) => newest(r).cue === 2);
  await phones[2].getByText("Stop 3 of 3").waitFor(within);
  await guide.locator('.stop[aria-current="true"]').getByText(/^3\./).waitFor(within);
  assert.ok(await button(guide, "Next stop").isDisabled(), "there is none");
  await button(guide, /^Undo/).click();
  await room(box, "back at the first", (r) => newest(r).cue === 0 && newest(r).vec.p0 === 3e6);
  await guide.getByText("All stops").click();
}

async function ready(box, guide, phones) {
  await guide.getByText("0 of 3 ready").waitFor(within);
  await guide.getByText("3 have not tapped Listen").waitFor(within);
  await phones[0].getByRole("button", { name: "Listen", exact: true }).click();
  await guide.getByText("1 of 3 ready").waitFor(within);
  await button(guide, "Everyone ready?").click();
  for (const phone of phones.slice(1)) await phone.getByText("Your guide asks if you are ready").waitFor(within);
  assert.equal(await phones[0].getByText("Your guide asks").count(), 0, "who is ready is not asked");
  await shot(phones[1], "visitor-asked");
  await shot(guide, "guide-ready");
  for (const phone of phones.slice(1)) await phone.getByRole("button", { name: "Listen", exact: true }).click();
  await guide.getByText("Everyone is ready.").waitFor(within);
}

async function signs(box, guide, phones) {
  const { rev } = (await box.group(GROUP)).state;
  await button(phones[0], "Raise a hand").click();
  await phones[0].getByText("You are number 1").waitFor(within);
  await button(phones[1], "Raise a hand").click();
  await phones[1].getByText("You are number 2").waitFor(within);
  await guide.getByText("2 hands up").waitFor(within);
  for (const name of ["Applause", "I like it", "I like it"]) await button(phones[2], name).click();
  await until(guide, "the reactions", () => [...document.querySelectorAll(".reactions li > span:last-child")].map((e) => e.textContent).join() === "1,0,2,0");
  await shot(phones[0], "visitor-hand");
  await guide.locator(".people").scrollIntoViewIfNeeded();
  await shot(guide, "guide-hands");
  await button(guide, "Lower the hand: Number 1").click();
  await guide.getByText("1 hand up").waitFor(within);
  await button(phones[0], "Raise a hand").waitFor(within);
  await button(phones[1], "Lower my hand").click();
  await guide.getByText("1 hand up").waitFor({ state: "detached", timeout: 10_000 });
  for (let i = 0; i < 8; i++) await button(phones[2], "Laughter").click();
  await phones[2].getByText("That was quick").waitFor(within);
  assert.equal((await box.group(GROUP)).state.rev, rev, "nothing of it is a change");
}

async function code(box, guide) {
  const { code: digits } = await box.group(GROUP);
  await button(guide, "Show the code").click();
  await until(guide, "the QR code", () => document.querySelector(".code-sheet img")?.naturalWidth > 0);
  assert.equal((await guide.locator(".digits").textContent()).replace(/\s/g, ""), digits);
  await shot(guide, "guide-code");
  await guide.keyboard.press("Escape");
  await guide.locator(".sheet").waitFor({ state: "detached" });
  await until(guide, "the focus where it was", () => document.activeElement.textContent === "Show the code");
}

async function lostLine(box, relay, guide) {
  await calm(box);
  await button(guide, "Go on").waitFor(within);
  await sleep(700);
  // The command arrives, its answer does not; the line comes back: done once.
  relay.cut();
  await button(guide, "Next stop").click();
  await guide.getByText("Sending…").waitFor(within);
  await shot(guide, "guide-sending");
  relay.deaden();
  relay.heal();
  await until(guide, "the page notices", () => window.roomtone.line !== "joined", 15_000);
  await until(guide, "the page is back", () => window.roomtone.line === "joined", 20_000);
  await guide.getByText(/Sending|Not sent/).first().waitFor({ state: "attached", timeout: 1000 }).catch(() => undefined);
  const unsent = guide.getByText("Not sent. Tap again.");
  if ((await unsent.count()) > 0) {
    await shot(guide, "guide-unsent");
    await unsent.click();
  }
  await room(box, "one further", (r) => newest(r).cue === 1);
  await guide.getByText("Stop 2 of 3").waitFor(within);
  await unsent.waitFor({ state: "detached", timeout: 10_000 });
  await sleep(500);
  assert.equal(newest((await box.group(GROUP)).state).cue, 1, "once");
  // Nothing gets through for long: said so.
  relay.cut();
  await sleep(700);
  await button(guide, "Go on").or(button(guide, "Start")).first().click();
  await unsent.waitFor({ timeout: 15_000 });
  relay.heal();
  await until(guide, "the line is well", () => window.roomtone.line === "joined", 20_000);
}

async function handOver(box, browser, relay, guide, phones) {
  const guideLink = (await box.group(GROUP)).guide_link;
  const anna = await join(browser, box.url, { link: guideLink, name: "Anna" });
  await anna.getByText("Zoë leads now").waitFor(within);
  await anna.getByLabel("Your name").fill("Anna");
  await anna.keyboard.press("Tab");
  assert.equal(await button(anna, "Take over").count(), 0, "while she is there");
  await shot(anna, "guide-other-leads");
  await button(guide, "Hand over").click();
  await guide.getByRole("dialog").getByRole("button", { name: "Anna" }).waitFor(within);
  await shot(guide, "guide-hand-over");
  await guide.getByRole("dialog").getByRole("button", { name: "Anna" }).click();
  await anna.getByText("You lead").waitFor(within);
  await guide.getByText("Anna leads now").waitFor(within);
  await calm(box);
  await button(anna, "Next stop").click();
  await room(box, "led by the other", (r) => newest(r).cue === 1);
  // She leads no more: anybody may. Two tap at once, one of them leads.
  await button(anna, "Stop leading").click();
  for (const page of [anna, guide]) await button(page, "Lead this group").waitFor(within);
  // Where the other's lead is there first the button is gone before the thumb is.
  const tap = (page) => button(page, "Lead this group").click({ timeout: 2000 }).catch(() => undefined);
  await Promise.all([tap(anna), tap(guide)]);
  await room(box, "somebody leads", (r) => r.guide !== undefined);
  await until(anna, "it is clear who", () => window.roomtone.state.guide !== undefined);
  await guide.getByText(/You lead|leads/).first().waitFor(within);
  const winner = (await state(anna)).guide_name === "Anna" ? anna : guide;
  const loser = winner === anna ? guide : anna;
  await winner.getByText("You lead").waitFor(within);
  await loser.getByText(/(Zoë|Anna) leads/).first().waitFor(within);
  // The one who leads goes away; the other sees it, waits, and takes over.
  await winner.context().close();
  await loser.getByText(/is away/).waitFor({ timeout: 15_000 });
  await shot(loser, "guide-away");
  for (const end = wall() + 25_000; (await loser.getByText("You lead").count()) === 0; await sleep(500)) {
    assert.ok(wall() < end, "the lead is free after some seconds");
    await button(loser, "Take over").click().catch(() => undefined);
  }
  assert.equal(await phones[0].evaluate(() => window.roomtone.line), "joined");
  assert.deepEqual(loser.problems, []);
  return loser;
}

async function byPin(box, phones, old) {
  await old.getByRole("button", { name: "Stop leading" }).click();
  await box.ctl("group", "guide-pin", GROUP, PIN);
  const page = phones[2];
  await page.reload(); // the group had no PIN when it came
  await button(page, "Are you the guide?").click();
  await page.getByLabel("PIN").fill("000000");
  await page.getByRole("button", { name: "Lead", exact: true }).click();
  await page.getByText("This is not the PIN.").waitFor(within);
  await shot(page, "visitor-pin");
  await page.getByLabel("PIN").fill(PIN);
  await page.keyboard.press("Enter");
  await lead(page, "Ida");
  // Asked once a day: the phone comes back as a guide, and leads on.
  await page.reload();
  await page.getByText("You lead").waitFor(within);
  await calm(box);
  await button(page, "Next stop").click();
  await room(box, "led by PIN", (r) => newest(r).cue === 1);
  assert.equal((await box.group(GROUP)).state.guide_name, "Ida");
  return page;
}

async function restart(box, guide) {
  await calm(box);
  await box.stop();
  await until(guide, "the page notices", () => window.roomtone.line !== "joined");
  await guide.getByText("Reconnecting. The group hears on.").waitFor(within);
  await button(guide, "Next stop").click();
  await guide.getByText("Sending…").waitFor(within);
  await box.start();
  await until(guide, "the page is back", () => window.roomtone.line === "joined", 20_000);
  const unsent = guide.getByText("Not sent. Tap again.");
  await sleep(300);
  if ((await unsent.count()) > 0) await unsent.click();
  await room(box, "one further", (r) => newest(r).cue === 1);
  await guide.getByText("You lead").waitFor(within);
}

async function everywhere(guide) {
  await guide.setViewportSize({ width: 320, height: 640 });
  await fit(guide, 64);
  await shot(guide, "guide-320");
  await guide.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  await fit(guide, 64);
  await shot(guide, "guide-200");
  await guide.evaluate(() => (document.documentElement.style.fontSize = ""));
  await guide.setViewportSize({ width: 390, height: 844 });
  await guide.getByRole("navigation").getByRole("button", { name: "العربية" }).click();
  await guide.getByText("أنت تقود").waitFor(within);
  await fit(guide, 64);
  await shot(guide, "guide-ar");
}

async function main() {
  const box = new Box(roomtoned, roomtonectl, webDir);
  const browser = await launch();
  let relay;
  try {
    await open(box);
    await box.ctl("exhibit", "import", path.join(exhibit, "exhibit.json"));
    const { host } = new URL(box.url);
    const [address, port] = host.split(":");
    relay = new Relay(address, Number(port));
    await relay.start();
    const { link, guide_link: guideLink } = await box.group(GROUP);
    await calm(box);
    const phones = [];
    for (let i = 0; i < 3; i++) phones.push(await join(browser, box.url, { link }));
    assert.equal(await phones[0].getByRole("button", { name: "Raise a hand" }).count(), 0, "nobody leads yet");
    const guide = await join(browser, relay.url, { link: guideLink, name: "Zoë" });
    const step = async (name, work) => {
      const begun = wall();
      const got = await work();
      console.log(`${name}: ${((wall() - begun) / 1000).toFixed(1)} s`);
      return got;
    };
    await step("leading", () => leading(box, guide, phones));
    await step("buttons", () => buttons(box, guide, phones));
    await step("undo", () => takeBack(box, guide, phones));
    await step("jumps", () => jumps(box, guide, phones));
    await step("ready", () => ready(box, guide, phones));
    await step("signs", () => signs(box, guide, phones));
    await step("code", () => code(box, guide));
    await step("lost line", () => lostLine(box, relay, guide));
    const next = await step("hand over", () => handOver(box, browser, relay, guide, phones));
    const last = await step("PIN", () => byPin(box, phones, next));
    await step("restart", () => restart(box, last));
    await step("everywhere", () => everywhere(last));
    for (const page of phones) assert.deepEqual(page.problems, []);
    console.log("all well");
  } catch (e) {
    let n = 0;
    for (const page of browser.contexts().flatMap((c) => c.pages())) {
      console.log(await page.evaluate(() => JSON.stringify({ room: window.roomtone, text: document.body.innerText })).catch(String));
      await shot(page, `failed-${n++}`).catch(() => undefined);
    }
    throw e;
  } finally {
    await browser.close();
    await relay?.stop();
    await box.remove();
  }
}

await main();
