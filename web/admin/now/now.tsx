// SPDX-License-Identifier: Apache-2.0
// The section "Now": every group of the house, what it plays and who listens; new kiosks.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { titleIn } from "../../common/tour";
import type { Props } from "../later";
import { GroupCard } from "./group";
import { NewKiosks } from "./kiosks";

export function Now({ model }: Props): JSX.Element {
  const groups = model.groups.value;
  return (
    <>
      {groups === null ? (
        <p class="empty">Asking the box{"\u2026"}</p>
      ) : groups.length === 0 ? (
        <p class="empty">No groups yet. Make the first one below.</p>
      ) : (
        <ul class="groups">
          {groups.map((g) => (
            <li key={g.id}>
              <GroupCard model={model} group={g} />
            </li>
          ))}
        </ul>
      )}
      <NewKiosks model={model} />
      <NewGroup model={model} />
    </>
  );
}

export function TourOptions({ model }: Props): JSX.Element {
  return (
    <>
      {model.tours.value.map((t) => (
        <option key={t.id} value={t.id}>
          {titleIn(t.title, navigator.language.toLowerCase()) || t.id} ({t.cues})
        </option>
      ))}
    </>
  );
}

function NewGroup({ model }: Props): JSX.Element {
  const [problem, setProblem] = useState("");
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const form = e.currentTarget;
    const data = new FormData(form);
    const why = await model.create(String(data.get("name")).trim(), String(data.get("tour")));
    setProblem(why);
    if (why === "") form.reset();
  };
  return (
    <form class="new" onSubmit={(e) => void submit(e)}>
      <h2>New group</h2>
      <label>
        Name
        <input name="name" required maxLength={60} placeholder="School class, 10:00" autoComplete="off" />
      </label>
      <label>
        Tour
        <select name="tour">
          <option value="">none yet</option>
          <TourOptions model={model} />
        </select>
      </label>
      <button>Create</button>
      <p class="notice" role="alert">
        {problem}
      </p>
    </form>
  );
}
