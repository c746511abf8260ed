// SPDX-License-Identifier: Apache-2.0
// What page and sound worker say to each other. `run` numbers a stretch of sound (engine.ts);
// answers to a run that is closed are never sent.
import type { Coming } from "./coming";
import type { ContentError } from "./pieces";
import type { Chunk, Source } from "./stream";

/** Why there is no sound. "worker": the worker itself broke. */
export type Failure = ContentError["code"] | "worker";

export type ToWorker =
  | { do: "open"; run: number; source: Source; near: number; rate: number }
  | { do: "seek"; run: number; frame: number }
  | { do: "render"; run: number; n: number; step: number }
  | { do: "coming"; coming: Coming | null } // its first seconds are fetched
  | { do: "close"; run: number };

export type FromWorker =
  | { is: "tick"; headMs: number } // of what is coming, in hand
  | { is: "ready"; run: number; prepMs: number }
  | ({ is: "chunk"; run: number } & Chunk)
  | { is: "failed"; run: number; code: Failure };
