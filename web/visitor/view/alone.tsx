// SPDX-License-Identifier: Apache-2.0
// Without the house: the stops that this phone has kept, each a button, and a pause.
import type { JSX } from "preact";
import type { Texts } from "../../common/i18n";
import { titleIn } from "../../common/tour";
import type { Session } from "../session";

export function AloneStops({ session, texts }: { session: Session; texts: Texts }): JSX.Element | null {
  const { alone } = session;
  if (!alone.on.value) return null;
  const running = session.part.value?.mode === "running";
  return (
    <section class="alone">
      {session.sound.value !== "off" && (
        <button class="square" onClick={() => (running ? alone.pause() : alone.goOn())}>
          {running ? texts.alone_pause : texts.alone_play}
        </button>
      )}
      <ol>
        {session.tour.value?.cues.map((cue, i) => (
          <li key={cue.id}>
            <button
              class="square"
              aria-current={i === session.part.value?.cue}
              onClick={() => {
                session.listen();
                alone.play(i);
              }}
            >
              {titleIn(cue.title, session.lang.value)}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
