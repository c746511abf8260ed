// SPDX-License-Identifier: Apache-2.0
// Staff's users: made, given another role or password, kept out, removed.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Props } from "../later";
import { words } from "../model";
import type { Role } from "../sections";
import { ROLES, type User, changeUser, createUser, removeUser, users } from "./api";
import { ago } from "./when";

/** What a role may, in a few words. */
export const MAY: Record<Role, string> = {
  viewer: "sees the house",
  guide: "and moves groups",
  curator: "and changes groups, tours and content",
  admin: "and has the people and the box",
};

export function Users({ model }: Props): JSX.Element {
  const [all, setAll] = useState<User[] | null>(null);
  const [note, setNote] = useState({ text: "", bad: false });
  const refresh = (): Promise<void> => users().then(setAll, (e: unknown) => setNote({ text: words(e), bad: true }));
  useEffect(() => void refresh(), []);
  const act = async (what: () => Promise<void>, done: string): Promise<boolean> => {
    setNote({ text: "", bad: false });
    try {
      await what();
      setNote({ text: done, bad: false });
      return true;
    } catch (e) {
      setNote({ text: words(e), bad: true });
      return false;
    } finally {
      await refresh();
      await model.again();
    }
  };
  return (
    <section aria-labelledby="users">
      <h2 id="users">Users</h2>
      <ul class="people">
        {all?.map((u) => (
          <li key={u.user}>
            <Row user={u} self={u.user === model.me.value?.user} act={act} />
          </li>
        ))}
      </ul>
      <p class={note.bad ? "notice" : ""} role="status">
        {note.text}
      </p>
      <NewUser act={act} />
    </section>
  );
}

type Act = (what: () => Promise<void>, done: string) => Promise<boolean>;

function Row({ user: u, self, act }: { user: User; self: boolean; act: Act }): JSX.Element {
  const [open, setOpen] = useState<"" | "password" | "remove">("");
  const password = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const to = String(new FormData(e.currentTarget).get("password"));
    if (await act(() => changeUser(u.user, { password: to }), `${u.user} has a new password.`)) setOpen("");
  };
  return (
    <article class={u.disabled ? "person out" : "person"} aria-label={u.user}>
      <p class="who">
        <strong>{u.user}</strong> {self && <small>you</small>}
        <small>{u.disabled ? "may not sign in" : u.seen ? `here ${ago(u.seen)}` : "not signed in"}</small>
        {u.firstPassword && <small>has the password that the box made</small>}
      </p>
      <label class="role">
        <span class="unseen">Role of {u.user}</span>
        <select
          value={u.role}
          onChange={(e) => {
            const role = e.currentTarget.value as Role;
            void act(() => changeUser(u.user, { role }), `${u.user} is ${role} now.`);
          }}
        >
          {ROLES.map((r) => (
            <option key={r} value={r}>
              {r}
            </option>
          ))}
        </select>
      </label>
      <div class="row">
        <button aria-expanded={open === "password"} onClick={() => setOpen(open === "password" ? "" : "password")}>
          New password
        </button>
        {!self && (
          <button onClick={() => void act(() => changeUser(u.user, { disabled: !u.disabled }), u.disabled ? `${u.user} may sign in again.` : `${u.user} may not sign in any more.`)}>
            {u.disabled ? "Let in again" : "Keep out"}
          </button>
        )}
        {!self && (
          <button class="quiet" aria-expanded={open === "remove"} onClick={() => setOpen(open === "remove" ? "" : "remove")}>
            Remove
          </button>
        )}
      </div>
      {open === "password" && (
        <form class="new" onSubmit={(e) => void password(e)}>
          <label>
            New password of {u.user}
            <input name="password" type="password" autoComplete="new-password" minLength={10} required />
          </label>
          <button>Set</button>
        </form>
      )}
      {open === "remove" && (
        <p class="row">
          {u.user} is signed out everywhere, and is gone for good.
          <button class="danger" onClick={() => void act(() => removeUser(u.user), `${u.user} is gone.`)}>
            Remove {u.user}
          </button>
        </p>
      )}
    </article>
  );
}

function NewUser({ act }: { act: Act }): JSX.Element {
  const [role, setRole] = useState<Role>("guide");
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const form = e.currentTarget;
    const data = new FormData(form);
    const name = String(data.get("user")).trim();
    if (await act(() => createUser(name, role, String(data.get("password"))), `${name} can sign in.`)) form.reset();
  };
  return (
    <form class="new" aria-labelledby="new-user" onSubmit={(e) => void submit(e)}>
      <h2 id="new-user">New user</h2>
      <label>
        Name
        <input name="user" required maxLength={40} pattern="[a-z0-9][a-z0-9._\-]*" title="a to z, 0 to 9, and . - _ between them" autoCapitalize="none" autoComplete="off" placeholder="anna" />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="new-password" minLength={10} required />
      </label>
      <label>
        Role
        <select value={role} onChange={(e) => setRole(e.currentTarget.value as Role)}>
          {ROLES.map((r) => (
            <option key={r} value={r}>
              {r}
            </option>
          ))}
        </select>
      </label>
      <button>Add</button>
      <p class="hint">
        {ROLES.slice(0, ROLES.indexOf(role) + 1)
          .map((r) => `${r}: ${MAY[r]}`)
          .join("; ")}
        .
      </p>
    </form>
  );
}
