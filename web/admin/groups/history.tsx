// SPDX-License-Identifier: Apache-2.0
// What happened to a group: who, when, what. Going back shows first what it would do, and can itself be undone.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { type Tour, readTour, titleIn } from "../../common/tour";
import type { Model } from "../model";
import { undoable } from "../undo";
import { whenText } from "../tours/versions";
import * as api from "./api";
import type { Do } from "./one";
import { deedText, placeText, planText, takesEffect, whoText } from "./words";

interface Props {
  model: Model;
  group: api.GroupShown;
  edits: boolean;
  act: Do;
}

const documents = new Map<string, Tour | null>();
async function documentOf(hash: string | undefined): Promise<Tour | null> {
  if (!hash) return null;
  const had = documents.get(hash);
  if (had !== undefined) return had;
  const response = await fetch(`/content/${hash}.json`);
  const tour = response.ok ? readTour(await response.json()) : null;
  documents.set(hash, tour);
  return tour;
}

const keyOf = (e: api.Entry): string => `${e.epoch}.${e.rev}`;

export function History({ model, group, edits, act }: Props): JSX.Element {
  const [entries, setEntries] = useState<api.Entry[]>([]);
  const [more, setMore] = useState(false);
  const [chosen, setChosen] = useState(""); // which entry's question is open
  const [natural, setNatural] = useState(false);
  const [note, setNote] = useState("");
  const look = (before?: api.Entry): void =>
    void model.attempt(async () => {
      const found = await api.history(group.id, before);
      for (const hash of new Set(found.entries.map((e) => e.state.tour))) await documentOf(hash);
      setEntries(before ? [...entries, ...found.entries] : found.entries);
      setMore(found.more);
    }).then(setNote);
  // The room's number says that something happened.
  const live = model.groups.value?.find((g) => g.id === group.id)?.state;
  useEffect(() => look(), [group.id, live?.epoch, live?.rev]);
  const cueName = (e: api.Entry) => (i: number): string => {
    const cue = documents.get(e.state.tour ?? "")?.cues[i];
    return cue ? `“${titleIn(cue.title, navigator.language.toLowerCase())}”` : `cue ${i + 1}`;
  };
  const effect = (e: api.Entry): number => takesEffect(e, entries[entries.indexOf(e) - 1]);
  const pointOf = (e: api.Entry): api.Point => {
    const at = effect(e);
    return at > 0 ? { to_time: at } : { to: [e.epoch, e.rev] };
  };
  const back = async (e: api.Entry): Promise<void> => {
    const [newest] = entries;
    const today = newest && pointOf(newest);
    setChosen("");
    const why = await act(() => api.restore(group.id, pointOf(e)));
    if (why === "" && today) undoable(`The group is as it was on ${whenText(e.wall)}.`, () => act(() => api.restore(group.id, today)));
  };
  const shown = entries.filter((e) => natural || e.actor !== "room");
  return (
    <section class="history" aria-labelledby="history">
      <h2 id="history">What happened</h2>
      <label class="tick">
        <input type="checkbox" checked={natural} onChange={(e) => setNatural(e.currentTarget.checked)} />
        Also what happened by itself
      </label>
      <p class="notice" role="alert">
        {note}
      </p>
      <ol class="history-list">
        {shown.map((e) => (
          <li key={keyOf(e)}>
            <p>
              <span class="hint">{whenText(e.wall)}</span> <strong>{whoText(e.actor)}</strong>: {deedText(e, cueName(e))}
            </p>
            {chosen === keyOf(e) ? (
              <Back entry={e} group={group} place={placeText(e, effect(e), cueName(e))} running={(effect(e) > 0 ? e.state.next : e.state)?.mode === "running"} go={() => void back(e)} close={() => setChosen("")} />
            ) : (
              edits && (
                <button class="quiet" onClick={() => setChosen(keyOf(e))}>
                  Go back to here{"…"}
                  <span class="unseen"> ({whenText(e.wall)}, {deedText(e, cueName(e))})</span>
                </button>
              )
            )}
          </li>
        ))}
      </ol>
      {more && <button onClick={() => look(entries[entries.length - 1])}>Older</button>}
    </section>
  );
}

interface BackProps {
  entry: api.Entry;
  group: api.GroupShown;
  place: string;
  running: boolean;
  go: () => void;
  close: () => void;
}

function Back({ entry, group, place, running, go, close }: BackProps): JSX.Element {
  const other = entry.state.tour !== group.state.tour;
  return (
    <div class="card sure" role="alertdialog" aria-label="Go back to here?">
      <p>
        It was {place}, and will be again{running && ", but paused: nobody is surprised by sound"}.
        {other && entry.tour !== "" && ` The tour ${entry.tour} comes back in the edition of then.`}
      </p>
      <p>By itself, as then: {planText(entry.plan)}</p>
      <p class="hint">Its name, codes and links stay, and so do the people in it.</p>
      <div class="row">
        <button class="primary" onClick={go}>
          Go back
        </button>
        <button onClick={close}>Stay</button>
      </div>
    </div>
  );
}
