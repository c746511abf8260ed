// SPDX-License-Identifier: Apache-2.0
// One group: what it plays, where it stands, how to move it, who listens. Small until it is opened.
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { clockText, codeText } from "../../common/format";
import { titleIn } from "../../common/tour";
import type { Op } from "../../common/wire";
import type { Group } from "../../common/wire_staff";
import { may } from "../sections";
import { Members } from "./members";
import { PhonesSum } from "./phones";
import { type Model, type Moment, allowed } from "../model";
import { TourOptions } from "./now";

interface Props {
  model: Model;
  group: Group;
}

const STEP_US = 15e6;
const MODES = { void: "No tour", ready: "Ready", running: "Playing", held: "Paused", ended: "Ended" };

interface CardProps extends Props {
  whole: boolean; // from the beginning
  picked: boolean;
  pick?: (on: boolean) => void; // there are others to move together with
}

export function GroupCard({ model, group, whole, picked, pick }: CardProps): JSX.Element {
  const [asked, setAsked] = useState<boolean | null>(null);
  const open = asked ?? whole;
  const moment = model.moment(group);
  const tour = model.document(group);
  const cue = tour?.cues[moment.cue];
  const lang = navigator.language.toLowerCase();
  const note = model.notes.value.get(group.id);
  const sent = model.sent.value.get(group.id);
  return (
    <article class={`card ${moment.mode}`} aria-label={group.name}>
      <div class="top">
        {pick && (
          <label class="tick">
            <input type="checkbox" checked={picked} onChange={(e) => pick(e.currentTarget.checked)} />
            <span class="unseen">{group.name}: move with others</span>
          </label>
        )}
        <div class="names">
          <h2>{group.name}</h2>
          <p class="cue">
            {tour && moment.cue >= 0 ? `${moment.cue + 1} of ${tour.cues.length}: ` : ""}
            {cue ? titleIn(cue.title, lang) : group.tour ? "\u2026" : "No tour is loaded"}
          </p>
        </div>
        <p class="mode">
          <span class="dot" aria-hidden="true" />
          {MODES[moment.mode]}
        </p>
      </div>
      {open && may(model.me.value?.role, "guide") ? (
        <>
          <SeekBar model={model} group={group} moment={moment} />
          <Transport model={model} group={group} moment={moment} cues={tour?.cues.length ?? 0} />
        </>
      ) : (
        <Glance model={model} group={group} moment={moment} />
      )}
      <p class={open ? "word" : "word small"} role="status">
        {sent ? `Sent: ${sent}\u2026` : moment.pending ? "Change is coming\u2026" : ""}
        {note && <span class={note.bad ? "notice" : ""}>{note.text}</span>}
      </p>
      <div class="facts">
        <p class="join">
          <span>Join code</span> <strong>{codeText(group.code)}</strong>
        </p>
        <p>
          <span>Listeners</span> <strong>{group.visitors}</strong>
        </p>
        <p>
          <span>Kiosks</span> <strong>{group.kiosks}</strong>
        </p>
        <p class="lead">
          <span>Lead</span> <strong>{group.lead_us > 0 ? `${Math.round(group.lead_us / 1000)} ms` : "\u2013"}</strong>
        </p>
      </div>
      {!whole && (
        <button class="quiet more" aria-expanded={open} onClick={() => setAsked(!open)}>
          {open ? "Less" : "More"}
          <span class="unseen"> of {group.name}</span>
        </button>
      )}
      {group.phones && <PhonesSum phones={group.phones} />}
      {open && (
        <>
          <Members group={group} />
          <Join model={model} group={group} />
          {may(model.me.value?.role, "guide") && <LoadTour model={model} group={group} moment={moment} />}
        </>
      )}
    </article>
  );
}

/** Where it stands, and the one thing most often done to it. */
function Glance({ model, group, moment }: Props & { moment: Moment }): JSX.Element {
  const running = moment.mode === "running";
  const op: Op = running ? "pause" : "play";
  return (
    <div class="glance">
      <progress max={Math.max(1, moment.dur)} value={Math.min(moment.position, moment.dur)} aria-label="Position" />
      <span class="times">
        {clockText(moment.position)} / {clockText(moment.dur)}
      </span>
      {may(model.me.value?.role, "guide") && (
        <button disabled={!allowed(op, moment, 0)} onClick={() => model.send(group.id, op)}>
          {running ? "Pause" : "Play"}
        </button>
      )}
    </div>
  );
}

function SeekBar({ model, group, moment }: Props & { moment: Moment }): JSX.Element {
  const [drag, setDrag] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const can = allowed("seek", moment, 0) && moment.dur > 0;
  const position = drag ?? moment.position;
  const commit = (value: number): void => {
    clearTimeout(timer.current);
    // A held arrow key is one wish, not thirty.
    timer.current = setTimeout(() => {
      model.send(group.id, "seek", { position: Math.round(value) });
      setDrag(null);
    }, 200);
  };
  return (
    <div class="seek">
      <input
        type="range"
        min={0}
        max={Math.max(1, moment.dur)}
        step={1e6}
        value={position}
        disabled={!can}
        aria-label="Position"
        aria-valuetext={`${clockText(position)} of ${clockText(moment.dur)}`}
        onInput={(e) => setDrag(Number(e.currentTarget.value))}
        onChange={(e) => commit(Number(e.currentTarget.value))}
      />
      <p class="times">
        <span>{clockText(position)}</span>
        <span>{clockText(moment.dur)}</span>
      </p>
    </div>
  );
}

function Transport({ model, group, moment, cues }: Props & { moment: Moment; cues: number }): JSX.Element {
  const sent = model.sent.value.get(group.id);
  const button = (op: Op, label: string, face: string, kind = ""): JSX.Element => (
    <button
      class={kind}
      title={label}
      aria-busy={sent === op}
      disabled={!allowed(op, moment, cues)}
      onClick={() => model.send(group.id, op)}
    >
      {face}
    </button>
  );
  const step = (by: number, label: string, face: string): JSX.Element => (
    <button
      title={label}
      disabled={!allowed("seek", moment, cues) || moment.dur === 0}
      onClick={() =>
        model.send(group.id, "seek", {
          position: Math.round(Math.max(0, Math.min(moment.dur, moment.position + by))),
        })
      }
    >
      {face}
    </button>
  );
  return (
    <div class="transport" role="group" aria-label="Transport">
      {button("prev", "Previous cue", "Prev")}
      {step(-STEP_US, "Back 15 seconds", "\u221215 s")}
      {moment.mode === "running"
        ? button("pause", "Pause", "Pause", "primary")
        : button("play", "Play", "Play", "primary")}
      {step(STEP_US, "Forward 15 seconds", "+15 s")}
      {button("next", "Next cue", "Next")}
      {button("stop", "Stop and go to the first cue", "Stop")}
    </div>
  );
}

function Join({ model, group }: Props): JSX.Element {
  const [open, setOpen] = useState(false);
  const link = model.links.value.get(group.id) ?? group.link;
  const address = link ? new URL(link, location.href).href : "";
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>QR code and link</summary>
      {open && (
        <div class="qr">
          <img
            src={`/api/v1/groups/${group.id}/qr.svg`}
            width="220"
            height="220"
            alt={`QR code to join ${group.name}`}
          />
          {address && <a href={address}>{address}</a>}
        </div>
      )}
    </details>
  );
}

function LoadTour({ model, group, moment }: Props & { moment: Moment }): JSX.Element {
  const can = allowed("load", moment, 0);
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const tour = new FormData(e.currentTarget).get("tour");
    if (tour) model.send(group.id, "load", { tour: String(tour), cue: 0 });
  };
  return (
    <details>
      <summary>Load a tour</summary>
      <form class="load" onSubmit={submit}>
        <select name="tour" aria-label="Tour" required>
          <TourOptions model={model} />
        </select>
        <button disabled={!can || model.tours.value.length === 0}>Load</button>
        {!can && <p class="hint">Pause or stop the group first.</p>}
        {model.tours.value.length === 0 && <p class="hint">This box has no tours yet.</p>}
      </form>
    </details>
  );
}
