// SPDX-License-Identifier: Apache-2.0
// What every part of the visitor's screen is given.
import type { Texts } from "../../common/i18n";
import type { Session } from "../session";

export interface Props {
  session: Session;
  texts: Texts;
}
