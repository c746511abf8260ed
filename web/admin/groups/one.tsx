// SPDX-License-Identifier: Apache-2.0
// One group: what it is called, how people join it, what it does by itself, what happened to it.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { codeText } from "../../common/format";
import { ApiError, MEANWHILE } from "../api";
import type { Model } from "../model";
import { address, may } from "../sections";
import { Undone, undoable } from "../undo";
import * as api from "./api";
import { History } from "./history";
import { PlanEditor } from "./plan";

interface Props {
  model: Model;
  id: string;
}
/** Does something to the group; "" when it went well, and then shows it anew. */
export type Do = (what: () => Promise<unknown>) => Promise<string>;

export function Group({ model, id }: Props): JSX.Element {
  const [group, setGroup] = useState<api.GroupShown | null>(null);
  const [note, setNote] = useState("");
  const look = async (): Promise<void> => setGroup(await api.show(id));
  useEffect(() => void model.attempt(look).then(setNote), [id]);
  const act: Do = async (what) => {
    const why = await model.attempt(async () => {
      await what();
      await look();
    });
    setNote(why);
    return why;
  };
  if (!group) return <p class={note ? "notice" : "empty"}>{note || "One moment…"}</p>;
  const edits = may(model.me.value?.role, "curator");
  /** An edit on top of what is shown, with its way back. */
  const change = (words: string, what: api.Change, back: api.Change): Promise<string> =>
    act(async () => {
      try {
        await api.change(id, what, group.tag);
      } catch (e) {
        if (e instanceof ApiError && e.code === "precondition_failed") {
          await look();
          throw new Error(MEANWHILE);
        }
        throw e;
      }
      undoable(words, () => act(() => api.change(id, back)));
    });
  return (
    <div class="one-group">
      <p>
        <a href={address("groups")}>All groups</a>
      </p>
      <Undone />
      <p class="notice" role="alert">
        {note}
      </p>
      <Head model={model} group={group} edits={edits} change={change} />
      <Joining group={group} edits={edits} act={act} />
      <PlanEditor key={group.tag} model={model} group={group} edits={edits} change={change} />
      {edits && <More model={model} group={group} act={act} />}
      <History model={model} group={group} edits={edits} act={act} />
    </div>
  );
}

type Change = (words: string, what: api.Change, back: api.Change) => Promise<string>;

function Head({ model, group, edits, change }: { model: Model; group: api.GroupShown; edits: boolean; change: Change }): JSX.Element {
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const name = String(new FormData(e.currentTarget).get("name")).trim();
    if (name !== "" && name !== group.name) void change(`Renamed to ${name}.`, { name }, { name: group.name });
  };
  const live = model.groups.value?.find((g) => g.id === group.id);
  const moment = live && model.moment(live);
  return (
    <>
      <h2>{group.name}</h2>
      <p class="hint">
        {group.tour === "" ? "No tour is loaded. " : <>Tour: <a href={address("tours", group.tour)}>{group.tour}</a>. </>}
        {moment && { void: "", ready: "Ready. ", running: "Plays now. ", held: "Paused. ", ended: "At its end. " }[moment.mode]}
        <a href={address("now")}>Move it on the page Now</a>
      </p>
      {edits && (
        <form class="new rename" onSubmit={submit}>
          <label>
            Name
            <input name="name" key={group.name} defaultValue={group.name} maxLength={60} required autoComplete="off" />
          </label>
          <button>Rename</button>
        </form>
      )}
    </>
  );
}

function Joining({ group, edits, act }: { group: api.GroupShown; edits: boolean; act: Do }): JSX.Element {
  const [said, setSaid] = useState("");
  const full = (path: string): string => new URL(path, location.href).href;
  const setPin = async (pin: string): Promise<void> => {
    const why = await act(() => api.setPin(group.id, pin));
    if (why === "") setSaid(pin === "" ? "There is no PIN any more." : "The PIN is set. It is not shown again.");
  };
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const form = e.currentTarget;
    void setPin(String(new FormData(form).get("pin"))).then(() => form.reset());
  };
  return (
    <section class="joining" aria-labelledby="joining">
      <h2 id="joining">Joining</h2>
      <div class="row">
        <img src={`/api/v1/groups/${group.id}/qr.svg`} width="160" height="160" alt={`QR code to join ${group.name}`} />
        <div>
          <p>
            Code <strong class="code-big">{codeText(group.code)}</strong>
          </p>
          <p>
            For visitors: <a href={group.link}>{full(group.link)}</a>
          </p>
          {group.guideLink !== "" && (
            <p>
              For guides, who may lead the group: <a href={group.guideLink}>{full(group.guideLink)}</a>
            </p>
          )}
        </div>
      </div>
      {edits && (
        <form class="new" onSubmit={submit}>
          <label>
            PIN that makes a visitor a guide (6 to 12 digits)
            <input name="pin" inputMode="numeric" pattern="[0-9]{6,12}" autoComplete="off" required />
          </label>
          <button>Set PIN</button>
          <button type="button" class="quiet" onClick={() => void setPin("")}>
            Take the PIN away
          </button>
          <p class="hint" role="status">
            {said}
          </p>
        </form>
      )}
    </section>
  );
}

function More({ model, group, act }: { model: Model; group: api.GroupShown; act: Do }): JSX.Element {
  const [sure, setSure] = useState(false);
  const live = model.groups.value?.find((g) => g.id === group.id);
  const copy = (): Promise<string> =>
    act(async () => {
      const made = await api.duplicate(group.id, `Rehearsal of ${group.name}`.slice(0, 60));
      undoable(`${made.name} is there, without a schedule.`, () => api.remove(made.id, true));
      location.hash = address("groups", made.id);
    });
  const remove = async (): Promise<void> => {
    const why = await model.attempt(async () => {
      await api.remove(group.id, true);
      undoable(`${group.name} is deleted.`, () => model.attempt(async () => void (await api.undelete(group.id))));
      location.hash = address("groups");
    });
    if (why !== "") await act(() => Promise.reject(new Error(why)));
  };
  return (
    <section aria-label="More">
      <div class="row">
        <button onClick={() => void copy()}>Duplicate for a rehearsal</button>
        {!sure && (
          <button class="quiet" onClick={() => setSure(true)}>
            Delete the group{"…"}
          </button>
        )}
      </div>
      {sure && (
        <div class="card sure" role="alertdialog" aria-label={`Delete ${group.name}?`}>
          <p>
            {live && live.visitors + live.kiosks > 0
              ? `${live.visitors} listeners and ${live.kiosks} kiosks are sent away at once. `
              : "Nobody is in it. "}
            Posters with its code lead nowhere from then on. For 30 days it can be brought back as it is: code, links, schedule and history.
          </p>
          <div class="row">
            <button class="primary" onClick={() => void remove()}>
              Delete {group.name}
            </button>
            <button onClick={() => setSure(false)}>Keep it</button>
          </div>
        </div>
      )}
    </section>
  );
}
