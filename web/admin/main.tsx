// SPDX-License-Identifier: Apache-2.0
// Puts the admin page together.
import { render } from "preact";
import { Core } from "../common/core";
import { Model } from "./model";
import { App } from "./view";
import wasm from "core.wasm";

async function start(): Promise<void> {
  const core = await Core.load(wasm);
  render(<App model={new Model(core)} />, document.getElementById("app") as HTMLElement);
}

void start();
