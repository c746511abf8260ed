// SPDX-License-Identifier: Apache-2.0
// The section "Now": every group of the house, what it plays and who listens, moved one by one or
// together; how the box does.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { titleIn } from "../../common/tour";
import type { Props } from "../later";
import { address, may } from "../sections";
import { BoxLine } from "./box";
import { GroupCard } from "./group";
import { StopEverything, Together } from "./together";

// With so few groups each is shown whole; in a full house a card opens when asked.
const FEW = 4;

export function Now({ model }: Props): JSX.Element {
  const groups = model.groups.value;
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pick = (id: string, on: boolean): void => {
    const next = new Set(picked);
    if (on) next.add(id);
    else next.delete(id);
    setPicked(next);
  };
  const moves = may(model.me.value?.role, "guide");
  if (groups === null) return <p class="empty">Asking the box{"\u2026"}</p>;
  const here = groups.filter((g) => picked.has(g.id));
  return (
    <>
      <BoxLine model={model} />
      {model.newKiosks.value.length > 0 && (
        <p>
          <a href={address("kiosks")}>
            {model.newKiosks.value.length === 1 ? "A new kiosk waits" : `${model.newKiosks.value.length} new kiosks wait`} to be adopted
          </a>
        </p>
      )}
      {moves && groups.length > 0 && (
        <div class="house-bar">
          <Together model={model} groups={groups} picked={here} setPicked={(ids) => setPicked(new Set(ids))} />
          <StopEverything model={model} groups={groups} />
        </div>
      )}
      {groups.length === 0 ? (
        <p class="empty">No groups yet. Make the first one below.</p>
      ) : (
        <ul class="groups">
          {groups.map((g) => (
            <li key={g.id}>
              <GroupCard
                model={model}
                group={g}
                whole={groups.length <= FEW}
                picked={picked.has(g.id)}
                {...(moves && groups.length > 1 ? { pick: (on: boolean) => pick(g.id, on) } : {})}
              />
            </li>
          ))}
        </ul>
      )}
      {may(model.me.value?.role, "curator") && <NewGroup model={model} />}
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
