// SPDX-License-Identifier: Apache-2.0
// What the visitor sees: a code field, or the group; and on either, the language of the page.
import type { JSX } from "preact";
import { texts } from "../page";
import type { Session } from "../session";
import { GroupScreen } from "./group";
import { JoinScreen } from "./join";
import { PageLanguage } from "./page_language";

export function App({ session }: { session: Session }): JSX.Element | null {
  const t = texts.value;
  if (!t) return null;
  const Screen = session.joined.value ? GroupScreen : JoinScreen;
  return (
    <>
      <Screen session={session} texts={t} />
      <PageLanguage label={t.page_language} />
    </>
  );
}
