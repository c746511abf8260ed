// SPDX-License-Identifier: Apache-2.0
// The text of what is heard, the line of this moment marked and in sight.
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { captionAt } from "../../common/vtt";
import type { Props } from "./props";

export function Captions({ session, texts }: Props): JSX.Element {
  const captions = session.captions.value;
  const current = captionAt(captions, session.part.value?.position ?? 0);
  const box = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const line = box.current?.children[Math.max(0, current)] as HTMLElement | undefined;
    if (!box.current || !line) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = line.offsetTop - box.current.offsetTop - box.current.clientHeight / 3;
    box.current.scrollTo({ top, behavior: still ? "auto" : "smooth" });
  }, [current, captions]);
  if (captions.length === 0) return <p class="hint">{texts.no_captions}</p>;
  return (
    <ol class="captions" ref={box} tabIndex={0} aria-label={texts.captions} lang={session.lang.value}>
      {captions.map((c, i) => (
        <li key={i} aria-current={i === current} class={i === current ? "current" : ""}>
          {c.text}
        </li>
      ))}
    </ol>
  );
}
