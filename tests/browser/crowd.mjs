// SPDX-License-Identifier: Apache-2.0
// Fifty phones arrive within 30 s on an access point of 20 Mbit/s:
//
//   node crowd.mjs ROOMTONED ROOMTONECTL WEB_DIR
//
// Each loads the page's files as a browser does, then plays the track from where the group is, with
// the very classes of the sound worker (web/sound), bundled for Node. What counts is the time from the
// scan, that is the first request, to the first sound that can be played; nobody waits to tap. Those
// who play go on fetching their tails and take the network from those who come.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { monitorEventLoopDelay } from "node:perf_hooks";
import path from "node:path";
import { Box, wall } from "./box.mjs";
import { longTrack, open, sleep } from "./phone.mjs";
import { Relay } from "./relay.mjs";

const esbuild = createRequire(new URL("../../web/", import.meta.url))("esbuild");
const [roomtoned, roomtonectl, webDir] = process.argv.slice(2);
const PHONES = 50;
const WITHIN_MS = 30_000;
const BYTES_PER_S = 20e6 / 8;
const LIMIT_MS = 3000;
const BUSY_MS = 200;

// Fifty phones have fifty processors, this machine has few: here the network is measured, so silence is
// "decoded", and resampled to little.
const RATE = 2000;
const noDecoder = {
  name: "no-decoder",
  setup(build) {
    build.onResolve({ filter: /^opus-decoder$/ }, (a) => ({ path: a.path, namespace: "none" }));
    build.onLoad({ filter: /.*/, namespace: "none" }, () => ({
      contents: `export class OpusDecoder {
        constructor({ channels }) { this.channelData = Array.from({ length: channels }, () => new Float32Array(960)); }
        ready = Promise.resolve();
        async reset() {}
        free() {}
        decodeFrame() { return { channelData: this.channelData, samplesDecoded: 960 }; }
      }`,
    }));
  },
};

const real = globalThis.fetch; // the worker's classes ask for paths, as in a page

async function soundClasses(dir) {
  const outfile = path.join(dir, "sound.cjs");
  await esbuild.build({
    stdin: {
      contents: `export { Pieces } from "./pieces"; export { Stream } from "./stream"; export { Ahead } from "./ahead";`,
      resolveDir: new URL("../../web/sound", import.meta.url).pathname,
    },
    outfile, plugins: [noDecoder], bundle: true, format: "cjs", platform: "node", logLevel: "warning",
  });
  return (await import(outfile)).default;
}

/** Without the admin page, and with one language of the visitor's. */
function assets() {
  const other = /^(admin-.*|(?!fr-)[a-z]{2}-.*|.*\.gz)$/;
  return readdirSync(path.join(webDir, "assets")).filter((n) => !other.test(n)).map((n) => `assets/${n}`);
}

class Phone {
  constructor(url, sound, source, positionMs) {
    Object.assign(this, { url, sound, source, positionMs });
  }

  /** The page, then all that a visitor may need of its build: more than a phone asks for at once. */
  async load() {
    const get = async (name) => {
      const response = await fetch(`${this.url}/${name}`, { headers: { "Accept-Encoding": "gzip" } });
      assert.ok(response.ok, name);
      await response.arrayBuffer();
    };
    await get("");
    await Promise.all(assets().map(get));
  }

  async listen() {
    const { Pieces, Stream, Ahead } = this.sound;
    this.stream = new Stream(this.source, new Pieces(), RATE);
    const ahead = new Ahead(() => [this.stream.wish()]);
    const frame = Math.floor(this.positionMs() * 48);
    await this.stream.open(frame);
    await this.stream.seek(frame);
    await this.stream.render(RATE / 4, 48_000 / RATE);
    ahead.look();
  }

  /** Plays in real time; gives how often it would have fallen silent. */
  async play(until) {
    let dry = 0;
    let due = wall() + 250;
    while (wall() < until) {
      await this.stream.render(RATE / 4, 48_000 / RATE);
      if (wall() > due + 1500) {
        dry++;
        due = wall();
      }
      due += 250;
      await sleep(Math.max(0, due - 1500 - wall()) || 1);
    }
    this.stream.close();
    return dry;
  }
}

async function main(box) {
  const { source, sound } = await prepare(box);
  for (let left = 4; ; left--) {
    const { p95, dry, busyMs } = await arrive(box, source, sound);
    if (p95 <= LIMIT_MS && dry === 0) return;
    assert.ok(busyMs > BUSY_MS && left > 0, "everybody sounds in time");
    console.log("this machine was too busy to be fifty phones; once more");
  }
}

async function prepare(box) {
  await open(box);
  const wav = path.join(box.dir, "long.wav");
  execFileSync("sox", ["-R", "-n", "-r", "48000", "-c", "2", wav, "synth", "120", "brownnoise", "vol", "0.3"]);
  const group = await longTrack(box, wav, "long");
  const tour = await (await fetch(`${box.url}/content/${group.state.tour}.json`)).json();
  const [variant] = tour.cues[0].track.variants;
  const source = { ...variant, frames: Math.round((variant.dur_us * 48) / 1000) };
  console.log(`track: ${((variant.bytes * 8) / (variant.dur_us / 1e6) / 1000).toFixed(0)} kbit/s`);
  await box.ctl("seek", "long", "0");
  return { source, sound: await soundClasses(box.dir) };
}

async function arrive(box, source, sound) {
  const { hostname, port } = new URL(box.url);
  const relay = new Relay(hostname, Number(port), BYTES_PER_S);
  await relay.start();
  globalThis.fetch = (to, options) => real(String(to).startsWith("/") ? relay.url + to : to, options);
  const first = new Phone(relay.url, sound, source, () => 0); // so that all code is warm
  await first.load();
  await first.listen();
  await first.play(wall() + 2000);
  relay.carried = 0;
  const delay = monitorEventLoopDelay();
  delay.enable();
  const begun = wall();
  const positionMs = () => wall() - begun;
  const end = begun + WITHIN_MS + 5000;
  let dry = 0;
  const took = await Promise.all(
    Array.from({ length: PHONES }, async (_, i) => {
      // Evenly with some chance; the first ten in the same second, as a class does.
      await sleep(i < 10 ? i * 100 : ((i - 10) / (PHONES - 10)) * WITHIN_MS + Math.random() * 500);
      const scanned = wall();
      const phone = new Phone(relay.url, sound, source, positionMs);
      await phone.load();
      const loaded = wall() - scanned;
      await phone.listen();
      const ms = wall() - scanned;
      dry += await phone.play(end);
      return { ms, loaded };
    }),
  );
  console.log(`the network carried ${((relay.carried * 8) / (wall() - begun) / 1000).toFixed(1)} Mbit/s`);
  await relay.stop();
  const sorted = (key) => took.map((t) => t[key]).sort((a, b) => a - b);
  const q = (list, p) => list[Math.min(list.length - 1, Math.floor(p * list.length))].toFixed(0);
  const ms = sorted("ms");
  const loaded = sorted("loaded");
  console.log(`page loaded: p50 ${q(loaded, 0.5)}, p95 ${q(loaded, 0.95)} ms`);
  console.log(`scan to sound: p50 ${q(ms, 0.5)}, p95 ${q(ms, 0.95)}, worst ${q(ms, 1)} ms; ${dry} times silent after that`);
  const busyMs = delay.max / 1e6;
  console.log(`this process was late by at most ${busyMs.toFixed(0)} ms`);
  return { p95: Number(q(ms, 0.95)), dry, busyMs };
}

const box = new Box(roomtoned, roomtonectl, webDir);
try {
  await main(box);
} finally {
  await box.remove();
}
process.exit(0);
