// SPDX-License-Identifier: Apache-2.0
// The group: what plays, and below it everything one can do.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { bring } from "../../common/bring";
import { clockText } from "../../common/format";
import { type Key, fill } from "../../common/i18n";
import { titleIn } from "../../common/tour";
import type { Mode } from "../../common/wire";
import { PinDoor, SignsDoor } from "../guide/door";
import { AloneStops } from "./alone";
import { later } from "./later";
import { Languages } from "./languages";
import { Listening, ListenButton } from "./listen";
import type { Props } from "./props";
import { Trouble } from "./trouble";

const Captions = later(() => bring(() => import("./reading")).then((m) => m.Captions));
const Details = later(() => bring(() => import("./details")).then((m) => m.Details));

/** What is wanted later, for the case that the line is down then. */
export function bringParts(): void {
  Captions.bring();
  Details.bring();
}

const MODES: Record<Mode, Key> = {
  void: "state_void",
  ready: "state_ready",
  running: "state_running",
  held: "state_held",
  ended: "state_ended",
};

export function GroupScreen(props: Props): JSX.Element {
  const { session, texts } = props;
  const listening = session.sound.value !== "off";
  return (
    <div class={listening ? "group listening" : "group"}>
      <Who {...props} />
      <Picture name={session.cue.value?.picture} />
      <Now {...props} />
      <Trouble {...props} />
      {listening ? <Listening {...props} /> : <ListenButton {...props} />}
      <AloneStops {...props} />
      <SignsDoor {...props} />
      <Languages {...props} />
      {session.captionsOn.value && <Captions {...props} />}
      {listening && <Details {...props} />}
      <PinDoor {...props} />
      <button class="quiet" onClick={() => session.leave()}>
        {texts.leave}
      </button>
    </div>
  );
}

function Who({ session, texts }: Props): JSX.Element {
  const guide = session.state.value?.guide_name;
  return (
    <p class="who">
      <span class="group-name">{session.groupName.value}</span>
      {guide && <span>{fill(texts.led_by, { name: guide })}</span>}
    </p>
  );
}

/** It adds nothing that is not said: one that does not come is not missed. */
function Picture({ name }: { name: string | undefined }): JSX.Element | null {
  const [failed, setFailed] = useState("");
  if (!name || name === failed) return null;
  return <img class="picture" src={`/content/${name}`} alt="" decoding="async" onError={() => setFailed(name)} />;
}

function Now({ session, texts }: Props): JSX.Element {
  const tour = session.tour.value;
  const cue = session.cue.value;
  const part = session.part.value;
  const titles = cue?.title ?? tour?.title;
  const lang = session.lang.value;
  return (
    <section class="now">
      <p class="count">{cue && part ? fill(texts.stop_of, { n: part.cue + 1, total: tour?.cues.length ?? 0 }) : ""}</p>
      <h1>
        <bdi>{(titles && titleIn(titles, lang)) || session.groupName.value}</bdi>
      </h1>
      <p class="mode" role="status" aria-live="polite">
        {part ? texts[MODES[part.mode]] : ""}
      </p>
      {part && part.dur > 0 && <Progress position={part.position} dur={part.dur} label={texts.progress} />}
    </section>
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
      <p class="times" aria-hidden="true">
        <span>{clockText(position)}</span>
        <span>{clockText(dur)}</span>
      </p>
    </div>
  );
}
