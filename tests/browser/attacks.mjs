// SPDX-License-Identifier: Apache-2.0
// A page of somebody else in the browser of who is signed in, and words that would be markup:
//
//   node attacks.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// The foreign page stands at another port of the same name, to which the cookie goes along: sockets,
// fetches, forms, frames. Then at a name that was pointed at the box. Then 300 payloads in whatever people
// write, looked at on all pages: none comes alive, and nothing even tries.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Box } from "./box.mjs";
import { signIn, watched } from "./desk.mjs";
import { launch } from "./phone.mjs";
import { fill, PHONE, until } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);

const BREAKS = ["", '">', "'>", "</p>", "</title>", "</textarea>", "</style>", "</script>", "-->", "]]>", '" ', "<b>", "<!--", "{{", "\\x3c"];
const VECTORS = [
  "<img src=x onerror=hit()>", "<svg onload=hit()>", "<script>hit()</script>", "<iframe src=javascript:hit()>",
  "<iframe srcdoc='<script>parent.hit()</script>'>", "<details open ontoggle=hit()>x", "<input autofocus onfocus=hit()>",
  "<body onload=hit()>", "<video><source onerror=hit()>", "<a href=javascript:hit()>x</a>", "<object data=javascript:hit()>",
  "<style onload=hit()>*{}</style>", "<math><mi xlink:href=javascript:hit()>x", "<form action=javascript:hit()><button>",
  "<marquee onstart=hit()>x", "javascript:hit()", "&lt;img src=x onerror=hit()&gt;", "onmouseover=hit() x=",
  "<meta http-equiv=refresh content=0;javascript:hit()>", "<base href=//evil.example/>",
];
const PAYLOADS = BREAKS.flatMap((b) => VECTORS.map((v) => b + v));
/** What none of our pages has by itself. */
const ALIVE = "[onerror],[onload],[ontoggle],[onfocus],[onstart],[onmouseover],[href^='javascript'],[src^='javascript'],"
  + "[action^='javascript'],iframe,object,embed,base,marquee,math,meta[http-equiv=refresh]";

/** Another's web server; its page does nothing by itself. */
function foreign() {
  return new Promise((ready) => {
    const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<title>evil</title><p>evil</p>"));
    server.listen(0, "127.0.0.1", () => ready(server));
  });
}

/** All that a page can try at `url` without help; what came of each. Runs in the page. */
async function tries(url) {
  const ask = (address, options) => fetch(address, { credentials: "include", ...options })
    .then(async (r) => `${r.type} ${r.status} ${(await r.text()).slice(0, 60)}`, () => "blocked");
  const socket = (address) => new Promise((done) => {
    const ws = new WebSocket(address, "roomtone.v1");
    ws.onopen = () => done("open");
    ws.onerror = () => done("blocked");
  });
  const element = (tag, src) => new Promise((done) => {
    const e = document.createElement(tag);
    e.onload = () => done("loaded");
    e.onerror = () => done("blocked");
    e.src = src;
    document.body.append(e);
  });
  const made = JSON.stringify({ name: "pwned" });
  const plain = { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" } };
  return {
    socket: await socket(`${url.replace("http", "ws")}/ws`),
    read: await ask(`${url}/api/v1/me`, {}),
    readPublic: await ask(`${url}/api/v1/venue`, {}),
    simple: await ask(`${url}/api/v1/groups`, { ...plain, body: made }),
    beacon: await ask(`${url}/api/v1/groups/demo/commands`, { ...plain, body: JSON.stringify({ do: "play" }) }),
    json: await ask(`${url}/api/v1/groups`, { method: "POST", headers: { "Content-Type": "application/json" }, body: made }),
    remove: await ask(`${url}/api/v1/groups/demo`, { method: "DELETE" }),
    script: await element("script", `${url}/api/v1/groups`),
    picture: await element("img", `${url}/api/v1/groups/demo/qr.svg`),
  };
}

async function strangersPage(box, context, url) {
  const page = await context.newPage();
  await page.goto(url);
  const got = await page.evaluate(tries, box.url);
  for (const [what, came] of Object.entries(got)) assert.match(came, /^blocked$|^opaque 0 $/, `${what}: ${came}`);
  // A form that makes JSON of its one field, the cookie along with it.
  const refused = page.waitForResponse(`${box.url}/api/v1/groups`);
  await page.evaluate((action) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", enctype: "text/plain", action });
    const field = document.createElement("input");
    field.name = '{"name":"pwned","x":"';
    field.value = '"}';
    form.append(field);
    document.body.append(form);
    form.submit();
  }, `${box.url}/api/v1/groups`);
  assert.equal((await refused).status(), 403, "a form of another page");
  await page.waitForURL(`${box.url}/api/v1/groups`);
  await page.goto(url);
  for (const where of ["/", "/admin"]) {
    await page.evaluate((src) => {
      const frame = document.createElement("iframe");
      frame.src = src;
      return new Promise((done) => {
        frame.onload = done;
        document.body.append(frame);
      });
    }, box.url + where);
    assert.match(page.frames().at(-1).url(), /^chrome-error:/, `${where} in a frame`);
  }
  await page.close();
}

/** A name of another's that was pointed at the box: the same origin, for the browser. The refusal it gets there
    stands for the page that was fetched before. */
async function rebound(context, url) {
  const page = await context.newPage();
  assert.equal((await page.goto(`${url}/admin`)).status(), 403);
  const got = await page.evaluate(tries, url);
  for (const [what, came] of Object.entries(got)) assert.match(came, /^blocked$|^(basic|opaque) (403|0) .*/, `${what}: ${came}`);
  assert.match(got.read, /403/);
  await page.close();
}

/** Asks as a program of the house. */
async function signedIn(box) {
  const json = { "Content-Type": "application/json" };
  const login = await fetch(`${box.url}/api/v1/login`, { method: "POST", headers: json, body: JSON.stringify({ user: "admin", password: box.password }) });
  const { session } = await login.json();
  return async (method, where, body) => {
    const headers = { ...json, Authorization: `Bearer ${session}` };
    const answer = await fetch(`${box.url}/api/v1/${where}`, { method, headers, body: typeof body === "string" ? body : JSON.stringify(body) });
    await answer.arrayBuffer();
    return answer.status;
  };
}

const stamp = (i) => `00:00.${String(3 * i).padStart(3, "0")}`; // the track is a few seconds long

/** Into every text that people write, by the API. A field of one line has one of them at a time. */
async function sow(ask) {
  const short = PAYLOADS.filter((p) => p.length <= 80);
  const groups = await Promise.all(short.map((name) => ask("POST", "groups", { name, tour: "hostile" })));
  const tracks = await Promise.all(PAYLOADS.map((title, i) => ask("PUT", `tracks/evil-${i}`, { title: { en: title, de: title } })));
  assert.deepEqual(new Set([...groups, ...tracks]), new Set([201, 200]), "they are words like any others");
}

async function makeTour(ask) {
  const cues = PAYLOADS.map((p, i) => `${stamp(i)} --> ${stamp(i + 1)}\n${p.replaceAll("-->", "--\\>")}\n`);
  assert.equal(await ask("PUT", "tracks/loom/captions/en", `WEBVTT\n\n${cues.join("\n")}`), 200);
  assert.equal(await ask("PUT", "tracks/loom/transcript/en", PAYLOADS.join("\n\n")), 204);
  assert.equal(await ask("PUT", "tracks/loom", { title: { en: PAYLOADS[0], de: PAYLOADS[1] } }), 200);
  assert.equal(await ask("PUT", "tours/hostile", { title: { en: PAYLOADS[20], de: PAYLOADS[2] }, cues: [{ track: "loom" }] }), 200);
}

async function quiet(page, where) {
  await page.waitForLoadState("networkidle");
  assert.equal(await page.locator(ALIVE).count(), 0, `${where}: markup came alive`);
}

/** The payloads on a page without any care: they do run, and are seen. */
async function control(browser) {
  const context = await browser.newContext();
  let ran = 0;
  await context.exposeBinding("hit", () => ran++);
  const page = await context.newPage();
  await page.setContent(VECTORS.slice(0, 7).join("\n"));
  assert.ok(await page.locator(ALIVE).count() > 3);
  await page.waitForFunction(() => document.querySelector("details"));
  for (const end = Date.now() + 5000; ran === 0 && Date.now() < end;) await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok(ran > 0, "a payload that cannot run proves nothing");
  await context.close();
}

const box = new Box(roomtoned, roomtonectl, webDir);
const evil = await foreign();
let browser;
try {
  await fill(box, exhibit);
  browser = await launch("--host-resolver-rules=MAP evil.example 127.0.0.1");
  await control(browser);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", serviceWorkers: "block" });
  const page = await context.newPage();
  await signIn(box, page);
  const before = await box.ctl("--json", "group", "list");
  await strangersPage(box, context, `http://127.0.0.1:${evil.address().port}`);
  await rebound(context, `http://evil.example:${new URL(box.url).port}`);
  assert.equal(await box.ctl("--json", "group", "list"), before, "nobody made, moved or removed a group");
  console.log("pages of others: nothing read, nothing done");

  let hits = 0;
  const problems = watched(context);
  await context.exposeBinding("hit", () => hits++);
  context.on("dialog", () => hits++);
  await page.goto("about:blank");
  const ask = await signedIn(box);
  await makeTour(ask);
  await sow(ask);
  const names = ["<svg onload=hit()>", "<img src=x onerror=hit()>", '"><script>hit()</script>'];
  assert.equal(await ask("PUT", "venue", { name: names[0] }), 200);
  assert.ok([200, 204].includes(await ask("PUT", "wifi", { name: names[1], password: "<svg onload=hit()>" })));
  const kiosk = await box.kiosk(names[2]);
  for (const section of ["now", "groups", "tours", "tours/hostile", "library", "kiosks", "posters", "house", "people", "setup"]) {
    const p = await context.newPage();
    await p.goto(`${box.url}/admin#${section}`);
    await p.getByText("hit()").or(p.locator("main")).first().waitFor();
    await quiet(p, section);
    await p.close();
  }
  console.log("the admin page: words");

  const phone = await browser.newContext(PHONE);
  const more = watched(phone);
  await phone.exposeBinding("hit", () => hits++);
  phone.on("dialog", () => hits++);
  const group = await box.group("svg-onload-hit");
  const leader = await browser.newContext(PHONE);
  const theirs = watched(leader);
  await leader.exposeBinding("hit", () => hits++);
  leader.on("dialog", () => hits++);
  const guide = await leader.newPage();
  await guide.goto(box.url + (await box.group(group.id)).guide_link);
  await guide.getByLabel("Your name").fill(names[1]);
  await guide.getByRole("button", { name: "Lead this group" }).click();
  const visitor = await phone.newPage();
  await visitor.goto(box.url + group.link);
  await visitor.getByText("Led by <img").waitFor();
  await visitor.getByRole("button", { name: "Listen", exact: true }).click();
  await box.ctl("play", group.id);
  await visitor.getByRole("button", { name: "Read along" }).click();
  await visitor.locator(".captions li").first().waitFor();
  await until(visitor, "the words", () => document.body.innerText.includes("hit()"));
  await quiet(visitor, "captions");
  await quiet(guide, "the guide's page");
  await kiosk.stop();
  assert.equal(hits, 0, "executions");
  assert.deepEqual([...problems, ...more, ...theirs], []);
  console.log(`${PAYLOADS.length} payloads: words everywhere`);
} catch (e) {
  for (const p of browser?.contexts().flatMap((c) => c.pages()) ?? []) console.log(p.url(), await p.evaluate(() => document.body.innerText.slice(0, 600)).catch(String));
  throw e;
} finally {
  evil.close();
  await browser?.close();
  await box.remove();
}
