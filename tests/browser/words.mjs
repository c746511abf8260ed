// SPDX-License-Identifier: Apache-2.0
// 300 payloads (payloads.mjs) through every text that people or other machines can give to the box, looked at on every
// page that shows it:
//
//   node words.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// None comes alive, and no page even tries. What the fields are is taken from the documents (fields.mjs): a new one that
// is not sown here fails the test. Each payload has a mark by which a page's words tell through which field it came.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Box, wall } from "./box.mjs";
import { signIn, watched } from "./desk.mjs";
import { fieldsOfApi, fieldsOfWire } from "./fields.mjs";
import { NOT, look, settle, settled, sown, told } from "./ledger.mjs";
import { ALIVE, PAYLOADS, VECTORS, packed, singles, watcher } from "./payloads.mjs";
import { launch } from "./phone.mjs";
import { each, refuse, say } from "./refused.mjs";
import * as sow from "./sow.mjs";
import { PHONE, fill } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);

let hits = 0;
const problems = [];

/** Pages on which a payload that runs is counted. */
async function context(browser, options) {
  const c = await browser.newContext({ locale: "en-GB", serviceWorkers: "block", ...options });
  problems.push(watched(c));
  await c.exposeBinding("hit", () => hits++);
  c.on("dialog", () => hits++);
  await c.addInitScript(watcher, ALIVE);
  return c;
}

/** The payloads on a page without any care: they do run, and are seen. */
async function control(browser) {
  const c = await browser.newContext();
  let ran = 0;
  await c.exposeBinding("hit", () => ran++);
  const page = await c.newPage();
  await page.setContent(VECTORS.slice(0, 7).join("\n"));
  assert.ok(await page.locator(ALIVE).count() > 3);
  for (const end = wall() + 5000; ran === 0 && wall() < end;) await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok(ran > 0, "a payload that cannot run proves nothing");
  await c.close();
}

/** Waits until the page has these words, and looks. */
async function see(page, where, words) {
  await page.evaluate((w) => window.until(w), words);
  await look(page, where);
}

/** The section, as it is when its answers are here. */
async function section(page, name, words) {
  await page.evaluate(([hash, w]) => window.until(w, (location.hash = hash)), [name, words]);
  await look(page, `admin#${name.split("/")[0]}`);
}

const last = (list) => list[list.length - 1];

// --- one value at a time: the house and its network ----------------------------------------------

/** Sets them, and goes to where they are shown. Runs in the page. */
async function furnish({ session, steps }) {
  const put = (where, body) => fetch(`/api/v1/${where}`, { method: "PUT", credentials: "omit", body: JSON.stringify(body), headers: { "Content-Type": "application/json", Authorization: `Bearer ${session}` } });
  for (const { name, ssid, password } of steps) {
    await Promise.all([put("venue", { name }), put("wifi", { name: ssid, password })]);
    location.hash = "now"; // and back: it asks anew
    while (document.querySelector(".poster")) await new Promise((next) => setTimeout(next, 2));
    location.hash = "posters";
    await window.until(password);
  }
}

async function house(session, admin) {
  const names = packed("vn", 80), ssids = packed("wn", 32), keys = packed("wp", 63);
  sown("PUT /venue name", "vn", names);
  sown("PUT /wifi name", "wn", ssids);
  sown("PUT /wifi password", "wp", keys);
  const steps = keys.map((password, i) => ({ name: names[i % names.length], ssid: ssids[i % ssids.length], password }));
  while (steps.length > 0) {
    const some = steps.splice(0, 20);
    await admin.evaluate(furnish, { session, steps: some });
    await look(admin, "admin#posters");
    await section(admin, steps.length % 40 === 0 ? "setup" : "house", last(some).name);
  }
}

/** Files of such names, as somebody drops them; they are not sent. */
async function files(admin) {
  const names = singles("fi");
  sown("(the library) names of files", "fi", names);
  await admin.evaluate(() => (location.hash = "library"));
  const sound = Buffer.from("RIFF");
  await admin.getByLabel("Files for the library").setInputFiles(names.map((name, i) => ({ name: i % 2 ? `${name}.en.wav` : name, mimeType: "audio/wav", buffer: sound })));
  await see(admin, "admin#library", last(names));
}

/** What stands behind the "#" is somebody's who made the link. */
async function addresses(admin) {
  const titles = packed("ha", 400);
  sown("(the admin page) #tours/ID/TITLE", "ha", titles);
  for (const [i, title] of titles.entries()) {
    for (const where of ["groups", "library", "kiosks"]) await admin.evaluate((hash) => (location.hash = hash), `${where}/${encodeURIComponent(title)}`);
    await section(admin, `tours/new-${i}/${encodeURIComponent(title)}`, title);
  }
}

// --- kiosks ---------------------------------------------------------------------------------------

async function kiosks(box, ask, admin, tools) {
  const said = packed("kh", 80), named = packed("kp", 80);
  const devices = said.map(() => randomBytes(32).toString("base64url"));
  sown("hello name", "kh", said);
  const { code } = await box.group("demo");
  await tools.evaluate(sow.kiosks, { url: box.url, code, names: said, devices });
  await section(admin, "now", ";kh");
  await section(admin, "kiosks", said);
  sown("PATCH /kiosks/{kiosk} name", "kp", named);
  const { kiosks: known } = await ask("GET", "kiosks");
  await each(named.keys(), (i) => ask("PATCH", `kiosks/${known[i].id}`, { name: named[i] }));
  await see(admin, "admin#kiosks", named);
  await section(admin, `kiosks/${known[0].id}`, named[0]);
}

const NEW_KIOSKS = 8; // that may wait at one address

/** Programs that wait to be adopted. */
async function newcomers(box, ask, admin) {
  const said = packed("ks", 80).slice(0, NEW_KIOSKS), named = packed("ka", 80).slice(0, NEW_KIOSKS);
  sown("hello name (to be adopted)", "ks", said);
  sown("POST /kiosks/{kiosk}/adopt name", "ka", named);
  const programs = await Promise.all(said.map((name, i) => box.kiosk(name, `new-${i}`)));
  await admin.evaluate(() => (location.hash = "kiosks"));
  await see(admin, "admin#kiosks", said);
  const ids = await admin.evaluate(() => [...document.querySelectorAll(".adopt small")].map((e) => /[0-9a-f]{16}/.exec(e.textContent)[0]));
  await each(ids.keys(), (i) => ask("POST", `kiosks/${ids[i]}/adopt`, { group: "demo", name: named[i] }));
  await see(admin, "admin#kiosks", named);
  await Promise.all(programs.map((p) => p.stop()));
}

// --- the people of a group -------------------------------------------------------------------------

/** Guides of such names lead, one after the other. */
async function leaders(box, tools, visitor) {
  const names = packed("gn", 80);
  sown("hello name (of a guide)", "gn", names);
  const { guide_link: link } = await box.group("demo");
  for (const name of names) {
    await tools.evaluate(sow.lead, { url: box.url, link: link.slice(3), name });
    await visitor.evaluate((w) => window.until(w), name);
    await tools.evaluate(() => window.release());
  }
  await look(visitor, "visitor");
}

const HANDS = 16; // that a guide sees

/** Visitors of such names raise a hand. */
async function hands(box, tools, guide) {
  const names = packed("kn", 80);
  sown("keep name", "kn", names);
  const { link } = await box.group("demo");
  while (names.length > 0) {
    const some = names.splice(0, HANDS);
    await tools.evaluate(sow.raise, { url: box.url, link: link.slice(3), names: some });
    await guide.evaluate((w) => window.until(w), some);
    await look(guide, "guide");
    await tools.evaluate(() => window.lower());
  }
}

/** The pages of a visitor and of a guide. */
async function company(box, browser, tools) {
  const group = await box.group("demo");
  const [visitor, guide] = await Promise.all([0, 1].map(async () => (await context(browser, PHONE)).newPage()));
  await Promise.all([visitor.goto(box.url + group.link), guide.goto(box.url + group.guide_link)]);
  await visitor.getByRole("button", { name: "Listen", exact: true }).waitFor();
  await guide.getByLabel("Your name").waitFor();
  await Promise.all([leaders(box, tools, visitor), hands(box, tools, guide)]);
  return { visitor, guide };
}

/** The stops of an exhibition that came from elsewhere. */
async function stops(box, { visitor, guide }) {
  const titles = singles("ex", 80);
  await guide.getByRole("button", { name: "Lead this group" }).click();
  for (const [tour, title] of [["x-long", titles[199]], ["x-short", titles[299]]]) {
    await box.ctl("load", "demo", tour);
    await see(guide, "guide", title);
  }
  await visitor.getByRole("button", { name: "Listen", exact: true }).click();
  await box.ctl("play", "demo");
  await see(visitor, "visitor", titles[200]);
}

/** Who reads along; the transcript is what staff see of it. */
async function reading(box, browser, admin) {
  const page = await (await context(browser, PHONE)).newPage();
  await box.ctl("group", "create", "Readers", "said", "--id", "readers");
  const group = await box.group("readers");
  await page.goto(box.url + group.link);
  await page.getByRole("button", { name: "Read the text" }).click();
  await see(page, "visitor", ";cc");
  await section(admin, "library/loom", "Transcript");
  await admin.locator("[aria-labelledby=lang-en] summary", { hasText: "Transcript" }).click();
  await see(admin, "admin#library", ";tr");
}

/** A picture that is a document with scripts of its own (by a prefix: the plain word is refused), opened by itself. */
async function picture(box, browser, { ask }) {
  const text = singles("pi").join("\n").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="hit()"><s:script>hit()</s:script><a href="javascript:hit()"><text>${text}</text></a></svg>`;
  const { picture: name } = await ask("PUT", "pictures", Buffer.from(svg));
  const c = await browser.newContext();
  await c.exposeBinding("hit", () => hits++);
  const page = await c.newPage();
  const answer = await page.goto(`${box.url}/content/${name}`);
  assert.match(answer.headers()["content-type"], /svg/);
  assert.match(answer.headers()["content-security-policy"], /default-src 'none'/);
  await page.goto(box.url);
  await page.getByLabel("Group code").waitFor(); // it had its time
  await c.close();
  told("PUT /pictures (application/octet-stream)", PAYLOADS.length, "opened by itself: nothing runs");
}

// --- staff's pages ---------------------------------------------------------------------------------

async function desk(ask, admin, tracks) {
  const visits = async (places) => {
    for (const [where, word] of places) await timed(`  ${where}`, section(admin, where, word));
    await admin.evaluate(() => (location.hash = "house")); // what comes meanwhile is drawn elsewhere
  };
  await sow.titles(ask);
  await visits([["tours", ";to"], ["tours/x-long", ";ex"], ["library", ";tt"], ["library/t-1", ";tt"], ...tracks.map((t) => [`library/${t}`, ";up"])]);
  const made = await sow.groups(ask);
  await visits([["now", packed("gm", 80)], ["posters", packed("gm", 80)]]);
  await sow.moreGroups(ask);
  await visits([["groups", [...packed("gb", 80), ...packed("gd", 80)]]]);
  await sow.rename(ask, made);
  await visits([["groups", [...packed("gp", 80), ...packed("gc", 80)]], [`groups/${made[0]}`, ";gp"]]);
}

/** Who did what: the newest fifty. */
async function trail(box, ask, raw, admin) {
  await sow.logins(box);
  const asked = packed("au", 300);
  sown("(who did what) what was asked and refused", "au", asked, singles("au").filter((p) => !/["\\]/.test(p)).length);
  await each(asked, (name) => raw("/api/v1/groups", { method: "POST", body: JSON.stringify({ name, tour: "none" }) }));
  await section(admin, "people/trail", ";au");
}

/** Fields in which people's words have no place. */
const refusing = (f) => f.kind !== "text" && !(f.field in NOT) && (f.kind !== "body" || f.pattern || / (schedule\[\]|zone|cover|member)$/.test(f.field));

const timed = async (what, promise) => {
  const begun = wall();
  const got = await promise;
  console.log(`${what}: ${((wall() - begun) / 1000).toFixed(1)} s`);
  return got;
};

const box = new Box(roomtoned, roomtonectl, webDir);
let browser;
try {
  await fill(box, exhibit);
  const { ask, raw, session } = await sow.program(box);
  browser = await launch();
  await control(browser);
  const staff = await context(browser, { viewport: { width: 1280, height: 900 } });
  const admin = await staff.newPage(), tools = await staff.newPage();
  await signIn(box, admin);
  await tools.goto(box.url);

  const [, pages] = await Promise.all([
    timed("what is refused", refuse(fieldsOfApi().filter(refusing), raw, told)),
    timed("people", company(box, browser, tools)),
    timed("the house", house(session, admin)).then(() => timed("addresses", addresses(admin))),
  ]);
  await timed("names of files", files(admin));
  await admin.reload(); // they are not wanted
  await timed("kiosks", kiosks(box, ask, admin, tools));
  await timed("new kiosks", newcomers(box, ask, admin));
  await admin.goto(`${box.url}/admin#house`); // all that comes is drawn in the other sections
  await tools.reload(); // the kiosks leave
  await timed("texts", sow.text(ask).then(() => sow.exhibition({ ask, raw })));
  await timed("stops", stops(box, pages));
  const tracks = await timed("uploads", sow.files(ask));
  await timed("desk", desk(ask, admin, tracks));
  await timed("reading", reading(box, browser, admin));
  await picture(box, browser, { ask });

  const { guide_link: link } = await box.group("demo");
  const messages = fieldsOfWire().filter((f) => !settled(f.field));
  for (const [field, codes] of await tools.evaluate(say, { url: box.url, link: link.slice(3), fields: messages, text: PAYLOADS.join("") }))
    told(field, PAYLOADS.length, codes.length > 1 ? `refused: ${codes[0]}` : "not looked at");
  await timed("who did what", trail(box, ask, raw, admin));

  assert.equal(hits, 0, "executions");
  assert.deepEqual(problems.flat(), []);
  settle();
  console.log(`${PAYLOADS.length} payloads: words everywhere`);
} catch (e) {
  for (const p of browser?.contexts().flatMap((c) => c.pages()) ?? []) console.log(p.url(), await p.evaluate(() => document.body.innerText.slice(0, 600)).catch(String));
  throw e;
} finally {
  await browser?.close();
  await box.remove();
}
