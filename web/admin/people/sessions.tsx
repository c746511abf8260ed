// SPDX-License-Identifier: Apache-2.0
// Where somebody is signed in, and the end of it.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Props } from "../later";
import { words } from "../model";
import { may } from "../sections";
import { type Session, endSession, sessions } from "./api";
import { ago } from "./when";

export function Sessions({ model }: Props): JSX.Element {
  const [all, setAll] = useState<Session[] | null>(null);
  const [note, setNote] = useState("");
  const refresh = (): Promise<void> => sessions().then(setAll, (e: unknown) => setNote(words(e)));
  useEffect(() => void refresh(), []);
  const end = async (s: Session): Promise<void> => {
    setNote("");
    try {
      await endSession(s.id);
      setNote(`Ended: ${s.user} with ${s.agent} at ${s.address}.`);
    } catch (e) {
      setNote(words(e));
    }
    await refresh();
  };
  const everybody = may(model.me.value?.role, "admin");
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">{everybody ? "Who is signed in" : "Where I am signed in"}</h2>
      <ul class="people">
        {all?.map((s) => (
          <li key={s.id} class="person">
            <p class="who">
              <strong>{s.user}</strong> <small>{s.current ? "this page" : ""}</small>
              <small>
                {s.agent} at {s.address}
              </small>
              <small>here {ago(s.seen)}</small>
            </p>
            {!s.current && (
              <button onClick={() => void end(s)}>
                End<span class="unseen"> the session of {s.user} with {s.agent}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      <p class="hint" role="status">
        {note || "A session ends by itself after twelve hours."}
      </p>
    </section>
  );
}
