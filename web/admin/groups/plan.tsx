// SPDX-License-Identifier: Apache-2.0
// What a group does by itself, as a draft: rules in words, the day as it would be, and what saving would change.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Model } from "../model";
import * as api from "./api";
import { EMPTY, REBOOT, dayNames, daysOf, ruleText } from "./words";

interface Props {
  model: Model;
  group: api.GroupShown;
  edits: boolean;
  change: (words: string, what: api.Change, back: api.Change) => Promise<string>;
}

const same = (a: api.Plan, b: api.Plan): boolean => JSON.stringify(a) === JSON.stringify(b);

export function PlanEditor({ model, group, edits, change }: Props): JSX.Element {
  const [draft, setDraft] = useState<api.Plan>(group.plan);
  const changed = !same(draft, group.plan);
  const set = (what: Partial<api.Plan>): void => setDraft({ ...draft, ...what });
  return (
    <section class="plan" aria-labelledby="plan">
      <h2 id="plan">What it does by itself</h2>
      <h3>Schedule</h3>
      {draft.schedule.length === 0 && <p class="hint">It starts when somebody starts it.</p>}
      <ul class="rules">
        {draft.schedule.map((rule, i) => (
          <li key={rule}>
            {ruleText(rule)}{" "}
            {edits && (
              <button class="quiet" onClick={() => set({ schedule: draft.schedule.filter((_, k) => k !== i) })}>
                Remove<span class="unseen">: {ruleText(rule)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {edits && <AddRule add={(rules) => set({ schedule: [...draft.schedule, ...rules.filter((r) => !draft.schedule.includes(r))].slice(0, 16) })} />}
      <DayView model={model} schedule={draft.schedule} />
      <fieldset class="policies" disabled={!edits}>
        <legend>Otherwise</legend>
        <label>
          When the last listener has gone,
          <select value={draft.when_empty} onChange={(e) => set({ when_empty: e.currentTarget.value })}>
            {Object.entries(EMPTY).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {draft.when_empty !== "continue" && (
          <label>
            after so many minutes
            <input
              type="number" min={1} max={1440} value={Math.max(1, Math.round(draft.empty_after_s / 60))}
              onChange={(e) => set({ empty_after_s: Math.min(1440, Math.max(1, Number(e.currentTarget.value))) * 60 })}
            />
          </label>
        )}
        <label>
          When the box was off, and nobody knows for how long,
          <select value={draft.after_reboot} onChange={(e) => set({ after_reboot: e.currentTarget.value })}>
            {Object.entries(REBOOT).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </fieldset>
      {changed && (
        <div class="save card">
          <Effect model={model} group={group} draft={draft} />
          <div class="row">
            <button class="primary" onClick={() => void change("What the group does by itself is changed.", draft, group.plan)}>
              Save
            </button>
            <button onClick={() => setDraft(group.plan)}>Leave it as it was</button>
          </div>
        </div>
      )}
    </section>
  );
}

/** What saving changes, and when that is first heard. */
function Effect({ model, group, draft }: Pick<Props, "model" | "group"> & { draft: api.Plan }): JSX.Element {
  const [next, setNext] = useState("");
  const plays = model.groups.value?.find((g) => g.id === group.id)?.state.mode === "running";
  useEffect(() => {
    void model.attempt(async () => {
      const day = await api.day(draft.schedule, "");
      const now = Date.now() * 1000;
      const first = day.entries.find((e) => e.wall > now);
      setNext(first ? `The next thing to happen by itself is at ${first.time} today: it ${opText(first)}.` : "Nothing more happens by itself today.");
    }).then((why) => why !== "" && setNext(why));
  }, [JSON.stringify(draft.schedule)]);
  return (
    <>
      <h3>What this changes</h3>
      <p>
        {plays ? "The group plays now, and nothing is heard at once. " : "Nothing is heard at once. "}
        {next}
      </p>
    </>
  );
}

const opText = (e: api.DayEntry): string =>
  e.op === "stop" ? "stops" : e.op === "hold" ? "pauses" : e.cue > 0 ? `starts with cue ${e.cue + 1}` : "starts from the first cue";

function DayView({ model, schedule }: { model: Model; schedule: readonly string[] }): JSX.Element {
  const [date, setDate] = useState("");
  const [day, setDay] = useState<api.Day | null>(null);
  const [note, setNote] = useState("");
  useEffect(() => {
    let here = true;
    void model.attempt(async () => {
      const found = await api.day(schedule, date);
      if (here) setDay(found);
    }).then((why) => here && setNote(why));
    return () => void (here = false);
  }, [JSON.stringify(schedule), date]);
  return (
    <div class="day" aria-live="polite">
      <h3>{date === "" ? "Today as it will happen" : `${day?.date ?? date} as it would happen`}</h3>
      <label class="try-date">
        Another date
        <input type="date" value={date} onInput={(e) => setDate(e.currentTarget.value)} />
      </label>
      {note !== "" && <p class="notice">{note}</p>}
      {day?.entries.length === 0 && <p class="hint">Nothing happens by itself.</p>}
      <ol class="day-list">
        {day?.entries.map((e) => (
          <li key={`${e.wall}-${e.rule}`} class={e.wall < Date.now() * 1000 ? "past" : ""}>
            <strong>{e.time}</strong> {opText(e)}
          </li>
        ))}
        {day?.more && <li>and so on</li>}
      </ol>
      {day && <p class="hint">The house's local time{day.zone !== "" && ` (${day.zone})`}.</p>}
    </div>
  );
}

type Kind = "every" | "daily" | "loop" | "once";
const KINDS: Record<Kind, string> = {
  every: "again and again between two times",
  daily: "once a day",
  loop: "in the morning, and stop in the evening",
  once: "once, on a date",
};

function AddRule({ add }: { add: (rules: string[]) => void }): JSX.Element {
  const [kind, setKind] = useState<Kind>("every");
  const [days, setDays] = useState<boolean[]>(dayNames.map(() => true));
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    const get = (key: string): string => String(data.get(key) ?? "");
    const on = daysOf(days);
    if (kind !== "once" && on === "") return;
    const rules: Record<Kind, () => string[]> = {
      every: () => [`${on} ${get("from")}-${get("to")}/${get("every")}min start`],
      daily: () => [`${on} ${get("from")} start`],
      loop: () => [`${on} ${get("from")} start`, `${on} ${get("to")} stop`],
      once: () => [`${get("date")} ${get("from")} start`],
    };
    add(rules[kind]());
  };
  const bounded = kind === "every" || kind === "loop";
  return (
    <form class="new add-rule" onSubmit={submit}>
      <label>
        Start
        <select value={kind} onChange={(e) => setKind(e.currentTarget.value as Kind)}>
          {(Object.keys(KINDS) as Kind[]).map((k) => (
            <option key={k} value={k}>
              {KINDS[k]}
            </option>
          ))}
        </select>
      </label>
      {kind === "once" && (
        <label>
          Date
          <input name="date" type="date" required />
        </label>
      )}
      {kind === "every" && (
        <label>
          every so many minutes
          <input name="every" type="number" min={1} max={720} defaultValue="20" required />
        </label>
      )}
      <label>
        {bounded ? "from" : "at"}
        <input name="from" type="time" defaultValue="10:00" required />
      </label>
      {bounded && (
        <label>
          {kind === "loop" ? "stop at" : "to"}
          <input name="to" type="time" defaultValue="17:00" required />
        </label>
      )}
      {kind !== "once" && (
        <fieldset class="days">
          <legend>on</legend>
          {dayNames.map((d, i) => (
            <label key={d} class="tick">
              <input type="checkbox" checked={days[i] ?? false} onChange={(e) => setDays(days.map((v, k) => (k === i ? e.currentTarget.checked : v)))} />
              {d}
            </label>
          ))}
        </fieldset>
      )}
      {kind === "loop" && <p class="hint">For a tour whose last cue repeats, or that is long enough for the day.</p>}
      <button>Add to the schedule</button>
    </form>
  );
}
