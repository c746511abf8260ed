// SPDX-License-Identifier: Apache-2.0
// Types, lint, unit tests:  node test.mjs WORKDIR [CLANG]
// The tests are bundled as they are shipped (esbuild) and run by node's own runner.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { buildCore } from "./build.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const work = path.resolve(process.argv[2] ?? path.join(here, "../build/web-test"));

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: here, stdio: "inherit", env: { ...process.env, ROOMTONE_WEB_TEST: work } });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
run("check.mjs");

buildCore(path.join(work, "core.wasm"), process.argv[3]);
const tests = readdirSync(path.join(here, "test")).filter((f) => f.endsWith(".test.ts"));
await esbuild.build({
  absWorkingDir: here,
  entryPoints: tests.map((f) => `test/${f}`),
  outdir: work,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  // The decoder's package asks Node's modules by require.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  logLevel: "warning",
});
run("--test", ...tests.map((f) => path.join(work, f.replace(/\.ts$/, ".mjs"))));
