// SPDX-License-Identifier: Apache-2.0
// What is wrong at the moment, in one plain sentence that says the way out. What goes by itself in a
// moment is a note; what wants the visitor is an alert. What the large button says already is not
// said twice.
import type { JSX } from "preact";
import { type Key, count } from "../../common/i18n";
import { pageLang } from "../page";
import type { Trouble as Kind } from "../trouble";
import type { Props } from "./props";

const SENTENCES: Record<Kind, Key | null> = {
  no_audio: "no_audio",
  blocked: null, // listen.tsx
  interrupted: null, // listen.tsx
  alone: "alone",
  away: "seconds_left",
  dry: "lost_line",
  full: "full_wait",
  restarting: "restarting",
  reconnecting: null, // line.tsx
  no_tour: "err_ready",
  no_track: "err_track",
  bad_track: "err_file",
  decoder: "err_decoder",
  worker: "err_worker",
  slow: "err_slow",
  no_storage: "err_storage",
};
const NOTES: readonly Kind[] = ["alone", "restarting", "full", "worker", "no_storage"];

export function Trouble({ session, texts }: Props): JSX.Element | null {
  const kind = session.trouble.value;
  const key = kind && SENTENCES[kind];
  if (!kind || !key) return null;
  const held = session.heard.value?.heldS ?? 0;
  if (kind === "away" && held > 0) return <Countdown texts={texts} seconds={held} />;
  const note = NOTES.includes(kind);
  return (
    <p class={note ? "note" : "notice"} role={note ? "status" : "alert"}>
      {texts[kind === "away" ? "lost_line" : key]}
    </p>
  );
}

/** Said aloud once, then every ten seconds; seen every second. */
function Countdown({ texts, seconds }: Pick<Props, "texts"> & { seconds: number }): JSX.Element {
  const say = (n: number): string => count(texts.seconds_left, pageLang.value, n);
  return (
    <>
      <p class="notice" aria-hidden="true">
        {say(seconds)}
      </p>
      <p class="unseen" role="alert">
        {say(seconds < 10 ? seconds : Math.floor(seconds / 10) * 10)}
      </p>
    </>
  );
}
