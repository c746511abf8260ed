// SPDX-License-Identifier: Apache-2.0
// The first run: a few steps from a new box to one that plays. Each is done by itself and may be done again.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { changeLook } from "../api";
import { LangOptions, ZoneOptions, ownZone } from "../house/place";
import type { Props } from "../later";
import { words } from "../model";
import { changeUser } from "../people/api";
import { SECTIONS, address } from "../sections";
import { type Setup as State, demoTour, firstTour, setup, tellTime } from "./api";

export function Setup({ model }: Props): JSX.Element {
  const [is, setIs] = useState<State | null>(null);
  const [note, setNote] = useState("");
  const refresh = async (): Promise<void> => {
    try {
      setIs(await setup());
      await model.again();
    } catch (e) {
      setNote(words(e));
    }
  };
  useEffect(() => void refresh(), []);
  if (!is) return <p class={note === "" ? "empty" : "notice"}>{note || "Asking the box\u2026"}</p>;
  const done = [!is.firstPassword, is.venue.name !== undefined, is.clock.trusted, is.groups > 0];
  const left = done.filter((d) => !d).length;
  return (
    <div class="setup">
      <h2>Setting up the box</h2>
      <p class="hint" role="status">
        {left === 0 ? "All is set." : `${left} of ${done.length} steps are left. Each can be done later as well.`}
      </p>
      <ol>
        <Password model={model} is={is} refresh={refresh} />
        <Place model={model} is={is} refresh={refresh} />
        <Clock model={model} is={is} refresh={refresh} />
        <FirstTour model={model} is={is} refresh={refresh} />
      </ol>
      <p>
        <a class="button" href={address("now")}>
          {left === 0 ? "To the groups" : "Later, to the groups"}
        </a>
      </p>
    </div>
  );
}

interface StepProps extends Props {
  is: State;
  refresh: () => Promise<void>;
}

function Step({ title, done, children }: { title: string; done: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <li class={done ? "step-done" : ""}>
      <section aria-label={title}>
        <h3>
          {title} <small>{done ? "done" : ""}</small>
        </h3>
        {children}
      </section>
    </li>
  );
}

/** Runs what a form does, and has its note. */
function useForm(refresh: () => Promise<void>, done: string, act: (data: FormData) => Promise<void>): {
  note: string;
  busy: boolean;
  submit: (e: SubmitEvent & { currentTarget: HTMLFormElement }) => void;
} {
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const run = async (form: HTMLFormElement): Promise<void> => {
    setNote("");
    setBusy(true);
    try {
      await act(new FormData(form));
      setNote(done);
      for (const field of form.querySelectorAll<HTMLInputElement>("input[type=password]")) field.value = "";
      await refresh();
    } catch (e) {
      setNote(words(e));
    }
    setBusy(false);
  };
  return {
    note,
    busy,
    submit: (e) => {
      e.preventDefault();
      void run(e.currentTarget);
    },
  };
}

function Password({ model, is, refresh }: StepProps): JSX.Element {
  const user = model.me.value?.user ?? "";
  const { note, busy, submit } = useForm(refresh, "Changed.", (data) => changeUser(user, { password: String(data.get("password")) }));
  return (
    <Step title="A password of your own" done={!is.firstPassword}>
      <form class="new" onSubmit={submit}>
        <input type="text" name="user" autoComplete="username" value={user} readOnly hidden />
        <label>
          New password for {user}
          <input name="password" type="password" autoComplete="new-password" minLength={10} required />
        </label>
        <button disabled={busy}>Set</button>
        <p class="hint" role="status">
          {note || "Ten characters or more; a few words in a row are good. The password on the box is then good for nothing."}
        </p>
      </form>
    </Step>
  );
}

function Place({ is, refresh }: StepProps): JSX.Element {
  const { note, busy, submit } = useForm(refresh, "Saved.", async (data) => {
    const wanted = { name: String(data.get("name")).trim(), lang: String(data.get("lang")) };
    await changeLook((now) => ({ ...now, ...wanted, ...(is.zoneFixed ? {} : { zone: String(data.get("zone")) }) }));
  });
  return (
    <Step title="The house" done={is.venue.name !== undefined}>
      <form class="new" onSubmit={submit}>
        <label>
          What it is called
          <input name="name" required maxLength={60} defaultValue={is.venue.name ?? ""} autoComplete="organization" />
        </label>
        <label>
          Its own language
          <select name="lang">
            <LangOptions now={is.venue.lang ?? (navigator.language.slice(0, 2).toLowerCase() || "en")} />
          </select>
        </label>
        <label>
          Time zone
          <select name="zone" disabled={is.zoneFixed}>
            <ZoneOptions now={is.zoneFixed ? is.zone : (is.venue.zone ?? ownZone())} />
          </select>
        </label>
        <button disabled={busy}>Save</button>
        <p class="hint" role="status">
          {note || (is.zoneFixed ? "The time zone stands in the box's settings." : "Visitors see the name; schedules go by the time zone.")}
        </p>
      </form>
    </Step>
  );
}

const SOURCES: Record<string, string> = {
  synchronised: "It is kept by a time server.",
  holdover: "It was kept by a time server, which is away; the box goes on by it.",
  battery: "It is kept by the box's own clock, which has a battery.",
  told: "It is what somebody said. When the box was switched off, it has to be said again: a clock with a battery, or a time server, keeps it.",
};

function Clock({ is, refresh }: StepProps): JSX.Element {
  const [note, setNote] = useState("");
  const tell = async (): Promise<void> => {
    setNote("");
    try {
      await tellTime();
      await refresh();
    } catch (e) {
      setNote(words(e));
    }
  };
  const time = is.clock.wall === undefined ? "" : new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short", timeZone: zoneOrOwn(is.zone) }).format(new Date(is.clock.wall / 1000));
  return (
    <Step title="The time" done={is.clock.trusted}>
      {is.clock.trusted ? (
        <p>
          It is {time}. {SOURCES[is.clock.source] ?? ""}
        </p>
      ) : (
        <p>This box has no clock that it could trust. Groups play all the same; schedules wait for the time.</p>
      )}
      {is.clock.source !== "synchronised" && <button onClick={() => void tell()}>Take the time from this laptop</button>}
      <p class="notice" role="alert">
        {note}
      </p>
    </Step>
  );
}

function zoneOrOwn(zone: string): string {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
    return zone;
  } catch {
    return ownZone();
  }
}

function FirstTour({ model, is, refresh }: StepProps): JSX.Element {
  const [step, setStep] = useState("");
  const [group, setGroup] = useState("");
  const demo = useForm(refresh, "", async () => setGroup(await demoTour()));
  const { note, busy, submit } = useForm(refresh, "", async (data) => {
    const files = data.getAll("files").filter((f): f is File => f instanceof File && f.size > 0);
    setGroup(await firstTour(String(data.get("name")).trim(), is.venue.lang ?? "en", files, setStep));
  });
  const made = model.groups.value?.find((g) => g.id === group);
  const library = SECTIONS.some((s) => s.id === "library");
  return (
    <Step title="A first tour" done={is.groups > 0}>
      {made ? (
        <div class="playing">
          <p>
            <strong>{made.name}</strong> plays. Phones in the box&rsquo;s network scan the code, or open <b>{location.host}</b> and type{" "}
            <b>{made.code.replace(/(\d{3})(?=\d)/g, "$1 ")}</b>.
          </p>
          <img src={`/api/v1/groups/${made.id}/qr.svg`} alt={`Code to join ${made.name}`} width="200" height="200" />
        </div>
      ) : (
        <>
          {is.demo && is.tours === 0 && (
            <form class="new" onSubmit={demo.submit}>
              <button disabled={busy || demo.busy}>{demo.busy ? "Working\u2026" : "Begin with the demo exhibit"}</button>
              <p class="hint" role="status">
                {demo.note || "Four short interviews in three languages, to hear how it works; or begin with recordings of your own:"}
              </p>
            </form>
          )}
          <form class="new" onSubmit={submit}>
            <label>
              What it is called
              <input name="name" required maxLength={60} defaultValue={is.venue.name ?? "First tour"} autoComplete="off" />
            </label>
            <label>
              Recordings, in their order (WAV, FLAC, MP3, Ogg, Opus, AIFF)
              <input name="files" type="file" multiple required accept="audio/*,.wav,.flac,.mp3,.ogg,.opus,.aif,.aiff" />
            </label>
            <button class="primary" disabled={busy || demo.busy}>
              {busy ? "Working\u2026" : "Make it, and play"}
            </button>
            <p class="hint" role="status">
              {(busy ? step : note) || "One recording will do for a try."}
              {library && (
                <>
                  {" "}
                  More, with languages and captions, in the <a href={address("library")}>library</a>.
        </>
            )}
          </p>
        </form>
        </>
      )}
    </Step>
  );
}
