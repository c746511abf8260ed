// SPDX-License-Identifier: Apache-2.0
// A small dot while the line to the house is down; after a while trouble.tsx says more.
import type { JSX } from "preact";
import type { Props } from "./props";

export function LineDot({ session, texts }: Props): JSX.Element | null {
  if (session.line.value === "joined") return null;
  return (
    <p class="dot-line" role="status">
      <span class="dot" aria-hidden="true" />
      {texts.reconnecting}
    </p>
  );
}
