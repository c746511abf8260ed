// SPDX-License-Identifier: Apache-2.0
// The section "House": what the venue is called and looks like.
import type { JSX } from "preact";
import { LookForm } from "./look";

export function House(): JSX.Element {
  return <LookForm />;
}
