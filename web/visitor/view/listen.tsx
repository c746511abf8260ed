// SPDX-License-Identifier: Apache-2.0
// The one large button; afterwards the volume, and the calm line that says how well it goes.
import type { JSX } from "preact";
import { fill } from "../../common/i18n";
import type { Props } from "./props";
import { openScreen, trimming } from "./screen";
import { Volume } from "./volume";

export function ListenButton({ session, texts }: Props): JSX.Element {
  return (
    <div class="listen">
      <button class="primary huge" onClick={() => session.listen()}>
        <Headphones />
        {texts.listen}
      </button>
      <p class="hint">{texts.listen_hint}</p>
    </div>
  );
}

function Headphones(): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" width="40" height="40" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round">
      <path d="M4 14v-2a8 8 0 0 1 16 0v2" />
      <rect x="3" y="14" width="4.5" height="6.5" rx="1.8" />
      <rect x="16.5" y="14" width="4.5" height="6.5" rx="1.8" />
    </svg>
  );
}

/** iOS 15 and 16 take the sound when the screen is locked. */
const STOPS_LOCKED = /OS 1[56]_/;

export function Listening(props: Props): JSX.Element {
  const { session, texts } = props;
  const sound = session.sound.value;
  if (sound === "blocked" || sound === "interrupted")
    return (
      <div class="listen">
        <button class="primary huge" onClick={() => session.listen()}>
          {texts.blocked}
        </button>
        <p class="hint">{texts[sound === "blocked" ? "blocked_hint" : "interrupted"]}</p>
      </div>
    );
  return (
    <section class="controls">
      <StepLine {...props} />
      <Volume {...props} />
      {sound === "on" && (
        <button class="square" onClick={() => openScreen(trimming)}>
          {texts.trim_open}
        </button>
      )}
      {STOPS_LOCKED.test(navigator.userAgent) ? null : <p class="hint">{texts.lock_hint}</p>}
    </section>
  );
}

/** One calm fact. A phone is in step when nobody beside it could hear otherwise. */
const IN_STEP_US = 25_000;

function StepLine({ session, texts }: Props): JSX.Element {
  const heard = session.heard.value;
  const error = heard?.errorUs;
  const known = session.house.value !== null;
  let text = texts.in_step;
  if (session.sound.value === "starting" || !heard || heard.playing === "fetching") text = texts.starting;
  else if (!known) text = texts.not_yet;
  else if (error !== undefined && Math.abs(error) > IN_STEP_US)
    text = fill(texts.out_of_step, { ms: Math.round(error / 1000) });
  const good = text === texts.in_step;
  return (
    <p class={good ? "step good" : "step"}>
      <span class="dot" aria-hidden="true" />
      {text}
    </p>
  );
}
