// SPDX-License-Identifier: Apache-2.0
// The sound worker: fetches, decodes and resamples, so that the page's thread only schedules. It is
// also the engine's metronome: a worker's timer keeps its pace when the page's slow down behind a
// locked screen.
import { Ahead, headMs, headOf } from "./ahead";
import type { Coming } from "./coming";
import type { FromWorker, ToWorker } from "./messages";
import { ContentError, Pieces } from "./pieces";
import { Stream } from "./stream";

const TICK_MS = 100;
const STREAMS_MAX = 8;

interface Entry {
  stream: Stream;
  work: Promise<void>; // the orders of one stream, one after the other
}

const pieces = new Pieces();
const streams = new Map<number, Entry>();
let coming: Coming | null = null;
const ahead = new Ahead(() => [
  ...[...streams.values()].map((e) => e.stream.wish()),
  coming && headOf(coming, pieces),
]);

function say(message: FromWorker, transfer: Transferable[] = []): void {
  (self as unknown as Worker).postMessage(message, transfer);
}

function order(run: number, job: (s: Stream) => Promise<void>): void {
  const entry = streams.get(run);
  if (!entry) return;
  entry.work = entry.work
    .then(() => (streams.get(run) === entry ? job(entry.stream) : undefined))
    .catch((e: unknown) => {
      if (streams.get(run) !== entry) return;
      queueMicrotask(() => drop(run)); // behind this very promise
      say({ is: "failed", run, code: e instanceof ContentError ? e.code : "bad" });
    });
}

function drop(run: number): void {
  const entry = streams.get(run);
  if (!entry) return;
  streams.delete(run);
  entry.stream.close();
  void entry.work.finally(() => entry.stream.free());
}

self.onmessage = (event: MessageEvent<ToWorker>): void => {
  const m = event.data;
  switch (m.do) {
    case "open": {
      if (streams.size >= STREAMS_MAX) drop(streams.keys().next().value as number);
      streams.set(m.run, { stream: new Stream(m.source, pieces, m.rate), work: Promise.resolve() });
      const begun = performance.now();
      order(m.run, async (s) => {
        await s.open(m.near);
        say({ is: "ready", run: m.run, prepMs: performance.now() - begun });
        ahead.look();
      });
      break;
    }
    case "seek":
      order(m.run, (s) => s.seek(m.frame));
      break;
    case "render":
      order(m.run, async (s) => {
        const chunk = await s.render(m.n, m.step);
        if (!streams.has(m.run)) return;
        say({ is: "chunk", run: m.run, ...chunk }, chunk.channels.map((c) => c.buffer));
      });
      break;
    case "coming":
      coming = m.coming;
      ahead.look();
      break;
    case "close":
      drop(m.run);
      break;
  }
};

ahead.look();
setInterval(() => say({ is: "tick", headMs: coming ? headMs(coming, pieces) : 0 }), TICK_MS);
