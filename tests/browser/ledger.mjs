// SPDX-License-Identifier: Apache-2.0
// The ledger of words.mjs: which payloads went through which field, and on which pages they were found.
import assert from "node:assert/strict";
import { fieldsOfApi, fieldsOfWire } from "./fields.mjs";
import { ALIVE, countIn, singles } from "./payloads.mjs";

/** Fields through which nothing goes here, and why. */
export const NOT = {
  "PUT /backup (application/vnd.sqlite3)": "a database; its words came by the fields here, and it is fuzzed (tests/fuzz/database.c)",
  "PUT /tracks/{track}/audio/{lang} (application/octet-stream)": "sound; no text of the file is read (tests/fuzz/ingest.c)",
  "PUT /uploads/{upload} (application/octet-stream)": "sound",
  "POST /login password": "compared with a hash, shown nowhere",
  "POST /me/confirm password": "compared with a hash, shown nowhere",
  "PUT /me/password old_password": "compared with a hash, shown nowhere",
  "PUT /me/password password": "kept as a hash, shown nowhere",
  "POST /users password": "kept as a hash, shown nowhere",
  "PATCH /users/{user} password": "kept as a hash, shown nowhere",
};

/** What went through a field, and on which pages it was found: {given, mark, texts, found: page => Set, need}. */
const ledger = new Map();

/** `need`: how many of its payloads must be found on pages; 0: it is shown nowhere. */
export function sown(fields, mark, texts, need = countIn(mark, texts)) {
  for (const field of [fields].flat()) ledger.set(field, { given: countIn(mark, texts), mark, texts, found: new Map(), need });
}

/** Looks at a page as it stands: what of the ledger it has, and that nothing came alive. */
export async function look(page, where) {
  assert.equal(await page.locator(ALIVE).count(), 0, `${where}: markup came alive`);
  const words = await page.evaluate(() => {
    const all = window.heap + window.everything();
    window.heap = "";
    return all;
  });
  for (const entry of ledger.values()) {
    if (!entry.mark || !words.includes(`;${entry.mark}`)) continue;
    const found = entry.found.get(where) ?? new Set();
    for (const p of singles(entry.mark)) if (words.includes(p)) found.add(p);
    if (found.size > 0) entry.found.set(where, found);
  }
}

const foundAnywhere = (entry) => new Set([...entry.found.values()].flatMap((s) => [...s])).size;

/** What a field did with them that are shown nowhere. */
export function told(field, given, said) {
  ledger.set(field, { given, said });
}

/** Nothing more is to be done about it. */
export const settled = (field) => ledger.has(field) || field in NOT;

function table() {
  for (const [field, entry] of [...ledger].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const pages = [...(entry.found ?? [])].map(([page, s]) => `${page} ${s.size}`).join(", ");
    console.log(`  ${String(entry.given).padStart(3)}  ${field.padEnd(58)}  ${entry.said ?? (pages || "shown nowhere")}`);
  }
}

export function settle() {
  const all = [...fieldsOfApi(), ...fieldsOfWire()].map((f) => f.field);
  table();
  for (const [field, why] of Object.entries(NOT)) console.log(`    -  ${field.padEnd(58)}  ${why}`);
  assert.deepEqual(all.filter((f) => !ledger.has(f) && !(f in NOT)), [], "texts of the documents that nobody tried");
  assert.deepEqual(Object.keys(NOT).filter((f) => !all.includes(f)), [], "exceptions that are no fields");
  for (const [field, e] of ledger) if (e.mark) assert.ok(foundAnywhere(e) >= e.need, `${field}: ${foundAnywhere(e)} of ${e.need} seen`);
}
