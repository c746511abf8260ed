// SPDX-License-Identifier: Apache-2.0
// Puts the payloads of words.mjs where people put words, by the API and as kiosks do.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { sown } from "./ledger.mjs";
import { packed, singles } from "./payloads.mjs";
import { each } from "./refused.mjs";

/** A program of the house that may all. */
export async function program(box) {
  const json = { "Content-Type": "application/json" };
  const login = await fetch(`${box.url}/api/v1/login`, { method: "POST", headers: json, body: JSON.stringify({ user: "admin", password: box.password }) });
  const { session } = await login.json();
  const once = (where, options) => fetch(box.url + where, { ...options, headers: { ...json, Authorization: `Bearer ${session}`, ...options.headers } });
  // A connection that was kept for long may be closed by the box just then.
  const raw = (where, options) => once(where, options).catch(() => once(where, options));
  /** Asks, and wants it to be done. */
  const ask = async (method, where, body) => {
    const plain = typeof body === "string" || Buffer.isBuffer(body);
    const answer = await raw(`/api/v1/${where}`, { method, body: body === undefined || plain ? body : JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${where} ${plain ? "" : JSON.stringify(body)}: ${answer.status} ${text.slice(0, 300)}`);
    return text.startsWith("{") ? JSON.parse(text) : text;
  };
  return { raw, ask, session };
}

const stamp = (i) => `00:00.${String(3 * i).padStart(3, "0")}`; // the track is a few seconds long

/** Captions and transcript of the stop that is played. */
export async function text(ask) {
  const captions = singles("cc");
  const cues = captions.map((p, i) => `${stamp(i)} --> ${stamp(i + 1)}\n${p.replaceAll("-->", "--\\>").replaceAll("<", "&lt;")}\n`);
  await ask("PUT", "tracks/loom/captions/en", `WEBVTT\n\n${cues.join("\n")}`);
  sown("PUT /tracks/{track}/captions/{lang} (text/vtt)", "cc", captions, captions.filter((p) => !p.includes("-->") && !p.includes("&")).length);
  const transcript = singles("tr");
  await ask("PUT", "tracks/loom/transcript/en", transcript.join("\n\n"));
  sown("PUT /tracks/{track}/transcript/{lang} (text/plain)", "tr", transcript);
  await ask("PUT", "tours/said", { title: { en: "Said" }, cues: [{ track: "loom" }] });
}

/** A tar archive of one text and what another one has behind its first entry. */
function rewritten(archive, change) {
  const size = (at) => parseInt(archive.toString("latin1", at + 124, at + 136), 8);
  const pages = (n) => Math.ceil(n / 512) * 512;
  const head = Buffer.from(archive.subarray(0, 512));
  const text = Buffer.from(JSON.stringify(change(JSON.parse(archive.toString("utf8", 512, 512 + size(0))))));
  head.write(`${text.length.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  head.write(" ".repeat(8), 148, "latin1");
  head.write(`${head.reduce((sum, b) => sum + b, 0).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return Buffer.concat([head, text, Buffer.alloc(pages(text.length) - text.length), archive.subarray(512 + pages(size(0)))]);
}

/** An exhibition of another house with 300 tracks, and tours of 200 and 100 stops. */
export async function exhibition({ ask, raw }) {
  const titles = singles("ex", 80);
  const archive = Buffer.from(await (await raw("/api/v1/exhibition", { method: "GET" })).arrayBuffer());
  await ask("PUT", "exhibition", rewritten(archive, (e) => {
    const loom = e.tracks.find((t) => t.id === "loom");
    const tracks = titles.map((title, i) => ({ ...loom, id: `x-${i}`, title: { en: title, de: title } }));
    const tour = (id, from, to) => ({ id, tour: { title: { en: titles[from] }, cues: tracks.slice(from, to).map((t) => ({ id: t.id, track: t.id })) } });
    return { ...e, venue: {}, tracks, tours: [tour("x-long", 0, 200), tour("x-short", 200, 300)], groups: [] };
  }));
  sown("PUT /exhibition (application/x-tar)", "ex", titles);
}

export async function titles(ask) {
  const names = packed("tt", 80);
  await each(names.keys(), (i) => ask("PUT", `tracks/t-${i}`, { title: { en: names[i], de: names[i] } }));
  sown("PUT /tracks/{track} title.*", "tt", names);
  const tours = packed("to", 80);
  const body = (title) => ({ title: { en: title, de: title }, cues: [{ track: "dyehouse" }] });
  await each(tours.keys(), (i) => ask("PUT", `tours/o-${i}`, body(tours[i])));
  sown("PUT /tours/{tour} title.*", "to", tours);
  const looked = packed("te", 80);
  await each(looked, (title) => ask("POST", "tours/o-1/effect", body(title)));
  sown("POST /tours/{tour}/effect title.*", "te", looked, 0);
}

export async function groups(ask) {
  const made = packed("gm", 80);
  const ids = [];
  await each(made, async (name) => ids.push((await ask("POST", "groups", { name })).id));
  sown("POST /groups name", "gm", made);
  return ids;
}

export async function moreGroups(ask) {
  const bulk = packed("gb", 80);
  await each(bulk, (name) => ask("POST", "groups/bulk", { tour: "o-1", name, count: 1 }));
  sown("POST /groups/bulk name", "gb", bulk);
  const copies = packed("gd", 80);
  await each(copies, (name) => ask("POST", "groups/demo/duplicate", { name }));
  sown("POST /groups/{group}/duplicate name", "gd", copies);
}

/** Other names for the groups that were made. */
export async function rename(ask, ids) {
  const patched = packed("gp", 80), configured = packed("gc", 80);
  await each(patched.keys(), (i) => ask("PATCH", `groups/${ids[i]}`, { name: patched[i] }));
  sown("PATCH /groups/{group} name", "gp", patched);
  const { groups } = await ask("GET", "groups");
  const others = groups.map((g) => g.id).filter((id) => !ids.includes(id) && id !== "demo");
  await each(configured.keys(), (i) => ask("POST", `groups/${others[i]}/commands`, { do: "configure", name: configured[i] }));
  sown("POST /groups/{group}/commands name", "gc", configured);
}

/** A tenth of a second of nothing, as a WAV. */
function wav() {
  const head = Buffer.from("RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0\0\x77\x01\0\x02\0\x10\0data\0\0\0\0", "latin1");
  const sound = randomBytes(9600);
  head.writeUInt32LE(sound.length + 36, 4);
  head.writeUInt32LE(sound.length, 40);
  return Buffer.concat([head, sound]);
}

/** Files with such names become languages of a track, which says what they were called. */
export async function files(ask) {
  const plain = packed("up", 200).map((name) => name.split(/[/\\]/).at(-1)).map((name) => name.replaceAll('"', "_")).filter((name) => name.includes(";up"));
  const file = wav();
  const langs = plain.map((_, i) => [`a${String.fromCharCode(97 + (i % 26))}`, `f-${Math.floor(i / 26)}`]);
  await each(new Set(langs.map(([, track]) => track)), (track) => ask("PUT", `tracks/${track}`, { title: { en: track } }));
  await each(plain.keys(), async (i) => {
    const { id } = await ask("POST", "uploads", { name: plain[i], size: file.length });
    await ask("PUT", `uploads/${id}?offset=0`, file);
    await ask("POST", `tracks/${langs[i][1]}/audio/${langs[i][0]}`, { upload: id });
  });
  for (let there = 0; there < plain.length;) {
    const { tracks } = await ask("GET", "tracks");
    there = tracks.flatMap((t) => (t.id.startsWith("f-") ? t.variants : [])).length;
  }
  sown("POST /uploads name", "up", plain);
  return [...new Set(langs.map(([, track]) => track))];
}

/** What somebody who is not signed in leaves in the trail: ten a minute. */
export async function logins(box) {
  const names = singles("lo", 40).slice(0, 10);
  for (const user of names) {
    const answer = await fetch(`${box.url}/api/v1/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user, password: "wrong" }) });
    assert.equal(answer.status, 401);
  }
  sown("POST /login user", "lo", names, 0);
}

/** Kiosks of a page's: sockets that say what they are called. Runs in the page. */
export function kiosks({ url, code, names, devices }) {
  const one = (name, device) => new Promise((done, fail) => {
    const ws = new WebSocket(`${url.replace("http", "ws")}/ws`, "roomtone.v1");
    (window.kept ??= []).push(ws);
    ws.onopen = () => ws.send(JSON.stringify({ type: "hello", v: 1, role: "kiosk", code, name, lang: "en", device }));
    ws.onmessage = ({ data }) => (JSON.parse(data).type === "welcome" ? done() : JSON.parse(data).type === "error" ? fail(new Error(data)) : undefined);
    ws.onclose = fail;
  });
  return Promise.all(names.map((name, i) => one(name, devices[i])));
}

/** A guide of this name leads the group, until window.release(). On a busy machine the lease may run out meanwhile: then the
    next one claims until it is free. Runs in a page. */
export function lead({ url, link, name }) {
  const id = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  return new Promise((done) => {
    const ws = new WebSocket(`${url.replace("http", "ws")}/ws`, "roomtone.v1");
    const command = (more) => ws.send(JSON.stringify({ type: "command", cmd_id: id(), ...more }));
    const claim = () => command({ do: "claim" });
    let fence;
    let gone;
    window.release = () => new Promise((resolve) => {
      gone = resolve;
      command({ do: "release", fence });
    });
    ws.onopen = () => ws.send(JSON.stringify({ type: "hello", v: 1, role: "guide", link, name }));
    ws.onmessage = ({ data }) => {
      const m = JSON.parse(data);
      if (m.type === "welcome") claim();
      else if (gone && (m.type === "ack" || m.type === "error")) gone(ws.close());
      else if (m.type === "error") setTimeout(claim, 200);
      else if (m.type === "ack") done(void (fence = m.fence));
    };
  });
}

/** Visitors who come without a name, say one, and raise a hand, until window.lower(). Runs in a page. */
export function raise({ url, link, names }) {
  const all = names.map((name) => {
    const ws = new WebSocket(`${url.replace("http", "ws")}/ws`, "roomtone.v1");
    ws.onopen = () => {
      ws.send(JSON.stringify({ type: "hello", v: 1, role: "visitor", link }));
      ws.send(JSON.stringify({ type: "keep", name }));
      ws.send(JSON.stringify({ type: "hand", up: true }));
    };
    return ws;
  });
  window.lower = () => all.forEach((ws) => ws.close());
}
