// SPDX-License-Identifier: Apache-2.0
// Holds the pages to their weight:  node budget.mjs OUT
// Why: a phone on a busy access point must see something within a second of the scan.
import { statSync, readFileSync } from "node:fs";
import path from "node:path";

const out = process.argv[2];
const sizes = JSON.parse(readFileSync(path.join(out, "sizes.json"), "utf8"));

const limits = {
  first: [14 * 1024, "first flight: page, styles, boot script"],
  tappable: [35 * 1024, "everything before Listen can be tapped"],
  wasm: [8 * 1024, "clock, timeline and join code"],
  admin: [90 * 1024, "admin page"],
};

let bad = 0;
for (const [name, [limit, what]] of Object.entries(limits)) {
  const total = sizes[name].reduce((n, f) => n + statSync(path.join(out, `${f}.gz`)).size, 0);
  const ok = sizes[name].length > 0 && total <= limit;
  console.log(`${ok ? "ok  " : "OVER"} ${name}: ${total} of ${limit} bytes gzipped (${what})`);
  if (!ok) bad++;
}
process.exit(bad ? 1 : 0);
