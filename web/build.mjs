// SPDX-License-Identifier: Apache-2.0
// Builds both pages:  node build.mjs OUT [CLANG]
//
//   OUT/index.html, OUT/admin.html     the pages
//   OUT/assets/NAME-HASH.EXT           what they load; named by content, cached for ever
//   OUT/core.wasm                      the C core by itself; the pages carry it within
//   each also as .gz                   plain HTTP knows no better coding
//   OUT/sizes.json                     what is loaded when, for budget.mjs
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
    "--target=wasm32", "-mbulk-memory", "-mnontrapping-fptoint", "-msign-ext", // as old as `target`
    "-std=c17", "-Oz", "-ffreestanding", "-fno-builtin", "-nostdlib",
    "-Wall", "-Wextra", "-Werror",
    "-I", path.join(here, "core/include"), "-I", root,
    "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=16384",
    "-o", file, path.join(here, "core/exports.c"),
    ...shared.map((name) => path.join(root, "common", name)),
  ], { stdio: "inherit" });
}

/** Bytes as a text of one letter each: under gzip that is smaller than base64. */
function bytesModule(bytes) {
  return `export default Uint8Array.from(${JSON.stringify(bytes.toString("latin1"))}, (c) => c.charCodeAt(0));`;
}

/** `import bytes from "core.wasm"`; `import url from "worker.js"`, and of "guide.css". */
function assets(core, urls) {
  return {
    name: "assets",
    setup(build) {
      build.onResolve({ filter: /^(core\.wasm|worker\.js|guide\.css)$/ }, (a) => ({ path: a.path, namespace: "asset" }));
      build.onLoad({ filter: /wasm$/, namespace: "asset" }, () => ({ contents: bytesModule(core) }));
      build.onLoad({ filter: /(js|css)$/, namespace: "asset" }, (a) => ({ contents: urls[a.path], loader: "text" }));
    },
  };
}

/** Every file that is brought by `import("...")`. */
function broughtLater() {
  const sources = ["common", "sound", "visitor"].flatMap((dir) => readdirSync(path.join(here, dir), { recursive: true }).map((f) => path.join(here, dir, f)));
  return new Set(sources.filter((f) => /\.tsx?$/.test(f)).flatMap((f) =>
    [...readFileSync(f, "utf8").matchAll(/\bimport\("(\.[^"]+)"\)/g)].map((m) => path.join(path.dirname(f), m[1]))));
}

/** What is brought later shares modules with what is there already. Left alone, esbuild cuts these out
    into files of their own, and the first screen waits for each. So everything that is brought later
    depends on the whole first script, which then stays one file. */
function together(entry) {
  const later = broughtLater();
  return {
    name: "together",
    setup(build) {
      build.onLoad({ filter: /\.tsx?$/ }, (a) => {
        if (!later.has(a.path.replace(/\.tsx?$/, ""))) return null;
        const contents = `${readFileSync(a.path, "utf8")}\nimport ${JSON.stringify(entry)};\n`;
        return { contents, loader: a.path.endsWith("x") ? "tsx" : "ts" };
      });
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
  const folder = path.join(out, "assets");
  const core = readFileSync(path.join(out, "core.wasm"));

  const worker = await esbuild.build({ ...base, entryPoints: ["sound/worker.ts"], outdir: folder, format: "iife" });
  const workerName = outputs(worker)["sound/worker.ts"];
  const plain = await esbuild.build({
    ...base, outdir: folder, target: undefined,
    entryPoints: ["visitor/old.js", "visitor/visitor.css", "visitor/guide/guide.css", "admin/admin.css"],
  });
  const brought = assets(core, {
    "worker.js": `/assets/${workerName}`,
    "guide.css": `/assets/${outputs(plain)["visitor/guide/guide.css"]}`,
  });
  const page = async (name, ...plugins) => {
    const made = await esbuild.build({
      ...base, plugins: [brought, ...plugins], outdir: folder, format: "esm", splitting: true,
      entryPoints: [{ in: name, out: name.replace(/\//g, "-").replace(/\.tsx?$/, "") }],
    });
    return { meta: made.metafile, entry: outputs(made)[name] };
  };
  const visitor = await page("visitor/main.tsx", together(path.join(here, "visitor/main.tsx")));
  const admin = await page("admin/main.tsx");
  return { visitor, admin, worker: workerName, ...outputs(plain) };
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

  // The entry only points at the one file that has it all: the page names that at once.
  const [script, ...others] = [...closure(made.visitor.meta, made.visitor.entry)].slice(1);
  if (!script || others.length > 0) throw new Error(`the first script is in pieces: ${[script, ...others].join(" ")}`);
  page(out, "index.html", "visitor/index.html", {
    "visitor.css": made["visitor/visitor.css"], "main.js": script, "old.js": made["visitor/old.js"],
  });
  page(out, "admin.html", "admin/admin.html", { "admin.css": made["admin/admin.css"], "main.js": made.admin.entry });

  const later = (name) => `assets/${Object.keys(made.visitor.meta.outputs).map((f) => path.basename(f)).find((n) => n.startsWith(`${name}-`))}`;
  const dictionaries = Object.entries(made.visitor.meta.outputs).filter(([f]) => /^[a-z]{2}-/.test(path.basename(f)));
  const [heaviest] = dictionaries.sort((a, b) => b[1].bytes - a[1].bytes)[0];
  const first = ["index.html", `assets/${made["visitor/visitor.css"]}`];
  writeFileSync(path.join(out, "sizes.json"), JSON.stringify({
    first,
    tappable: [...first, `assets/${script}`, `assets/${path.basename(heaviest)}`],
    wasm: ["core.wasm"],
    sound: [later("engine"), `assets/${made.worker}`],
    admin: ["admin.html", `assets/${made["admin/admin.css"]}`, ...[...closure(made.admin.meta, made.admin.entry)].map((n) => `assets/${n}`)],
  }));

  await buildInstallable(out);
  const files = [...readdirSync(out), ...readdirSync(path.join(out, "assets")).map((f) => `assets/${f}`)];
  for (const file of files.filter((f) => /\.(html|js|css|wasm)$/.test(f))) {
    const full = path.join(out, file);
    writeFileSync(`${full}.gz`, gzipSync(readFileSync(full), { level: 9 }));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(path.resolve(process.argv[2] ?? path.join(root, "build/web")), process.argv[3]);
