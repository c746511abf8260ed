// SPDX-License-Identifier: Apache-2.0
// The section "House": what the venue is called and looks like, where it is.
import type { JSX } from "preact";
import type { Props } from "../later";
import { address, may } from "../sections";
import { ExhibitionForm } from "./exhibition";
import { LookForm } from "./look";
import { PlaceForm } from "./place";

export function House({ model }: Props): JSX.Element {
  return (
    <>
      <LookForm />
      <PlaceForm />
      <ExhibitionForm model={model} />
      {may(model.me.value?.role, "admin") && (
        <p class="hint">
          <a class="button" href={address("setup")}>Go through the set-up again</a>
        </p>
      )}
    </>
  );
}
