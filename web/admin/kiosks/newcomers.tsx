// SPDX-License-Identifier: Apache-2.0
// Kiosks that wait to be adopted: find each by its chirp, give it a name and a group.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import type { NewKiosk } from "../../common/wire_staff";
import type { Model } from "../model";

export function NewKiosks({ model }: { model: Model }): JSX.Element | null {
  const kiosks = model.newKiosks.value;
  if (kiosks.length === 0) return null;
  return (
    <section class="adopt" aria-labelledby="new-kiosks">
      <h2 id="new-kiosks">{kiosks.length === 1 ? "A new kiosk" : `${kiosks.length} new kiosks`}</h2>
      <p class="hint">Identify makes it chirp, so that you know which one it is. Adopt only what is yours.</p>
      <ul>
        {kiosks.map((k) => (
          <li key={k.id}>
            <Newcomer model={model} kiosk={k} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Newcomer({ model, kiosk }: { model: Model; kiosk: NewKiosk }): JSX.Element {
  const [note, setNote] = useState("");
  const what = kiosk.name || kiosk.id;
  const identify = async (): Promise<void> => {
    setNote((await model.identify(kiosk.id)) || `${what} was told to chirp.`);
  };
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    setNote(await model.adopt(kiosk.id, String(data.get("name")).trim(), String(data.get("group"))));
  };
  return (
    <form class="new" aria-label={`New kiosk ${what}`} onSubmit={(e) => void submit(e)}>
      <p>
        <strong>{what}</strong>{" "}
        <small>
          {kiosk.address}, {kiosk.id}
          {kiosk.online ? "" : ", away"}
        </small>
      </p>
      <label>
        Name
        <input name="name" maxLength={60} defaultValue={kiosk.name} autoComplete="off" />
      </label>
      <label>
        Group
        <select name="group" required>
          <GroupOptions model={model} />
        </select>
      </label>
      <button type="button" disabled={!kiosk.online} onClick={() => void identify()}>
        Identify
      </button>
      <button class="primary">Adopt</button>
      <p class="hint" role="status">
        {note}
      </p>
    </form>
  );
}

export function GroupOptions({ model }: { model: Model }): JSX.Element {
  return (
    <>
      {(model.groups.value ?? []).map((g) => (
        <option key={g.id} value={g.id}>
          {g.name}
        </option>
      ))}
    </>
  );
}
