// SPDX-License-Identifier: Apache-2.0
// The editions of a tour that were published. Opening one is an edit like any other: it can be looked at, undone, saved.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Model } from "../model";
import { may } from "../sections";
import * as api from "./api";

interface Props {
  model: Model;
  id: string;
  hash: string; // of the edition in force
  open: (v: api.Shown) => void;
}

export const whenText = (wall: number): string =>
  wall > 0 ? new Date(wall / 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "some time ago";

export function Versions({ model, id, hash, open }: Props): JSX.Element {
  const [all, setAll] = useState<api.Version[] | null>(null);
  const [note, setNote] = useState("");
  const look = (): void => void model.attempt(async () => setAll(await api.versions(id))).then(setNote);
  const show = (n: number): void => void model.attempt(async () => open(await api.showVersion(id, n))).then(setNote);
  return (
    <details class="versions" onToggle={(e) => e.currentTarget.open && look()}>
      <summary>Versions</summary>
      <ul>
        {(all ?? []).map((v) => (
          <li key={v.version}>
            Version {v.version}, {whenText(v.wall)}
            {v.actor !== "" && `, by ${v.actor}`}: {v.cues} {v.cues === 1 ? "cue" : "cues"}{" "}
            {v.hash === hash ? (
              <span class="hint">as it is</span>
            ) : (
              may(model.me.value?.role, "curator") && <button onClick={() => show(v.version)}>Open version {v.version}</button>
            )}
          </li>
        ))}
      </ul>
      <p class="hint" role="status">
        {note}
      </p>
    </details>
  );
}
