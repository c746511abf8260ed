// SPDX-License-Identifier: Apache-2.0
// One cue in the editor: its place in the order, and behind "Details" what it does.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { clockText } from "../../common/format";
import { addPicture } from "../api";
import type { DraftCue, End, Track } from "./api";
import type { Problem } from "./draft";
import type { Preview } from "./preview";
import { Wave } from "./wave";

export const END_WORDS: Record<End, string> = {
  next: "go on with the next cue",
  loop: "repeat this cue",
  stop: "stop: the tour is over",
  wait: "wait for the guide at the next cue",
};

interface Props {
  cue: DraftCue;
  index: number;
  count: number;
  name: string;
  track: Track | undefined;
  problems: Problem[];
  preview: Preview;
  held: boolean; // picked up by the keyboard or the pointer
  edits: boolean;
  change: (what: string, cue: DraftCue) => void;
  remove: () => void;
  grip: JSX.Element;
}

export function CueRow({ cue, index, count, name, track, problems, preview, held, edits, change, remove, grip }: Props): JSX.Element {
  const [open, setOpen] = useState(false);
  const dur_us = track?.dur_us ?? 0;
  const now = preview.now.value;
  const here = now?.cue === cue.id ? now : null;
  return (
    <li class={`cue-row card${held ? " held" : ""}${here ? " running" : ""}`} data-cue={cue.id}>
      <div class="cue-top">
        {edits && grip}
        <div class="names">
          <h3>
            {index + 1}. {name}
          </h3>
          <p class="hint">
            {clockText(dur_us)}, then {END_WORDS[cue.on_end]}
            {cue.gap_us > 0 && (cue.on_end === "next" || cue.on_end === "loop") && ` after ${seconds(cue.gap_us)} of silence`}
          </p>
        </div>
        {here ? (
          <button onClick={() => preview.stop()}>
            Stop<span class="unseen"> {name}</span>
          </button>
        ) : (
          <button disabled={!track?.variants.length} onClick={() => preview.from(cue)}>
            Hear from here<span class="unseen">: {name}</span>
          </button>
        )}
        <button class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Less" : "Details"}
          <span class="unseen"> of {name}</span>
        </button>
      </div>
      {here?.state === "gap" && <p class="hint">Silence{"…"}</p>}
      {here?.state === "waits" && (
        <p>
          Here the group waits for its guide. <button onClick={() => preview.goOn()}>Go on</button>
        </p>
      )}
      {problems.map((p) => (
        <p key={p.text} class={p.blocks ? "notice" : "hint"}>
          {p.text}
        </p>
      ))}
      {open && (
        <div class="cue-more">
          {dur_us > 0 && <Wave cue={cue} dur_us={dur_us} peaks={preview.variant(cue)?.peaks} preview={preview} name={name} />}
          <fieldset disabled={!edits}>
            <legend class="unseen">{name}</legend>
            <label>
              At the end
              <select value={cue.on_end} onChange={(e) => change(`${name}: at its end ${e.currentTarget.value}`, { ...cue, on_end: e.currentTarget.value as End })}>
                {(Object.keys(END_WORDS) as End[]).map((end) => (
                  <option key={end} value={end}>
                    {END_WORDS[end]}
                  </option>
                ))}
              </select>
            </label>
            <Span label="Silence behind it, seconds" us={cue.gap_us} max={600} set={(gap_us) => change(`${name}: silence of ${seconds(gap_us)}`, { ...cue, gap_us })} />
            <Span label="Fade in, seconds" us={cue.fade_in_us} max={30} set={(fade_in_us) => change(`${name}: fade in of ${seconds(fade_in_us)}`, { ...cue, fade_in_us })} />
            <Span label="Fade out, seconds" us={cue.fade_out_us} max={30} set={(fade_out_us) => change(`${name}: fade out of ${seconds(fade_out_us)}`, { ...cue, fade_out_us })} />
            <Picture cue={cue} name={name} change={change} />
            <button type="button" class="quiet" disabled={!edits || count === 0} onClick={remove}>
              Take out of the tour<span class="unseen">: {name}</span>
            </button>
          </fieldset>
        </div>
      )}
    </li>
  );
}

export const seconds = (us: number): string => `${Number((us / 1e6).toFixed(1))} s`;

function Span({ label, us, max, set }: { label: string; us: number; max: number; set: (us: number) => void }): JSX.Element {
  const take = (text: string): void => {
    const n = Number(text.replace(",", "."));
    if (Number.isFinite(n) && n >= 0 && n <= max) set(Math.round(n * 10) * 100_000);
  };
  return (
    <label>
      {label}
      <input type="number" min={0} max={max} step={0.1} value={us / 1e6} onChange={(e) => take(e.currentTarget.value)} />
    </label>
  );
}

function Picture({ cue, name, change }: Pick<Props, "cue" | "name" | "change">): JSX.Element {
  const [note, setNote] = useState("");
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setNote("One moment…");
    try {
      change(`${name}: another picture`, { ...cue, picture: await addPicture(file) });
      setNote("");
    } catch (e) {
      setNote(e instanceof Error ? e.message : String(e));
    }
  };
  const bare = (): void => {
    const rest = { ...cue };
    delete rest.picture;
    change(`${name}: no picture`, rest);
  };
  return (
    <div class="cue-picture">
      {cue.picture && <img src={`/content/${cue.picture}`} alt={`Picture of ${name}`} />}
      <label>
        Picture (at most 512 KB)
        <input type="file" accept=".svg,.png,.webp,.jpg,.jpeg" onChange={(e) => void take(e.currentTarget.files?.[0])} />
      </label>
      {cue.picture && (
        <button type="button" class="quiet" onClick={bare}>
          No picture<span class="unseen"> for {name}</span>
        </button>
      )}
      <p class="hint" role="status">
        {note}
      </p>
    </div>
  );
}
