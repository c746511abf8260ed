// SPDX-License-Identifier: Apache-2.0
// Who did what, searched by person and by thing.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { words } from "../model";
import { type Entry, trail } from "./api";
import { when } from "./when";

const DEEDS: Record<string, string> = {
  "POST login": "signed in",
  "POST logout": "signed out",
  "PUT me/password": "took another password",
  "GET backup": "took a backup",
  "PUT backup": "went back to a backup",
  "PUT venue": "changed the look of the house",
  "PUT setup/clock": "said what the time is",
};
const VERBS: Record<string, string> = { POST: "made", PUT: "set", PATCH: "changed", DELETE: "removed" };

/** What was done, in words where there are some; else what the program was asked. */
function deed(e: Entry): string {
  const known = DEEDS[e.what];
  if (known) return known;
  const [method = "", path = ""] = e.what.split(" ");
  if (method === "DELETE" && path.startsWith("sessions/")) return `ended a session of ${e.object.replace("users/", "")}`;
  // What was made has its name in the object; a longer path says more than that.
  return `${VERBS[method] ?? method} ${method === "POST" && path.split("/").length === 1 ? e.object : path}`;
}

export function Trail(): JSX.Element {
  const [asked, setAsked] = useState({ user: "", object: "" });
  const [entries, setEntries] = useState<Entry[] | null>(null);
  const [next, setNext] = useState("");
  const [note, setNote] = useState("");
  const load = async (user: string, object: string, before: string): Promise<void> => {
    setNote("");
    try {
      const page = await trail(user, object, before);
      setEntries((had) => (before === "" ? page.entries : [...(had ?? []), ...page.entries]));
      setNext(page.next);
      setAsked({ user, object });
    } catch (e) {
      setNote(words(e));
    }
  };
  useEffect(() => void load("", "", ""), []);
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    void load(String(data.get("user")).trim(), String(data.get("object")).trim(), "");
  };
  return (
    <section aria-labelledby="trail">
      <h2 id="trail">Who did what</h2>
      <form class="new search" role="search" onSubmit={submit}>
        <label>
          Who
          <input name="user" placeholder="anna" autoCapitalize="none" autoComplete="off" />
        </label>
        <label>
          What about
          <input name="object" placeholder="groups/demo, or tours/ for all" autoCapitalize="none" autoComplete="off" />
        </label>
        <button>Search</button>
      </form>
      <p class="notice" role="alert">
        {note}
      </p>
      {entries?.length === 0 && <p class="empty">Nothing.</p>}
      <ol class="trail">
        {entries?.map((e) => (
          <li key={e.n} class={e.code ? "refused" : ""}>
            <p class="who">
              <strong>{e.user || "Somebody"}</strong> <span title={e.what}>{deed(e)}</span>
              {e.code && <small class="notice">refused: {e.code}</small>}
            </p>
            <p class="hint">
              {when(e.at, e.wall)}, from {e.address}
              {e.role && `, as ${e.role}`}
            </p>
            {e.detail && <p class="asked">{e.detail}</p>}
          </li>
        ))}
      </ol>
      {next !== "" && <button onClick={() => void load(asked.user, asked.object, next)}>Older ones</button>}
      <p class="hint">What moves a group stands in the group's own history.</p>
    </section>
  );
}
