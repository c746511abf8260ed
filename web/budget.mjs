// SPDX-License-Identifier: Apache-2.0
// Holds the pages to their weight:  node budget.mjs OUT
// Why: a phone on a busy access point must see something within a second of the scan.
import { readFileSync, statSync } from "node:fs";
import path from "node:path";

const out = process.argv[2];
const sizes = JSON.parse(readFileSync(path.join(out, "sizes.json"), "utf8"));
const gz = (file) => statSync(path.join(out, `${file}.gz`)).size;
const sum = (files) => files.reduce((n, f) => n + gz(f), 0);

const limits = [
  ["first", sum(sizes.first), 14 * 1024, "first flight, what the first paint waits for: page and styles"],
  ["tappable", sum(sizes.tappable), 35 * 1024, "everything before Listen can be tapped, with the largest dictionary"],
  ["wasm", sum(sizes.wasm), 8 * 1024, "clock, timeline and join code"],
  ["admin", sum(sizes.admin), 90 * 1024, "admin page"],
];

let bad = 0;
for (const [name, total, limit, what] of limits) {
  const ok = total > 0 && total <= limit;
  console.log(`${ok ? "ok  " : "OVER"} ${name}: ${total} of ${limit} bytes gzipped (${what})`);
  if (!ok) bad++;
}
const requests = sizes.tappable.length - 1; // beside the page itself
console.log(`${requests <= 3 ? "ok  " : "OVER"} requests: ${requests} of 3 after the page, before Listen can be tapped`);
process.exit(bad || requests > 3 ? 1 : 0);
