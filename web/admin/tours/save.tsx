// SPDX-License-Identifier: Apache-2.0
// Before an edition is published: which groups have the tour, and what would happen there and when. And when somebody
// else was faster: both editions beside each other.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { ApiError } from "../api";
import type { Model } from "../model";
import * as api from "./api";
import { type Pair, pairs } from "./draft";
import { END_WORDS, seconds } from "./cue";

interface Props {
  model: Model;
  id: string;
  draft: api.Draft;
  on: string;
  house: () => number;
  name: (cue: string) => string;
  done: (hash: string) => Promise<void>;
  close: () => void;
  faster: () => void;
}

/** What has just opened is where one reads on. */
function useShown<T extends HTMLElement>(): { current: T | null } {
  const box = useRef<T>(null);
  useEffect(() => {
    box.current?.focus({ preventScroll: true });
    box.current?.scrollIntoView({ block: "center" });
  }, []);
  return box;
}

/** In how long, for people. */
function ahead(us: number): string {
  const s = Math.max(0, Math.round(us / 1e6));
  return s < 90 ? `in ${s} s` : `in ${Math.round(s / 60)} min`;
}

export function effectWords(g: api.Touched, house: number, name: (cue: string) => string): string {
  switch (g.when) {
    case "now":
      return "does not play. It can have the new edition at once, in the place where it stands.";
    case "cue_end": {
      const then = g.is === g.will ? "What follows stays the same" : g.will === null ? "Nothing follows then" : `Then it goes on with ${name(g.will)}`;
      return `plays ${name(g.cueId)}, which is over ${ahead(g.at - house)} and stays as it is. ${then}${g.is !== g.will && g.is !== null ? ` instead of ${name(g.is)}` : ""}.`;
    }
    case "later":
      return "is about to change cues. In a moment it can take the new edition over.";
    case "stop":
      return "stands on a cue that is gone or sounds otherwise now. It keeps the old edition until somebody stops it and loads the tour.";
    default:
      return "has this edition.";
  }
}

export function Save({ model, id, draft, on, house, name, done, close, faster }: Props): JSX.Element {
  const box = useShown<HTMLElement>();
  const [groups, setGroups] = useState<api.Touched[] | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  // Asked again when one of them moves on.
  const moves = (model.groups.value ?? []).filter((g) => g.tour === id).map((g) => `${g.id} ${g.state.epoch}.${g.state.rev}`).join();
  useEffect(() => {
    let here = true;
    void model.attempt(async () => {
      const found = (await api.effect(id, draft)).filter((g) => g.when !== "none");
      if (here) setGroups(found);
    }).then((why) => here && setNote(why));
    return () => void (here = false);
  }, [draft, moves]);
  void model.turn.value; // what is left of a cue counts down
  const choose = (group: string, yes: boolean): void => {
    const next = new Set(chosen);
    if (yes) next.add(group);
    else next.delete(group);
    setChosen(next);
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    const why = await model.attempt(async () => {
      try {
        const hash = await api.publish(id, draft, on);
        const failed: string[] = [];
        for (const g of groups ?? [])
          if (chosen.has(g.id)) await api.takeOver(g.id, id).catch(() => failed.push(g.name));
        await done(hash);
        if (failed.length > 0) throw new Error(`Saved, but ${failed.join(", ")} could not take it over just now.`);
      } catch (e) {
        if (!(e instanceof ApiError) || e.code !== "precondition_failed") throw e;
        faster();
      }
    });
    setNote(why);
    setBusy(false);
  };
  return (
    <section ref={box} tabIndex={-1} class="save card" aria-labelledby="save">
      <h3 id="save">What this changes</h3>
      {groups === null && note === "" && <p class="hint">Asking the box{"…"}</p>}
      {groups?.length === 0 && <p>No group has this tour loaded in an older edition. Groups get the new one when they load the tour.</p>}
      {groups && groups.length > 0 && (
        <>
          <p>Each group keeps the edition that it has, unless you say otherwise here.</p>
          <ul>
            {groups.map((g) => (
              <li key={g.id}>
                <p>
                  <strong>{g.name}</strong> {effectWords(g, house(), name)}
                </p>
                {(g.when === "now" || g.when === "cue_end") && (
                  <label class="tick">
                    <input type="checkbox" checked={chosen.has(g.id)} onChange={(e) => choose(g.id, e.currentTarget.checked)} />
                    {g.when === "now" ? "Give it the new edition now" : "Let it go on with the new edition at the end of this cue"}
                    <span class="unseen"> ({g.name})</span>
                  </label>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="notice" role="alert">
        {note}
      </p>
      <div class="row">
        <button class="primary" disabled={busy || groups === null} onClick={() => void save()}>
          {chosen.size > 0 ? `Save, and change ${chosen.size === 1 ? "1 group" : `${chosen.size} groups`}` : "Save"}
        </button>
        <button onClick={close}>Not now</button>
      </div>
    </section>
  );
}

interface ConflictProps {
  ours: api.Draft;
  theirs: api.Shown;
  name: (track: string) => string;
  take: () => void;
  keep: () => void;
}

export function Conflict({ ours, theirs, name, take, keep }: ConflictProps): JSX.Element {
  const box = useShown<HTMLElement>();
  const cell = (p: Pair, which: "ours" | "theirs"): JSX.Element => {
    const cue = p[which];
    const cues = which === "ours" ? ours.cues : theirs.tour.cues;
    if (!cue) return <td class="missing">not there</td>;
    return (
      <td>
        {cues.findIndex((c) => c.id === p.id) + 1}. {name(cue.track)}, then {END_WORDS[cue.on_end]}
        {cue.gap_us > 0 && `, ${seconds(cue.gap_us)} of silence`}
        {cue.fade_in_us > 0 && `, fades in over ${seconds(cue.fade_in_us)}`}
        {cue.fade_out_us > 0 && `, fades out over ${seconds(cue.fade_out_us)}`}
      </td>
    );
  };
  return (
    <section ref={box} tabIndex={-1} class="conflict card" role="alert" aria-labelledby="conflict">
      <h3 id="conflict">Somebody else has saved this tour meanwhile</h3>
      <p>Nothing of yours is lost, and nothing of theirs is overwritten yet. What is different is marked.</p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Both editions">
        <table class="both">
          <thead>
            <tr>
              <th scope="col">Yours, not saved</th>
              <th scope="col">Theirs, version {theirs.version}</th>
            </tr>
          </thead>
          <tbody>
            {pairs(ours, theirs.tour).map((p) => (
              <tr key={p.id} class={p.differs ? "differs" : ""}>
                {cell(p, "ours")}
                {cell(p, "theirs")}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="row">
        <button class="primary" onClick={keep}>
          Go on with yours
        </button>
        <button onClick={take}>Take theirs (Undo brings yours back)</button>
      </div>
    </section>
  );
}
