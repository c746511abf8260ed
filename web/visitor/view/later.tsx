// SPDX-License-Identifier: Apache-2.0
// Screens that nobody needs before Listen: brought while people read, shown as soon as they are here.
import { type Signal, signal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import type { Props } from "./props";

const RETRY_MS = 2000;

export interface Later {
  (props: Props): JSX.Element | null;
  bring(): void;
}

/** `quiet`: a part of a screen that is not missed while it comes. */
export function later(load: () => Promise<ComponentType<Props>>, quiet = false): Later {
  const got: Signal<{ Screen: ComponentType<Props> } | null> = signal(null);
  let asked = false;
  const bring = (): void => {
    if (asked) return;
    asked = true;
    load().then(
      (Screen) => (got.value = { Screen }),
      () =>
        setTimeout(() => {
          asked = false;
          bring();
        }, RETRY_MS),
    );
  };
  const shown = (props: Props): JSX.Element | null => {
    bring();
    const here = got.value;
    if (here) return <here.Screen {...props} />;
    return quiet ? null : <p class="hint">{props.texts.join_working}</p>;
  };
  return Object.assign(shown, { bring });
}
