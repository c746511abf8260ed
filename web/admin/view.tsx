// SPDX-License-Identifier: Apache-2.0
// The admin page: sign in, the rail of sections, what somebody should know.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Certificate } from "../common/wire_staff";
import type { Props } from "./later";
import { Confirm } from "./people/confirm";
import { SECTIONS, address, may, place } from "./sections";

export function App({ model }: Props): JSX.Element {
  const me = model.me.value;
  if (me === undefined) return <p class="empty">Roomtone</p>;
  return me ? <House model={model} /> : <SignIn model={model} />;
}

function SignIn({ model }: Props): JSX.Element {
  const [busy, setBusy] = useState(false);
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    setBusy(true);
    await model.login(String(form.get("user")), String(form.get("password")));
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form onSubmit={(e) => void submit(e)}>
        <h1>Roomtone</h1>
        <label>
          Name
          <input name="user" autoComplete="username" autoCapitalize="none" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <p class="notice" role="alert">
          {model.loginNote.value}
        </p>
        <button class="primary" disabled={busy}>
          {busy ? "Signing in\u2026" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

function House({ model }: Props): JSX.Element {
  const groups = model.groups.value;
  const total = (key: "visitors" | "kiosks"): number => (groups ?? []).reduce((n, g) => n + g[key], 0);
  return (
    <>
      <header>
        <h1>Roomtone</h1>
        <Line model={model} />
        <span class="sum">
          {groups &&
            `${count(groups.length, "group", "groups")}, ${count(total("visitors"), "listener", "listeners")}, ${count(total("kiosks"), "kiosk", "kiosks")}`}
        </span>
        <button class="quiet" onClick={() => void model.logout()}>
          Sign out {model.me.value?.user}
        </button>
      </header>
      <Alerts model={model} />
      <div class="house">
        <Rail model={model} />
        <Shown model={model} />
      </div>
      <Confirm />
    </>
  );
}

function Rail({ model }: Props): JSX.Element {
  return (
    <nav class="rail" aria-label="Sections">
      {SECTIONS.filter((s) => !s.aside && may(model.me.value?.role, s.from)).map((s) => (
        <a key={s.id} href={address(s.id)} aria-current={place.value[0] === s.id ? "page" : undefined}>
          {s.title}
        </a>
      ))}
    </nav>
  );
}

/** The section of the address. The reader of a screen is told of a new one by the focus. */
function Shown({ model }: Props): JSX.Element {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const allowed = SECTIONS.filter((s) => may(model.me.value?.role, s.from));
  const section = allowed.find((s) => s.id === place.value[0]) ?? allowed[0];
  useEffect(() => {
    document.title = `Roomtone: ${section?.title ?? ""}`;
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [section]);
  return (
    <main ref={main} tabIndex={-1} aria-label={section?.title}>
      {section && <section.View model={model} />}
    </main>
  );
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

function CertificateNote({ state, daysLeft }: Certificate): JSX.Element | null {
  const help = "Whoever looks after the box puts a new one in its place.";
  if (state === "soon")
    return (
      <p>
        The box's certificate ends in {count(daysLeft ?? 0, "day", "days")}. {help}
      </p>
    );
  if (state === "expired" || state === "early")
    return (
      <p class="notice">
        The box's certificate {state === "early" ? "does not hold yet" : "has ended"}: browsers warn of https. {help}
      </p>
    );
  return null;
}

/** What somebody should know who could do something about it. */
function Alerts({ model }: Props): JSX.Element {
  const { trusted, guessed } = model.time.value;
  const storage = model.storage.value;
  const certificate = model.certificate.value;
  const lost = (model.groups.value ?? []).filter((g) => g.degraded).map((g) => g.name);
  return (
    <div class="alerts" role="status">
      {storage !== "ok" && (
        <p class="notice">
          {storage === "storage_full" ? "The disk is full" : "The disk fails"}: nothing can be changed. What plays goes on; the
          box tries again by itself.
        </p>
      )}
      {storage === "ok" && lost.length > 0 && (
        <p class="notice">The last change could not be saved: {lost.join(", ")}. The box tries again by itself.</p>
      )}
      {guessed && (
        <p class="notice">
          The box was switched off and its clock had stopped: nobody knows for how long. Look where each group stands.
        </p>
      )}
      {model.cloned.value.map((d) => (
        <p key={d.id} class="notice">
          Two machines say that they are the kiosk {d.name}: {d.here} is obeyed, {d.other} is not let in. A copied card? Forget
          the kiosk, and adopt the one that is yours.
        </p>
      ))}
      {certificate && <CertificateNote {...certificate} />}
      {!trusted && (
        <p>
          The box cannot trust its clock: schedules wait until it is set.{" "}
          {may(model.me.value?.role, "admin") && <a href={address("setup")}>Set it</a>}
        </p>
      )}
    </div>
  );
}

const LINES = {
  idle: "Not connected",
  connecting: "Connecting\u2026",
  waiting: "Connection lost, trying again",
  joined: "Live",
};

function Line({ model }: Props): JSX.Element {
  const line = model.line.value;
  return (
    <span class={`line ${line}`} role="status">
      <span class="dot" aria-hidden="true" />
      {LINES[line]}
    </span>
  );
}

