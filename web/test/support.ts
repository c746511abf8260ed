// SPDX-License-Identifier: Apache-2.0
// Shared by the unit tests.
import { readFileSync } from "node:fs";
import path from "node:path";
import { Core } from "../common/core";

const work = process.env.ROOMTONE_WEB_TEST ?? ".";

export function loadCore(): Promise<Core> {
  const bytes = readFileSync(path.join(work, "core.wasm"));
  return Core.load(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
}

/** The repository, seen from web/ where the tests run. */
export const repo = (...parts: string[]): string => path.join(process.cwd(), "..", ...parts);

/** A small random generator with a seed (mulberry32), so that a failure can be seen again. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The seed of this round: from ROOMTONE_SEED, or of the day; printed. */
export function seed(): number {
  const s = Number(process.env.ROOMTONE_SEED ?? Date.now() % 1_000_000);
  console.log(`ROOMTONE_SEED=${s}`);
  return s;
}
