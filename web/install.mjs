// SPDX-License-Identifier: Apache-2.0
// Installs what package-lock.json names, unless it is there already: several build folders share
// one node_modules, and none may pull it from under another's feet.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const mark = path.join(here, "node_modules/.installed");
const wanted = createHash("sha256").update(readFileSync(path.join(here, "package-lock.json"))).digest("hex");

if (!existsSync(mark) || readFileSync(mark, "utf8") !== wanted) {
  const npm = process.argv[2] ?? "npm";
  const { status } = spawnSync(npm, ["ci", "--ignore-scripts", "--loglevel=error"], { cwd: here, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(mark, wanted);
}
