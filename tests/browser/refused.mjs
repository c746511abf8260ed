// SPDX-License-Identifier: Apache-2.0
// Payloads where no text of people's belongs: ids, tokens, dates, addresses, headers. They are refused, and what the
// box answers is never a page that a browser would run.
import assert from "node:assert/strict";
import { withText } from "./fields.mjs";
import { PAYLOADS, packed } from "./payloads.mjs";

const AT_ONCE = 16;
const STAND_INS = { group: "demo", tour: "o-1", track: "loom", lang: "en", version: "1", kiosk: "00112233445566ff", user: "nobody",
  session: "00112233445566ff", upload: "0".repeat(32), job: "00112233445566ff", name: "x", link: "A".repeat(22) };

/** Calls `one(item)` for all, some at a time. */
export async function each(items, one) {
  const list = [...items];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (list.length > 0) await one(list.shift());
  }));
}

/** An example of the documents, about things that this box has. */
const here = (example) => ({ ...example, ...(example?.tour ? { tour: STAND_INS.tour } : {}), ...(example?.group ? { group: STAND_INS.group } : {}) });

function request(f, text) {
  const fill = (_, name) => encodeURIComponent(f.kind === "path" && f.name === name ? text : STAND_INS[name]);
  // Where the header is looked at, nothing else may be right: nothing is to be made.
  const where = (f.kind === "header" ? f.path.replace("{group}", "none").replace("{tour}", "none") : f.path).replace(/\{(\w+)\}/g, fill);
  const query = f.kind === "query" ? `?${f.name}=${encodeURIComponent(text)}` : "";
  const body = f.kind === "body" ? withText(here(f.example), f.steps, text) : {};
  return [where + query, { method: f.method, headers: f.kind === "header" ? { [f.name]: text } : {}, ...(f.method === "GET" ? {} : { body: JSON.stringify(body) }) }];
}

/** What a browser would make of the answer is no page of ours with words of theirs. */
async function harmless(f, answer, mark) {
  const type = answer.headers.get("content-type") ?? "";
  const text = await answer.text();
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff", f.field);
  if (!/^application\/(problem\+)?json/.test(type)) assert.ok(!text.includes(`;${mark}`), `${f.field}: ${type} has words of theirs`);
}

/** All payloads through each of these fields; `ask(where, options)` is a fetch of who may all. */
export async function refuse(fields, ask, tell) {
  for (const f of fields) {
    // An address that is longer than any of ours is not even read: the connection is closed.
    let closed = 0;
    await each(packed("zz", f.kind === "path" ? 140 : 200), async (text) => {
      const [where, options] = request(f, text);
      const answer = await ask(where, options).catch(() => null);
      if (!answer && f.kind !== "body") return void closed++;
      if (f.kind === "body") assert.ok(answer.status >= 400 && answer.status < 500, `${f.field} took ${text}: ${answer.status}`);
      assert.ok(answer.status < 500 || answer.status === 503, `${f.field}: ${answer.status}`);
      await harmless(f, answer, "zz");
    });
    tell(f.field, PAYLOADS.length, f.kind === "body" ? "refused" : `answered, not shown${closed ? `; ${closed} connections closed` : ""}`);
  }
}

/** The same of messages: one socket for each text of one, all payloads in it, and then the socket still answers. Runs in a page. */
export function say({ url, link, fields, text }) {
  const one = ({ field, type, key, example }) => new Promise((done, fail) => {
    const ws = new WebSocket(`${url.replace("http", "ws")}/ws`, "roomtone.v1");
    const value = Array.isArray(example[key]) ? [text] : text;
    const message = JSON.stringify({ ...example, [key]: value });
    const codes = [];
    ws.onopen = () => {
      if (type !== "hello") ws.send(JSON.stringify({ type: "hello", v: 1, role: "guide", link, name: "g" }));
      ws.send(message);
      ws.send(JSON.stringify({ type: "nonsense" }));
    };
    ws.onmessage = ({ data }) => {
      const m = JSON.parse(data);
      if (m.type === "error") codes.push(m.code);
      if (m.code !== "unknown_type") return;
      ws.close();
      done([field, codes]);
    };
    ws.onclose = () => fail(new Error(`${field}: closed after ${codes}`));
  });
  return Promise.all(fields.map(one));
}
