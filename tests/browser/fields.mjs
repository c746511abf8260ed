// SPDX-License-Identifier: Apache-2.0
// Which texts can be given to the box, as its own documents have them: docs/openapi.json (bodies, paths, queries and
// headers) and docs/PROTOCOL.md (the examples of what clients say). A field is "METHOD path name", a message's "type name".
import { readFileSync } from "node:fs";

const read = (name) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
const api = JSON.parse(read("openapi.json"));

function resolve(thing) {
  while (thing.$ref) thing = thing.$ref.slice(2).split("/").reduce((at, part) => at[part], api);
  return thing;
}

/** Calls found(steps, schema) for each text in a schema; a step is a property's name, 0 for any of a list, "*" for any key's value, "(key)" for the key. */
function walk(schema, steps, found) {
  const s = resolve(schema);
  for (const part of [...(s.anyOf ?? []), ...(s.oneOf ?? []), ...(s.allOf ?? [])]) walk(part, steps, found);
  if (s.enum || s.const !== undefined) return;
  if (s.type === "string") found(steps, s);
  for (const [name, of] of Object.entries(s.properties ?? {})) walk(of, [...steps, name], found);
  if (typeof s.additionalProperties === "object") walk(s.additionalProperties, [...steps, "*"], found);
  if (s.propertyNames) walk(s.propertyNames, [...steps, "(key)"], found);
  if (s.items && typeof s.items === "object") walk(s.items, [...steps, 0], found);
}

const name = (steps) => steps.map((s) => (s === 0 ? "[]" : s)).join(".").replaceAll(".[]", "[]");

/** [{field, method, path, kind: "body" | "text" | "path" | "query" | "header", steps, name, example, pattern}] */
export function fieldsOfApi() {
  const out = [];
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [verb, op] of Object.entries(item)) {
      if (!["get", "put", "post", "patch", "delete"].includes(verb)) continue;
      const method = verb.toUpperCase();
      const add = (kind, what, schema, more) => {
        const field = `${method} ${path.replace("/api/v1", "")} ${what}`.trim();
        if (!out.some((f) => f.field === field)) out.push({ field, method, path, kind, name: what, pattern: schema.pattern, ...more });
      };
      for (const p of [...(item.parameters ?? []), ...(op.parameters ?? [])].map(resolve)) {
        const s = resolve(p.schema);
        if (!s.enum && s.const === undefined) add(p.in, p.name, s);
      }
      for (const [type, body] of Object.entries(op.requestBody ? resolve(op.requestBody).content : {})) {
        if (type !== "application/json") add("text", `(${type})`, {});
        else walk(body.schema, [], (steps, s) => add("body", name(steps), s, { steps, example: body.example }));
      }
    }
  }
  return out;
}

const SAID_BY_CLIENTS = ["hello", "keep", "forget", "proof", "command", "lead", "hand", "react", "ask", "report"];

/** [{field, type, key, example}]: one for each text in the examples of what a client says. */
export function fieldsOfWire() {
  const out = new Map();
  for (const [, type, text] of read("PROTOCOL.md").matchAll(/```json (\w+)\n(.*?)```/gs)) {
    if (!SAID_BY_CLIENTS.includes(type)) continue;
    const example = JSON.parse(text);
    // What a guide says to lower somebody's hand stands in the words, not in an example.
    const whole = type === "hand" ? { ...example, member: "m17" } : example;
    for (const [key, value] of Object.entries(whole)) {
      const field = `${type} ${key}`;
      const texts = typeof value === "string" || (Array.isArray(value) && typeof value[0] === "string");
      if (texts && key !== "type" && example.type === type && !out.has(field)) out.set(field, { field, type, key, example: whole });
    }
  }
  return [...out.values()];
}

/** An example with `text` at one of its texts. */
export function withText(example, steps, text) {
  const [step, ...rest] = steps;
  if (step === undefined) return text;
  if (step === "(key)") return { [text]: "x" };
  if (step === "*") return { en: withText(undefined, rest, text) };
  if (step === 0) return [withText(example?.[0] ?? example?.[1], rest, text)];
  return { ...example, [step]: withText(example?.[step], rest, text) };
}
