// SPDX-License-Identifier: Apache-2.0
// The first script: says so when this browser cannot play along, and brings the rest.
import { texts, speak, wishedLang } from "./page";
import coreUrl from "core.wasm";

const able =
  "WebSocket" in window && "WebAssembly" in window && "AudioContext" in window && "Worker" in window;

async function boot(): Promise<void> {
  const wasm = able ? fetch(coreUrl).then((r) => r.arrayBuffer()) : null;
  await speak(wishedLang());
  const root = document.getElementById("app") as HTMLElement;
  if (!wasm) {
    root.textContent = texts.value ? texts.value.err_browser : "";
    return;
  }
  const { start } = await import("./main");
  await start(root, wasm);
}

boot().catch(() => {
  // Something did not arrive; no dictionary either, perhaps.
  const root = document.getElementById("app");
  if (root) root.textContent = "This page did not load completely. Please reload it.";
});
