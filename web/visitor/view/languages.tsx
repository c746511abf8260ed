// SPDX-License-Identifier: Apache-2.0
// Which language is heard, and whether it is read as well: along with the sound, or whole.
import type { JSX } from "preact";
import { langName } from "../../common/format";
import { direction } from "../../common/i18n";
import { chooseLang } from "../../common/tour";
import type { Props } from "./props";
import { openScreen, reading } from "./screen";

const MISSED_US = 20e6; // joining this far into a stop, one has missed something

export function Languages({ session, texts }: Props): JSX.Element {
  const langs = session.languages.value;
  const cue = session.cue.value;
  const have = cue ? cue.variants.map((v) => v.lang) : langs;
  const current = chooseLang(have, session.lang.value);
  const captions = cue?.variants.some((v) => v.captions) ?? false;
  const missed = session.sound.value === "off" && (session.part.value?.position ?? 0) > MISSED_US;
  return (
    <section class="row">
      {langs.length > 1 && (
        <label class="select">
          <span>{texts.language}</span>
          <select value={current} onChange={(e) => session.setLang(e.currentTarget.value)}>
            {langs.map((l) => (
              <option key={l} value={l} lang={l} dir={direction(l)}>
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
      {captions && (
        <button class="square" onClick={() => openScreen(reading)}>
          {missed ? texts.read_missed : texts.read}
        </button>
      )}
    </section>
  );
}
