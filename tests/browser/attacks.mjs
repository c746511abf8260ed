// SPDX-License-Identifier: Apache-2.0
// A page of somebody else in the browser of who is signed in:
//
//   node attacks.mjs ROOMTONED ROOMTONECTL EXHIBIT_DIR WEB_DIR
//
// The foreign page stands at another port of the same name, to which the cookie goes along: sockets,
// fetches, forms, frames. Then at a name that was pointed at the box.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Box, wall } from "./box.mjs";
import { signIn } from "./desk.mjs";
import { launch, sleep } from "./phone.mjs";
import { fill } from "./states.mjs";

const [roomtoned, roomtonectl, exhibit, webDir] = process.argv.slice(2);

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
    // The browser's own page stands there instead; that it does may be told here later than in the page.
    const framed = () => page.frames().at(-1).url();
    for (const end = wall() + 5000; wall() < end && !framed().startsWith("chrome-error:");) await sleep(20);
    assert.match(framed(), /^chrome-error:/, `${where} in a frame`);
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

const box = new Box(roomtoned, roomtonectl, webDir);
const evil = await foreign();
let browser;
try {
  await fill(box, exhibit);
  browser = await launch("--host-resolver-rules=MAP evil.example 127.0.0.1");
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", serviceWorkers: "block" });
  const page = await context.newPage();
  await signIn(box, page);
  const before = await box.ctl("--json", "group", "list");
  await strangersPage(box, context, `http://127.0.0.1:${evil.address().port}`);
  await rebound(context, `http://evil.example:${new URL(box.url).port}`);
  assert.equal(await box.ctl("--json", "group", "list"), before, "nobody made, moved or removed a group");
  console.log("pages of others: nothing read, nothing done");
} catch (e) {
  for (const p of browser?.contexts().flatMap((c) => c.pages()) ?? []) console.log(p.url(), await p.evaluate(() => document.body.innerText.slice(0, 600)).catch(String));
  throw e;
} finally {
  evil.close();
  await browser?.close();
  await box.remove();
}
