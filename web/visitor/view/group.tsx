// SPDX-License-Identifier: Apache-2.0
// The group: what plays, and below it everything one can do.
import type { JSX } from "preact";
import { clockText } from "../../common/format";
import { type Key, fill } from "../../common/i18n";
import { titleIn } from "../../common/tour";
import type { Mode } from "../../common/wire";
import { AloneStops } from "./alone";
import { Captions } from "./captions";
import { Details } from "./details";
import { Languages } from "./languages";
import { Listening, ListenButton } from "./listen";
import type { Props } from "./props";
import { Trouble } from "./trouble";

const MODES: Record<Mode, Key> = {
  void: "state_void",
  ready: "state_ready",
  running: "state_running",
  held: "state_held",
  ended: "state_ended",
};

export function GroupScreen({ session, texts }: Props): JSX.Element {
  const tour = session.tour.value;
  const cue = session.cue.value;
  const part = session.part.value;
  const title = cue ? titleIn(cue.title, session.lang.value) : tour ? titleIn(tour.title, session.lang.value) : "";
  const listening = session.sound.value !== "off";
  const mode = part ? texts[MODES[part.mode]] : "";
  return (
    <div class={listening ? "group listening" : "group"}>
      <header>
        <p class="group-name">{session.groupName.value}</p>
        <LineDot session={session} texts={texts} />
      </header>
      <section class="now">
        <p class="count">
          {cue && part ? fill(texts.stop_of, { n: part.cue + 1, total: tour?.cues.length ?? 0 }) : ""}
        </p>
        <h1>{title || session.groupName.value}</h1>
        <p class="mode" role="status" aria-live="polite">
          {mode}
        </p>
        {part && part.dur > 0 && <Progress position={part.position} dur={part.dur} label={texts.progress} />}
      </section>
      <Trouble session={session} texts={texts} />
      {listening ? <Listening session={session} texts={texts} /> : <ListenButton session={session} texts={texts} />}
      <AloneStops session={session} texts={texts} />
      <Languages session={session} texts={texts} />
      {session.captionsOn.value && <Captions session={session} texts={texts} />}
      {listening && <Details session={session} texts={texts} />}
      <button class="quiet" onClick={() => session.leave()}>
        {texts.leave}
      </button>
    </div>
  );
}

function LineDot({ session, texts }: Props): JSX.Element | null {
  if (session.line.value === "joined") return null;
  return (
    <p class="dot-line">
      <span class="dot" aria-hidden="true" />
      {texts.reconnecting}
    </p>
  );
}

function Progress({ position, dur, label }: { position: number; dur: number; label: string }): JSX.Element {
  const text = `${clockText(position)} / ${clockText(dur)}`;
  return (
    <div class="progress">
      <div
        class="bar"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.round(dur / 1e6)}
        aria-valuenow={Math.round(position / 1e6)}
        aria-valuetext={text}
      >
        <div class="bar-fill" style={{ transform: `scaleX(${Math.min(1, position / dur)})` }} />
      </div>
      <p class="times">
        <span>{clockText(position)}</span>
        <span>{clockText(dur)}</span>
      </p>
    </div>
  );
}
