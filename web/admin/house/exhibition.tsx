// SPDX-License-Identifier: Apache-2.0
// The whole exhibition as one file: out of this box, or into it.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { isInt } from "../../common/wire";
import { call } from "../api";
import type { Props } from "../later";

export function ExhibitionForm({ model }: Props): JSX.Element {
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const file = new FormData(e.currentTarget).get("file");
    if (!(file instanceof File) || file.size === 0) return;
    setBusy(true);
    setNote("On its way to the box\u2026");
    const why = await model.attempt(async () => {
      const a = await call("PUT", "/exhibition", file);
      const list = (x: unknown): string[] => (Array.isArray(x) ? x.map(String) : []);
      const made = list(a.groups), kept = list(a.kept);
      const count = (n: unknown, what: string): string => `${isInt(n) ? n : 0} ${what}`;
      setNote(
        `Taken in: ${count(a.tracks, "tracks")}, ${count(a.tours, "tours")}, ${made.length} new groups.` +
          (kept.length > 0 ? ` Groups that were here stayed as they are: ${kept.slice(0, 10).join(", ")}.` : ""),
      );
      await model.refresh();
    });
    if (why !== "") setNote(why);
    setBusy(false);
  };
  return (
    <section aria-labelledby="exhibition">
      <h2 id="exhibition">The exhibition as one file</h2>
      <p class="hint">
        Tracks, tours, the look and the groups, for another box or another year. Not in it: people, codes, history. A backup has all of those.
      </p>
      <p>
        <a class="button" href="/api/v1/exhibition" download="exhibition.tar">
          Save the exhibition
        </a>
      </p>
      <form class="new" onSubmit={(e) => void submit(e)}>
        <label>
          Take one in
          <input name="file" type="file" accept=".tar" required />
        </label>
        <button disabled={busy}>{busy ? "Taking it in\u2026" : "Take in"}</button>
        <p class="hint" role="status">
          {note || "Tracks and tours of the same name are replaced; groups that are here stay as they are. All of it comes in, or nothing."}
        </p>
      </form>
    </section>
  );
}
