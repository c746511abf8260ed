// SPDX-License-Identifier: Apache-2.0

/** A command's id: 128 random bits in hex. Plain HTTP has no crypto.randomUUID. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}
