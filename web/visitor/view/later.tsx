// SPDX-License-Identifier: Apache-2.0
// Screens that nobody needs before Listen: brought while people read, shown as soon as they are here.
import { type Signal, signal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { Backoff } from "../../common/backoff";
import type { Props } from "./props";

export interface Later {
  (props: Props): JSX.Element | null;
  bring(): void;
}

/** `quiet`: a part of a screen that is not missed while it comes. */
export function later(load: () => Promise<ComponentType<Props>>, quiet = false): Later {
  const got: Signal<{ Screen: ComponentType<Props> } | null> = signal(null);
  const again = new Backoff();
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
        }, again.next()),
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
