// SPDX-License-Identifier: Apache-2.0
// Where the visitor's page opens to what only guides, or only groups with a guide, need. What lies
// behind is fetched when it is wanted, with its styles and its words.
import type { JSX } from "preact";
import { bring } from "../../common/bring";
import { later } from "../view/later";
import type { Props } from "../view/props";

/** The whole screen, for guides. */
export const GuideDoor = later(() => bring(() => import("./page")).then((m) => m.prepare().then(() => m.GuidePage)));

const Signs = later(() => bring(() => import("./strip")).then((m) => m.prepare().then(() => m.SignsStrip)), true);
const Pin = later(() => bring(() => import("./strip")).then((m) => m.prepare().then(() => m.PinForm)), true);

/** Hands and reactions, for the visitors of a group that somebody leads. */
export function SignsDoor(props: Props): JSX.Element | null {
  const { state, askedAt } = props.session;
  return state.value?.guide !== undefined || askedAt.value > 0 ? <Signs {...props} /> : null;
}

/** Where a guide who came as a visitor types the PIN. */
export function PinDoor(props: Props): JSX.Element | null {
  return props.session.welcome.value?.pin ? <Pin {...props} /> : null;
}
