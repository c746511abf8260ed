// SPDX-License-Identifier: Apache-2.0
// Which cue is there in which language, and with captions.
import type { JSX } from "preact";
import { langName } from "../../common/format";
import type { Draft, Track } from "./api";

interface Props {
  draft: Draft;
  tracks: Map<string, Track>;
  langs: string[];
  name: (track: string) => string;
}

export function Coverage({ draft, tracks, langs, name }: Props): JSX.Element | null {
  if (draft.cues.length === 0 || langs.length === 0) return null;
  const cell = (track: string, lang: string): JSX.Element => {
    const v = tracks.get(track)?.variants.find((x) => x.lang === lang);
    return <td key={lang} class={v ? "" : "missing"}>{v ? (v.captions ? "sound, text" : "sound") : "missing"}</td>;
  };
  return (
    <section class="coverage" aria-labelledby="coverage">
      <h2 id="coverage">Languages</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Cues by language">
        <table>
          <thead>
            <tr>
              <th scope="col">Cue</th>
              {langs.map((l) => <th key={l} scope="col">{langName(l)}</th>)}
            </tr>
          </thead>
          <tbody>
            {draft.cues.map((c) => (
              <tr key={c.id}>
                <th scope="row">{name(c.track)}</th>
                {langs.map((l) => cell(c.track, l))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
