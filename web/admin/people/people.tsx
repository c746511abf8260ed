// SPDX-License-Identifier: Apache-2.0
// The section "People": my own password and sessions; for admins everybody, and who did what.
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import type { Props } from "../later";
import { address, may, place } from "../sections";
import { OwnPassword } from "./own";
import { Sessions } from "./sessions";
import { Trail } from "./trail";
import { Users } from "./users";
import { houseNow } from "./when";

const PARTS = [
  { id: "", title: "Users", View: Users },
  { id: "sessions", title: "Sessions", View: Sessions },
  { id: "trail", title: "Who did what", View: Trail },
  { id: "me", title: "My password", View: OwnPassword },
] as const;

export function People({ model }: Props): JSX.Element {
  useEffect(() => {
    const look = (): void => {
      // By tens of seconds: what is shown changes no faster.
      if (model.core.valid) houseNow.value = Math.floor(model.core.house(performance.now()) / 1e7) * 1e7;
    };
    look();
    const timer = setInterval(look, 1000);
    return () => clearInterval(timer);
  }, [model]);
  if (!may(model.me.value?.role, "admin"))
    return (
      <>
        <OwnPassword model={model} />
        <Sessions model={model} />
      </>
    );
  const part = PARTS.find((p) => p.id === (place.value[1] ?? "")) ?? PARTS[0];
  return (
    <>
      <nav class="parts" aria-label="People">
        {PARTS.map((p) => (
          <a key={p.id} href={p.id === "" ? address("people") : address("people", p.id)} aria-current={p === part ? "page" : undefined}>
            {p.title}
          </a>
        ))}
      </nav>
      <part.View model={model} />
    </>
  );
}
