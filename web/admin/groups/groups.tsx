// SPDX-License-Identifier: Apache-2.0
// The section "Groups": all of them, a new one from a tour in one click, a school day, deleted ones; `#groups/ID` is one.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { codeText } from "../../common/format";
import { titleIn } from "../../common/tour";
import type { Props } from "../later";
import { TourOptions } from "../now/now";
import { address, may, place } from "../sections";
import { Undone, undoable } from "../undo";
import * as api from "./api";
import { Group } from "./one";

const MODES = { void: "no tour", ready: "ready", running: "plays", held: "paused", ended: "ended" };

export function Groups({ model }: Props): JSX.Element {
  const [, id] = place.value;
  return id ? <Group key={id} model={model} id={id} /> : <List model={model} />;
}

function List({ model }: Props): JSX.Element {
  const [note, setNote] = useState("");
  const [gone, setGone] = useState<{ id: string; name: string }[]>([]);
  const edits = may(model.me.value?.role, "curator");
  const attempt = async (what: () => Promise<void>): Promise<void> => setNote(await model.attempt(what));
  const look = (): Promise<void> => attempt(async () => setGone(await api.deleted()));
  // Class 9 before Class 10.
  const groups = [...(model.groups.value ?? [])].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  useEffect(() => void look(), [groups.length]);
  const lang = navigator.language.toLowerCase();
  return (
    <>
      <Undone />
      <h2>Groups</h2>
      {groups.length === 0 && <p class="empty">No groups yet. Make the first one from a tour below.</p>}
      {groups.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="All groups">
          <table class="group-table">
            <thead>
              <tr>
                <th scope="col">Group</th>
                <th scope="col">Tour</th>
                <th scope="col">Code</th>
                <th scope="col">Now</th>
                <th scope="col">Listeners</th>
              </tr>
            </thead>
            <tbody>
              {groups.map((g) => (
                <tr key={g.id}>
                  <th scope="row">
                    <a href={address("groups", g.id)}>{g.name}</a>
                  </th>
                  <td>{titleIn(model.tours.value.find((t) => t.id === g.tour)?.title ?? {}, lang) || (g.tour ?? "–")}</td>
                  <td>{codeText(g.code)}</td>
                  <td>{MODES[model.moment(g).mode]}</td>
                  <td>{g.visitors}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="notice" role="alert">
        {note}
      </p>
      {edits && <FromTour model={model} attempt={attempt} />}
      {edits && <SchoolDay model={model} attempt={attempt} />}
      {edits && gone.length > 0 && (
        <details class="gone">
          <summary>Deleted groups, kept for 30 days</summary>
          <ul>
            {gone.map((g) => (
              <li key={g.id}>
                {g.name}{" "}
                <button onClick={() => void attempt(async () => void (await api.undelete(g.id))).then(look)}>
                  Bring back<span class="unseen"> {g.name}</span>
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

type Attempt = (what: () => Promise<void>) => Promise<void>;

function FromTour({ model, attempt }: Props & { attempt: Attempt }): JSX.Element {
  const lang = navigator.language.toLowerCase();
  const make = (tour: string, title: string): Promise<void> =>
    attempt(async () => {
      const time = new Date().toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
      const made = await api.create(`${title}, ${time}`, tour);
      undoable(`${made.name} is there, with the code ${codeText(made.code)}.`, () => api.remove(made.id, true));
      location.hash = address("groups", made.id);
    });
  return (
    <section class="from-tour" aria-labelledby="from-tour">
      <h2 id="from-tour">New group</h2>
      <p class="hint">One press makes a group that has the tour loaded. It can be renamed at any time.</p>
      <div class="row">
        {model.tours.value.map((t) => {
          const title = titleIn(t.title, lang) || t.id;
          return (
            <button key={t.id} onClick={() => void make(t.id, title)}>
              Group for {title}
            </button>
          );
        })}
        {model.tours.value.length === 0 && <p class="hint">Make a tour first.</p>}
      </div>
    </section>
  );
}

const two = (n: number): string => String(n).padStart(2, "0");

/** The names and times that the form would make, as the box makes them (server/net/api_bulk.c). */
export function planned(pattern: string, count: number, first: string, everyMin: number): string[] {
  const [h = 0, m = 0] = first.split(":").map(Number);
  return Array.from({ length: count }, (_, i) => {
    const at = h * 60 + m + i * everyMin;
    return pattern.replaceAll("{n}", String(i + 1)).replaceAll("{time}", `${two(Math.floor(at / 60))}:${two(at % 60)}`);
  });
}

function SchoolDay({ model, attempt }: Props & { attempt: Attempt }): JSX.Element {
  const [form, setForm] = useState({ tour: "", name: "Class {n}, {time}", count: 30, date: "", first: "08:30", every: 10 });
  const tour = form.tour || (model.tours.value[0]?.id ?? "");
  const names = planned(form.name, Math.min(100, form.count), form.first, form.every);
  const timed = form.date !== "";
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    void attempt(async () => {
      const when = timed ? { date: form.date, first: form.first, every_s: form.every * 60 } : {};
      const made = await api.bulk({ tour, name: form.name, count: form.count, ...when });
      undoable(`${made.length} groups are there.`, () => attempt(async () => {
        for (const id of made) await api.remove(id, true);
      }));
    });
  };
  const set = (what: Partial<typeof form>): void => setForm({ ...form, ...what });
  return (
    <details class="school">
      <summary>Many groups at once: a school day</summary>
      <form class="new" onSubmit={submit}>
        <label>
          Tour
          <select name="bulk-tour" value={tour} onChange={(e) => set({ tour: e.currentTarget.value })}>
            <TourOptions model={model} />
          </select>
        </label>
        <label>
          How many
          <input name="count" type="number" min={1} max={100} value={form.count} onInput={(e) => set({ count: Number(e.currentTarget.value) })} required />
        </label>
        <label>
          Name: {"{n}"} is the number, {"{time}"} the start
          <input name="pattern" value={form.name} maxLength={60} onInput={(e) => set({ name: e.currentTarget.value })} required />
        </label>
        <label>
          Day on which they start by themselves (none: somebody starts them)
          <input name="date" type="date" value={form.date} onInput={(e) => set({ date: e.currentTarget.value })} />
        </label>
        <label>
          The first at
          <input name="first" type="time" value={form.first} onInput={(e) => set({ first: e.currentTarget.value })} required />
        </label>
        <label>
          Minutes from one to the next
          <input name="every" type="number" min={0} max={720} value={form.every} onInput={(e) => set({ every: Number(e.currentTarget.value) })} required />
        </label>
        <p class="hint">
          {names.length > 0 && `${names[0]}${names.length > 2 ? ` … ${names[names.length - 1]}` : names[1] ? ` and ${names[1]}` : ""}. `}
          All are made, or none; each has its own code{timed ? `, and starts by itself on ${form.date}` : ""}.
        </p>
        <button class="primary" disabled={tour === ""}>
          Make {form.count} groups
        </button>
      </form>
    </details>
  );
}
