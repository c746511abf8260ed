// SPDX-License-Identifier: Apache-2.0
// Which language is heard, and whether it is read as well.
import type { JSX } from "preact";
import { langName } from "../../common/format";
import { chooseLang } from "../../common/tour";
import type { Props } from "./props";

export function Languages({ session, texts }: Props): JSX.Element | null {
  const langs = session.languages.value;
  const cue = session.cue.value;
  const have = cue ? cue.variants.map((v) => v.lang) : langs;
  const current = chooseLang(have, session.lang.value);
  const captions = cue?.variants.some((v) => v.captions) ?? false;
  return (
    <section class="row">
      {langs.length > 1 && (
        <label class="select">
          <span>{texts.language}</span>
          <select value={current} onChange={(e) => session.setLang(e.currentTarget.value)}>
            {langs.map((l) => (
              <option key={l} value={l} lang={l}>
                {langName(l)}
              </option>
            ))}
          </select>
        </label>
      )}
      {(captions || session.captionsOn.value) && (
        <button
          class="square"
          aria-pressed={session.captionsOn.value}
          onClick={() => session.setCaptions(!session.captionsOn.value)}
        >
          {texts.captions}
        </button>
      )}
    </section>
  );
}
