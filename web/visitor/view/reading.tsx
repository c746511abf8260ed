// SPDX-License-Identifier: Apache-2.0
// The whole text of a stop, to be read before, after or instead of listening: this stop's, and those
// that the group has heard already. What comes later stays the guide's to tell.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { Backoff } from "../../common/backoff";
import { type Cue, chooseVariant, titleIn } from "../../common/tour";
import { type Caption, captionAt, readVtt } from "../../common/vtt";
import { Lines } from "./captions";
import { useScreenOn } from "../wake";
import type { Props } from "./props";
import { closeScreen, reading } from "./screen";

export { Captions } from "./captions"; // in one file: one that both would need apart could fail for both

/** Null while it is on its way; "lost" while it cannot be had. */
function useText(hash: string | undefined): Caption[] | "lost" | null {
  const [text, setText] = useState<Caption[] | "lost" | null>(null);
  useEffect(() => {
    let wanted = true;
    const again = new Backoff();
    setText(hash ? null : []);
    const load = async (): Promise<void> => {
      const response = await fetch(`/content/${hash ?? ""}.vtt`).catch(() => null);
      const got = response?.ok ? readVtt(await response.text()) : "lost";
      if (!wanted) return;
      setText(got);
      if (got === "lost") setTimeout(() => wanted && void load(), again.next());
    };
    if (hash) void load();
    return () => {
      wanted = false;
    };
  }, [hash]);
  return text;
}

export function Reading({ session, texts }: Props): JSX.Element {
  useScreenOn();
  const cues = session.tour.value?.cues ?? [];
  const now = session.part.value?.cue ?? -1;
  const [picked, setPicked] = useState(-1);
  const index = picked >= 0 && picked < now ? picked : now;
  const cue: Cue | undefined = cues[index];
  const variant = cue && chooseVariant(cue, session.lang.value);
  const text = useText(variant?.captions);
  const title = (c: Cue): string => titleIn(c.title, session.lang.value);
  const here = index === now;
  return (
    <section class="reading">
      <div class="reading-head">
        <button class="square" autoFocus onClick={() => closeScreen(reading)}>
          {texts.back}
        </button>
        {now > 0 && (
          <label class="select">
            <span>{texts.earlier}</span>
            <select value={index} onChange={(e) => setPicked(Number(e.currentTarget.value))}>
              {cues.slice(0, now + 1).map((c, i) => (
                <option key={c.id} value={i}>
                  {title(c)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <h1>
        <bdi>{cue ? title(cue) : texts.text_of}</bdi>
      </h1>
      {here && Array.isArray(text) && text.length > 0 && <p class="hint">{texts.here}</p>}
      {text === null && <p class="hint" role="status">{texts.join_working}</p>}
      {text === "lost" && <p class="notice" role="alert">{texts.no_text_loaded}</p>}
      {Array.isArray(text) && text.length === 0 && <p class="hint">{texts.no_captions}</p>}
      {Array.isArray(text) && text.length > 0 && (
        <Lines
          class="transcript"
          label={texts.text_of}
          captions={text}
          current={here ? captionAt(text, session.part.value?.position ?? 0) : -1}
          lang={variant?.lang ?? "en"}
        />
      )}
    </section>
  );
}
