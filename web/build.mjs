// SPDX-License-Identifier: Apache-2.0
// Builds both pages:  node build.mjs OUT [CLANG]
//
//   OUT/index.html, OUT/admin.html     the pages
//   OUT/assets/NAME-HASH.EXT           what they load; named by content, cached for ever
//   each also as .gz                   plain HTTP knows no better coding
//   OUT/sizes.json                     what is loaded when, for budget.mjs
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);

// iOS 15 and Chrome 87: about the oldest phones that still come to an exhibition.
const target = ["es2020", "safari15", "chrome87", "firefox90"];

/** The clock, timeline and join code that server and kiosk are built from, as WebAssembly. */
export function buildCore(file, clang = "clang") {
  const shared = ["time/timeline.c", "clock/edge.c", "clock/estimate.c", "clock/exchange.c", "wire/stamp.c", "base/joincode.c"];
  execFileSync(clang, [
    "--target=wasm32", "-std=c17", "-Oz", "-ffreestanding", "-fno-builtin", "-nostdlib",
    "-Wall", "-Wextra", "-Werror",
    "-I", path.join(here, "core/include"), "-I", root,
    "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=16384",
    "-o", file, path.join(here, "core/exports.c"),
    ...shared.map((name) => path.join(root, "common", name)),
  ], { stdio: "inherit" });
}

/** `import url from "core.wasm"` gives the address of the file in assets/. */
function addresses(urls) {
  return {
    name: "addresses",
    setup(build) {
      build.onResolve({ filter: /^(core\.wasm|worker\.js)$/ }, (a) => ({ path: a.path, namespace: "address" }));
      build.onLoad({ filter: /.*/, namespace: "address" }, (a) => ({
        contents: `export default ${JSON.stringify(urls[a.path])}`,
      }));
    },
  };
}

const base = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target,
  metafile: true,
  publicPath: "/assets/",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
};

/** Entry point -> name of its output. */
function outputs(result) {
  const found = {};
  for (const [file, o] of Object.entries(result.metafile.outputs))
    if (o.entryPoint) found[o.entryPoint] = path.basename(file);
  return found;
}

async function buildPages(out) {
  const assets = path.join(out, "assets");
  const hash = (data) => createHash("sha256").update(data).digest("hex").slice(0, 8).toUpperCase();

  const wasm = readFileSync(path.join(out, "core.wasm"));
  const wasmName = `core-${hash(wasm)}.wasm`;
  writeFileSync(path.join(assets, wasmName), wasm);
  rmSync(path.join(out, "core.wasm"));

  const worker = await esbuild.build({ ...base, entryPoints: ["sound/worker.ts"], outdir: assets, format: "iife" });
  const workerName = outputs(worker)["sound/worker.ts"];
  const plugins = [addresses({ "core.wasm": `/assets/${wasmName}`, "worker.js": `/assets/${workerName}` })];

  const modules = await esbuild.build({
    ...base, plugins, outdir: assets, format: "esm", splitting: true,
    entryPoints: ["visitor/boot.ts", "visitor/main.tsx", ...(existsSync(path.join(here, "admin/main.tsx")) ? ["admin/main.tsx"] : [])]
      .map((f) => ({ in: f, out: f.replace(/\//g, "-").replace(/\.tsx?$/, "") })),
  });
  const plain = await esbuild.build({
    ...base, outdir: assets, target: undefined,
    entryPoints: ["visitor/old.js", "visitor/visitor.css", ...(existsSync(path.join(here, "admin/admin.css")) ? ["admin/admin.css"] : [])],
  });
  return { ...outputs(modules), ...outputs(plain), meta: modules.metafile, wasmName, workerName };
}

/** An output and everything it imports at once. */
function closure(meta, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const output = Object.entries(meta.outputs).find(([file]) => path.basename(file) === name)?.[1];
  for (const i of output?.imports ?? [])
    if (i.kind === "import-statement") closure(meta, path.basename(i.path), seen);
  return seen;
}

/** What makes the page one to install: at fixed addresses, since browsers ask for them again by name. */
async function buildInstallable(out) {
  await esbuild.build({ ...base, entryPoints: ["visitor/sw.ts"], outdir: out, format: "iife", entryNames: "[name]" });
  for (const name of ["manifest.webmanifest", "icon.svg"]) copyFileSync(path.join(here, "visitor", name), path.join(out, name));
}

function page(out, name, template, values) {
  const html = readFileSync(path.join(here, template), "utf8")
    .replace(/\{\{([\w.]+)\}\}/g, (_, key) => `/assets/${values[key]}`);
  writeFileSync(path.join(out, name), html);
}

async function main(out, clang) {
  rmSync(path.join(out, "assets"), { recursive: true, force: true }); // the rest of OUT may be others'
  mkdirSync(path.join(out, "assets"), { recursive: true });
  buildCore(path.join(out, "core.wasm"), clang);
  const made = await buildPages(out);

  page(out, "index.html", "visitor/index.html", {
    "visitor.css": made["visitor/visitor.css"], "boot.js": made["visitor/boot.ts"],
    "main.js": made["visitor/main.tsx"], "old.js": made["visitor/old.js"], "core.wasm": made.wasmName,
  });
  if (made["admin/main.tsx"])
    page(out, "admin.html", "admin/admin.html", { "admin.css": made["admin/admin.css"], "main.js": made["admin/main.tsx"] });

  const boot = [...closure(made.meta, made["visitor/boot.ts"])];
  const first = ["index.html", `assets/${made["visitor/visitor.css"]}`, ...boot.map((n) => `assets/${n}`)];
  const lang = Object.values(made.meta.outputs).length && Object.keys(made.meta.outputs)
    .map((f) => path.basename(f)).find((n) => n.startsWith("fr-"));
  const all = [...new Set([...first, `assets/${lang}`, `assets/${made.wasmName}`,
    ...[...closure(made.meta, made["visitor/main.tsx"])].map((n) => `assets/${n}`)])];
  const admin = made["admin/main.tsx"] ? ["admin.html", `assets/${made["admin/admin.css"]}`, `assets/${made.wasmName}`,
    ...[...closure(made.meta, made["admin/main.tsx"])].map((n) => `assets/${n}`)] : [];
  writeFileSync(path.join(out, "sizes.json"), JSON.stringify({ first, tappable: all, wasm: [`assets/${made.wasmName}`], admin }));

  await buildInstallable(out);
  const files = [...readdirSync(out), ...readdirSync(path.join(out, "assets")).map((f) => `assets/${f}`)];
  for (const file of files.filter((f) => /\.(html|js|css|wasm)$/.test(f))) {
    const full = path.join(out, file);
    writeFileSync(`${full}.gz`, gzipSync(readFileSync(full), { level: 9 }));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(path.resolve(process.argv[2] ?? path.join(root, "build/web")), process.argv[3]);
