// SPDX-License-Identifier: Apache-2.0
// Files on their way into the box. Each is an entry that says what it is meant to be, then how far it
// is. Two go at a time, in pieces; a lost connection is waited out, and a file that was dropped again
// after the page was closed goes on where the box has it.
//
//   ready ─► waiting ─► sending ◄─► offline       paused: by hand, from waiting, sending, offline
//                          └─► making ─► done      failed: the box refused; may be tried again
import { signal } from "@preact/signals";
import { addPicture, ApiError } from "../api";
import * as api from "./api";
import { type Kind, guess } from "./guess";

export type State = "ready" | "waiting" | "sending" | "offline" | "paused" | "making" | "done" | "failed";

export interface Entry {
  key: number;
  file: File;
  kind: Kind;
  track: string;
  lang: string;
  title: string; // of a track that is new
  music: boolean;
  state: State;
  sent: number; // bytes that the box has
  percent: number; // of the making
  note: string;
  problems: api.Problem[];
}

const AT_ONCE = 2;
const PIECE_MIN = 128 * 1024;
const PIECE_MAX = 8 * 1024 * 1024;
const POLL_MS = 400;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const isOffline = (e: unknown): boolean => e instanceof ApiError && (e.status === 0 || e.status === 503);

export class Queue {
  readonly entries = signal<readonly Entry[]>([]);
  readonly strange = signal<readonly string[]>([]); // names that were dropped and are nothing we take
  private next = 1;
  private readonly uploads = new Map<number, string>(); // by key
  private readonly aborts = new Map<number, AbortController>();
  private readonly running = new Set<number>();

  constructor(private readonly changed: () => Promise<void>) {}

  private known: readonly api.Track[] = [];
  /** What the box has: a known track keeps its title. */
  tracksAre(tracks: readonly api.Track[]): void {
    this.known = tracks;
  }

  add(files: Iterable<File>, lang: string): void {
    const added: Entry[] = [];
    const strange: string[] = [];
    for (const file of files) {
      const { kind, ...what } = guess(file.name, lang);
      if (kind === null || file.size === 0) strange.push(file.name);
      else
        added.push({ key: this.next++, file, kind, ...what, music: false, state: "ready", sent: 0, percent: 0, note: "", problems: [] });
    }
    this.entries.value = [...this.entries.value, ...added];
    this.strange.value = strange;
  }

  change(key: number, what: Partial<Entry>): void {
    this.entries.value = this.entries.value.map((e) => (e.key === key ? { ...e, ...what } : e));
  }

  private get(key: number): Entry | undefined {
    return this.entries.value.find((e) => e.key === key);
  }

  /** All that are ready. */
  start(): void {
    this.strange.value = [];
    this.entries.value = this.entries.value.map((e) => (e.state === "ready" ? { ...e, state: "waiting" } : e));
    this.turn();
  }

  hold(key: number): void {
    this.change(key, { state: "paused", note: "" });
    this.aborts.get(key)?.abort();
  }

  resume(key: number): void {
    this.change(key, { state: "waiting", note: "", problems: [] });
    this.turn();
  }

  /** Cancels it, or takes one that is over off the list. */
  remove(key: number): void {
    const upload = this.uploads.get(key);
    const over = this.get(key)?.state === "done";
    this.entries.value = this.entries.value.filter((e) => e.key !== key);
    this.aborts.get(key)?.abort();
    this.uploads.delete(key);
    if (upload !== undefined && !over) api.removeUpload(upload).catch(() => undefined); // it ages out by itself
    this.turn();
  }

  clear(): void {
    this.entries.value = this.entries.value.filter((e) => e.state !== "done");
  }

  // --- one after the other ---

  /** Words and pictures wait for the sound they belong to. */
  private blocked(e: Entry): boolean {
    return (
      e.kind !== "audio" &&
      this.entries.value.some((o) => o.kind === "audio" && o.track === e.track && (e.kind === "cover" || o.lang === e.lang) && !["done", "failed"].includes(o.state))
    );
  }

  private turn(): void {
    for (const e of this.entries.value) {
      if (this.running.size >= AT_ONCE) return;
      if (e.state !== "waiting" || this.running.has(e.key) || this.blocked(e)) continue;
      this.running.add(e.key);
      void this.run(e.key).finally(() => {
        this.running.delete(e.key);
        this.turn();
      });
    }
  }

  /** False when it was paused or removed meanwhile. */
  private goes(key: number): boolean {
    const state = this.get(key)?.state;
    return state === "sending" || state === "offline" || state === "making";
  }

  private async run(key: number): Promise<void> {
    this.change(key, { state: "sending", note: "", problems: [] });
    for (let tries = 0; ; tries++) {
      const before = this.get(key)?.sent ?? 0;
      try {
        await this.once(key);
        return;
      } catch (e) {
        if (!this.goes(key)) return;
        if (!isOffline(e)) {
          this.change(key, { state: "failed", note: api.reason(e), problems: api.problemsOf(e) });
          return;
        }
        if ((this.get(key)?.sent ?? 0) > before) tries = 0;
        this.change(key, { state: "offline", note: "Connection lost. It goes on by itself." });
        await pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] as number);
        if (!this.goes(key)) return;
        this.change(key, { state: "sending", note: "" });
      }
    }
  }

  private async once(key: number): Promise<void> {
    const e = this.get(key);
    if (!e) return;
    if (e.kind === "cover") await this.cover(e);
    else if (e.kind !== "audio") await api.putText(e.kind, e.track, e.lang, e.file);
    else if (!(await this.audio(e))) return;
    this.change(key, { state: "done", sent: e.file.size, percent: 100 });
    this.uploads.delete(key);
    await this.changed();
  }

  private async cover(e: Entry): Promise<void> {
    const picture = await addPicture(e.file);
    const title = this.known.find((t) => t.id === e.track)?.title ?? { [e.lang]: e.title };
    await api.nameTrack(e.track, title, picture);
  }

  private async audio(e: Entry): Promise<boolean> {
    const known = (await api.tracks()).find((t) => t.id === e.track);
    if (!known?.title[e.lang]) await api.nameTrack(e.track, { ...known?.title, [e.lang]: e.title });
    const id = await this.send(e);
    if (id === null) return false;
    this.change(e.key, { state: "making", sent: e.file.size });
    let job = await api.makeAudio(e.track, e.lang, { upload: id, kind: e.music ? "music" : "speech" });
    while (["waiting", "running", "saving"].includes(job.state)) {
      await pause(POLL_MS);
      if (!this.goes(e.key)) return false;
      job = await api.showJob(job.id).catch((why: unknown) => {
        // A box that started anew has forgotten its jobs, not its uploads.
        throw why instanceof ApiError && why.status === 404 ? new ApiError(503, "busy", why.message) : why;
      });
      this.change(e.key, { percent: job.percent });
    }
    if (job.state !== "done") throw new ApiError(422, "bad_audio", job.detail === "" ? "It was cancelled." : `The file ${job.detail}.`);
    return true;
  }

  /** What the box has of this file already, from before the connection or the page went. */
  private async find(e: Entry): Promise<api.Upload> {
    const id = this.uploads.get(e.key);
    const ours = new Set(this.uploads.values());
    const all = await api.uploads();
    const same = all.find((u) => u.id === id) ?? all.find((u) => !ours.has(u.id) && !u.busy && u.name === e.file.name && u.size === e.file.size);
    return same ?? api.newUpload(e.file.name, e.file.size);
  }

  /** Sends what is missing; the upload's id, or null when it was paused. */
  private async send(e: Entry): Promise<string | null> {
    const abort = new AbortController();
    this.aborts.set(e.key, abort);
    let u = await this.find(e);
    this.uploads.set(e.key, u.id);
    let size = PIECE_MIN;
    while (u.received < e.file.size) {
      this.change(e.key, { sent: u.received });
      if (!this.goes(e.key)) return null;
      const began = performance.now();
      try {
        u = await api.putPiece(u.id, u.received, e.file.slice(u.received, u.received + size), abort.signal);
      } catch (why) {
        if (!(why instanceof ApiError) || why.code !== "wrong_offset") throw why;
        u = await api.showUpload(u.id); // our last piece arrived, its answer did not
      }
      // A second or so each: the bar moves, and little is lost.
      const took = performance.now() - began;
      size = took < 500 ? Math.min(2 * size, PIECE_MAX) : took > 3000 ? Math.max(size / 2, PIECE_MIN) : size;
    }
    return u.id;
  }
}
