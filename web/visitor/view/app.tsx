// SPDX-License-Identifier: Apache-2.0
// What the visitor sees: a code field, the group, or its text; on each, whose house this is and the
// language of the page.
import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { bring } from "../../common/bring";
import { GuideDoor } from "../guide/door";
import { texts } from "../page";
import type { Session } from "../session";
import { venue } from "../venue";
import { GroupScreen, bringParts } from "./group";
import { JoinScreen } from "./join";
import { later } from "./later";
import { LineDot } from "./line";
import { PageLanguage } from "./page_language";
import { closeScreens, reading, trimming } from "./screen";

const Reading = later(() => bring(() => import("./reading")).then((m) => m.Reading));
const TrimScreen = later(() => bring(() => import("./trim")).then((m) => m.TrimScreen));

/** What is wanted later, for the case that the line is down then. */
export function bringScreens(): void {
  bringParts();
  Reading.bring();
  TrimScreen.bring();
}

export function App({ session }: { session: Session }): JSX.Element | null {
  const t = texts.value;
  const { name = "", logo } = venue.value;
  const group = session.joined.value ? session.groupName.value : "";
  useLayoutEffect(() => {
    document.title = [group, name || "Roomtone"].filter((x) => x !== "").join(" \u00b7 ");
  }, [group, name]);
  useLayoutEffect(closeScreens, [session.joined.value]);
  if (!t) return null;
  const props = { session, texts: t };
  return (
    <>
      <header class="venue">
        {logo && <img src={`/content/${logo}`} alt="" width="40" height="40" />}
        <p>{name}</p>
        {group !== "" && <LineDot {...props} />}
      </header>
      <Screen {...props} joined={session.joined.value} />
      <PageLanguage label={t.page_language} />
    </>
  );
}

function Screen({ joined, ...props }: Parameters<typeof JoinScreen>[0] & { joined: boolean }): JSX.Element | null {
  if (!joined) return <JoinScreen {...props} />;
  if (props.session.welcome.value?.role === "guide") return <GuideDoor {...props} />;
  if (trimming.value) return <TrimScreen {...props} />;
  return reading.value ? <Reading {...props} /> : <GroupScreen {...props} />;
}
