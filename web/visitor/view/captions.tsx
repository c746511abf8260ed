// SPDX-License-Identifier: Apache-2.0
// The text of what is heard, the line of this moment marked and in sight.
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { direction } from "../../common/i18n";
import { chooseVariant } from "../../common/tour";
import { type Caption, captionAt } from "../../common/vtt";
import { useScreenOn } from "../wake";
import type { Props } from "./props";

export function Captions({ session, texts }: Props): JSX.Element {
  useScreenOn();
  const captions = session.captions.value;
  const cue = session.cue.value;
  if (captions.length === 0) return <p class="hint">{texts.no_captions}</p>;
  const lang = cue ? chooseVariant(cue, session.lang.value).lang : session.lang.value;
  const current = captionAt(captions, session.part.value?.position ?? 0);
  return <Lines class="captions" label={texts.captions} captions={captions} current={current} lang={lang} />;
}

interface LinesProps {
  class: string;
  label: string;
  captions: readonly Caption[];
  current: number; // index of the line of this moment; -1: none
  lang: string;
}

/** Scrolls within itself, so that the page stays where the visitor has it. */
export function Lines({ class: name, label, captions, current, lang }: LinesProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const line = box.current?.querySelectorAll("li")[Math.max(0, current)];
    if (!box.current || !line) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = line.offsetTop - box.current.offsetTop - box.current.clientHeight / 3;
    box.current.scrollTo({ top, behavior: still ? "auto" : "smooth" });
  }, [current, captions]);
  return (
    <div class={`scroller ${name}`} ref={box} tabIndex={0} role="region" aria-label={label}>
      <ol lang={lang} dir={direction(lang)}>
        {captions.map((c, i) => (
          <li key={i} aria-current={i === current} class={i === current ? "current" : i < current ? "past" : ""}>
            {c.text}
          </li>
        ))}
      </ol>
    </div>
  );
}
