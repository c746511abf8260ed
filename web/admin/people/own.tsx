// SPDX-License-Identifier: Apache-2.0
// My own password, changed with the old one.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Props } from "../later";
import { patience, words } from "../model";
import { changeOwnPassword } from "./api";

export function OwnPassword({ model }: Props): JSX.Element {
  const [note, setNote] = useState("");
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const form = e.currentTarget;
    const data = new FormData(form);
    setNote("");
    try {
      await changeOwnPassword(String(data.get("old")), String(data.get("new")));
      form.reset();
      setNote("Changed. Your other sessions have ended.");
      await model.again();
    } catch (why) {
      setNote(patience(why) || words(why));
    }
  };
  return (
    <form class="new" aria-labelledby="own" onSubmit={(e) => void submit(e)}>
      <h2 id="own">My password</h2>
      <input type="text" name="user" autoComplete="username" value={model.me.value?.user} readOnly hidden />
      <label>
        The old one
        <input name="old" type="password" autoComplete="current-password" required />
      </label>
      <label>
        The new one
        <input name="new" type="password" autoComplete="new-password" minLength={10} required />
      </label>
      <button>Change</button>
      <p class="hint" role="status">
        {note || "Ten characters or more. A few words in a row are good, and easy to remember."}
      </p>
    </form>
  );
}
