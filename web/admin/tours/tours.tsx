// SPDX-License-Identifier: Apache-2.0
// The section "Tours": all of them, new ones, deleted ones; `#tours/ID` is the editor.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { titleIn } from "../../common/tour";
import type { Props } from "../later";
import { address, may, place } from "../sections";
import { Undone, undoable } from "../undo";
import * as api from "./api";
import { Editor } from "./editor";

export function Tours({ model }: Props): JSX.Element {
  const [, id] = place.value;
  return id ? <Editor key={id} model={model} id={id} /> : <List model={model} />;
}

const mine = (): string => navigator.language.toLowerCase();

function List({ model }: Props): JSX.Element {
  const [gone, setGone] = useState<Awaited<ReturnType<typeof api.deleted>>>([]);
  const [note, setNote] = useState("");
  const edits = may(model.me.value?.role, "curator");
  const look = async (): Promise<void> => {
    await model.refresh();
    setGone(await api.deleted());
  };
  const attempt = async (what: () => Promise<void>): Promise<void> => setNote(await model.attempt(what));
  useEffect(() => void attempt(look), []);
  const back = (id: string, version: number): Promise<void> =>
    attempt(async () => {
      await api.restore(id, version);
      await look();
    });
  const remove = (id: string, title: string): Promise<void> =>
    attempt(async () => {
      const { version } = await api.show(id);
      await api.remove(id);
      await look();
      undoable(`${title} is deleted.`, () => back(id, version));
    });
  const users = (id: string): string[] => (model.groups.value ?? []).filter((g) => g.tour === id).map((g) => g.name);
  return (
    <>
      <Undone />
      <h2>Tours</h2>
      {model.tours.value.length === 0 && <p class="empty">No tours yet. Make the first one below.</p>}
      <ul class="tour-list">
        {model.tours.value.map((t) => {
          const title = titleIn(t.title, mine()) || t.id;
          const groups = users(t.id);
          return (
            <li key={t.id} class="card">
              <a class="tour-name" href={address("tours", t.id)}>
                {title}
              </a>
              <p class="hint">
                {t.cues} {t.cues === 1 ? "cue" : "cues"}
                {groups.length > 0 && `; loaded in ${groups.slice(0, 3).join(", ")}${groups.length > 3 ? ` and ${groups.length - 3} more` : ""}`}
              </p>
              {edits && groups.length === 0 && (
                <button class="quiet" onClick={() => void remove(t.id, title)}>
                  Delete<span class="unseen"> {title}</span>
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <p class="notice" role="alert">
        {note}
      </p>
      {edits && <NewTour model={model} />}
      {edits && gone.length > 0 && (
        <details class="gone">
          <summary>Deleted tours</summary>
          <ul>
            {gone.map((t) => (
              <li key={t.id}>
                {titleIn(t.title, mine()) || t.id}{" "}
                <button onClick={() => void back(t.id, t.version)}>
                  Bring back<span class="unseen"> {titleIn(t.title, mine()) || t.id}</span>
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function NewTour({ model }: Props): JSX.Element {
  const [note, setNote] = useState("");
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const name = String(new FormData(e.currentTarget).get("name")).trim();
    const id = name.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40) || "tour";
    if (model.tours.value.some((t) => t.id === id)) return setNote("There is a tour of this name. Open it, or choose another.");
    location.hash = `${address("tours", id)}/${encodeURIComponent(name)}`;
  };
  return (
    <form class="new" onSubmit={submit}>
      <h2>New tour</h2>
      <label>
        Title
        <input name="name" required maxLength={60} autoComplete="off" placeholder="The weavers" />
      </label>
      <button>Begin</button>
      <p class="notice" role="alert">
        {note}
      </p>
    </form>
  );
}
