// SPDX-License-Identifier: Apache-2.0
// The password again, before what cannot be taken back. Whoever asked goes on when it was right.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { call, setConfirmer } from "../api";
import { patience, words } from "../model";

const asking = signal<((ok: boolean) => void) | null>(null);

setConfirmer(
  () =>
    new Promise((done) => {
      asking.value?.(false); // only the newest question is on the page
      asking.value = done;
    }),
);

function answer(ok: boolean): void {
  const done = asking.value;
  asking.value = null;
  done?.(ok);
}

export function Confirm(): JSX.Element | null {
  return asking.value ? <Question /> : null;
}

function Question(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [note, setNote] = useState("");
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const password = String(new FormData(e.currentTarget).get("password"));
    setNote("");
    try {
      await call("POST", "/me/confirm", { password });
      answer(true);
    } catch (why) {
      setNote(patience(why) || (why instanceof Error && "code" in why && why.code === "wrong_password" ? "That is not your password." : words(why)));
    }
  };
  return (
    <dialog ref={dialog} class="confirm" aria-labelledby="confirm" onClose={() => answer(false)}>
      <form onSubmit={(e) => void submit(e)}>
        <h2 id="confirm">Your password again</h2>
        <p class="hint">It was given more than five minutes ago; what you are about to do is for you alone.</p>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <p class="notice" role="alert">
          {note}
        </p>
        <div class="row">
          <button class="primary">Go on</button>
          <button type="button" onClick={() => answer(false)}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}
