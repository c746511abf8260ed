// SPDX-License-Identifier: Apache-2.0
// Puts the visitor page together, and offers tests a look inside.
import { render } from "preact";
import { Core } from "../common/core";
import { Session } from "./session";
import { App } from "./view/app";
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

export async function start(root: HTMLElement, wasm: Promise<ArrayBuffer>): Promise<void> {
  const core = await Core.load(wasm);
  const session = new Session(core, async (ctx, onTick) => {
    const { Engine } = await engine;
    return new Engine(ctx, core, () => new Worker(workerUrl), onTick);
  });
  const remembered = session.remembered();
  if (remembered) session.join(remembered);
  root.textContent = "";
  render(<App session={session} />, root);
  const engine = import("../sound/engine"); // wanted at the tap, brought while people read

  window.roomtone = {
    role: "visitor",
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
}
