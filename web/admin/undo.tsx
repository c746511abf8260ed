// SPDX-License-Identifier: Apache-2.0
// "… was done. Undo": for what is done on the box at once. The newest stays until the next, or until it is put away.
import { signal } from "@preact/signals";
import type { JSX } from "preact";

const last = signal<{ what: string; back: () => Promise<unknown> } | null>(null);

/** Something was done that `back` takes back. */
export function undoable(what: string, back: () => Promise<unknown>): void {
  last.value = { what, back };
}

export function Undone(): JSX.Element {
  const done = last.value;
  const undo = (): void => {
    last.value = null;
    void done?.back();
  };
  return (
    <div class="undone" role="status">
      {done && (
        <p>
          {done.what} <button onClick={undo}>Undo</button>
          <button class="quiet" onClick={() => (last.value = null)}>
            Fine
          </button>
        </p>
      )}
    </div>
  );
}
