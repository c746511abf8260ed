// SPDX-License-Identifier: Apache-2.0
// The first script, in one file with all that the first screen needs, the C core too: says so when
// this browser cannot play along, puts the page together, and offers tests a look inside.
import { effect } from "@preact/signals";
import { render } from "preact";
import { bring } from "../common/bring";
import { Core } from "../common/core";
import { speak, texts, wishedLang } from "./page";
import { Session } from "./session";
import { askVenue, recallVenue } from "./venue";
import { App, bringScreens } from "./view/app";
import wasm from "core.wasm";
import workerUrl from "worker.js";

declare global {
  interface Window {
    /** Read-only, for tests; see web/README.md. */
    roomtone: {
      readonly role: string;
      readonly line: string;
      readonly sound: string;
      readonly trouble: string | null;
      readonly state: unknown;
      readonly heard: unknown;
      readonly house: number | null;
      readonly wanted: number | null;
    };
  }
}

const bringEngine = (): Promise<typeof import("../sound/engine")> => bring(() => import("../sound/engine"));

const ANSWER_MS = 1000;

const able = "WebSocket" in window && "WebAssembly" in window && "AudioContext" in window && "Worker" in window;
const root = document.getElementById("app") as HTMLElement;

/** Who comes by a link sees the group at once, not first the keys for a code, unless the house takes long. */
function answered(session: Session): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, ANSWER_MS);
    effect(() => {
      if (!session.joining.value || session.refused.value) done();
    });
  });
}

async function start(words: Promise<void>): Promise<void> {
  const core = await Core.load(wasm);
  const session = new Session(core, async (ctx, onTick) => {
    const { Engine } = await bringEngine();
    return new Engine(ctx, core, () => new Worker(workerUrl), onTick);
  });
  window.roomtone = {
    get role() {
      return session.welcome.value?.role ?? "visitor";
    },
    get line() {
      return session.line.value;
    },
    get sound() {
      return session.sound.value;
    },
    get trouble() {
      return session.trouble.value;
    },
    get state() {
      return session.state.value;
    },
    get heard() {
      return session.listening.heardNow;
    },
    get house() {
      return core.valid ? core.house(performance.now()) : null;
    },
    get wanted() {
      return session.part.value?.position ?? null;
    },
  };

  const remembered = session.remembered();
  if (remembered) session.join(remembered); // while the words are on their way
  await Promise.all([words, remembered && answered(session)]);
  root.textContent = "";
  render(<App session={session} />, root);
  // Wanted at the tap and after it: brought when the page is painted, while people read.
  requestAnimationFrame(() =>
    setTimeout(() => {
      void askVenue();
      bringEngine()
        .then(() => fetch(workerUrl).then((r) => r.blob())) // then the browser has it
        .catch(() => undefined)
        .finally(bringScreens);
    }),
  );
}

async function boot(): Promise<void> {
  recallVenue();
  const words = speak(wishedLang());
  if (able) return start(words);
  await words;
  const said = document.createElement("p");
  said.textContent = texts.value ? texts.value.err_browser : "";
  root.querySelector(".patience")?.replaceWith(said);
}

// What does not arrive leaves the page as it was sent: index.html says what to do then.
boot().catch(() => document.documentElement.classList.add("late"));
