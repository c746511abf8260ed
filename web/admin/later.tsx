// SPDX-License-Identifier: Apache-2.0
// Parts of the page that are fetched when somebody opens them.
import { signal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import type { Model } from "./model";

export interface Props {
  model: Model;
}

/** A component that is here once `load` has brought it; a failed try is repeated when it is shown again. */
export function later(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const got = signal<{ Part: ComponentType<Props> } | "wanted" | "failed" | null>(null);
  const bring = (): void => {
    got.value = "wanted";
    load().then(
      (Part) => (got.value = { Part }),
      () => (got.value = "failed"),
    );
  };
  return function Later(props: Props): JSX.Element {
    const here = got.value;
    if (here === null) queueMicrotask(bring);
    if (here === "failed")
      return (
        <p class="empty">
          This part of the page did not come. <button onClick={bring}>Try again</button>
        </p>
      );
    if (here === null || here === "wanted") return <p class="empty">One moment{"…"}</p>;
    return <here.Part {...props} />;
  };
}
