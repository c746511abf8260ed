// SPDX-License-Identifier: Apache-2.0
// The language of the page, as a small row: each in its own words, the visitor's own first.
import type { JSX } from "preact";
import { langName } from "../../common/format";
import { LANGS, direction, pickLang } from "../../common/i18n";
import { pageLang, pickPageLang } from "../page";

export function PageLanguage({ label }: { label: string }): JSX.Element {
  const own = pickLang(navigator.languages);
  const order = [own, ...LANGS.filter((l) => l !== own)];
  return (
    <nav class="page-languages" aria-label={label}>
      {order.map((l) => (
        <button
          key={l}
          class="quiet"
          lang={l}
          dir={direction(l)}
          aria-pressed={l === pageLang.value}
          onClick={() => void pickPageLang(l)}
        >
          {langName(l)}
        </button>
      ))}
    </nav>
  );
}
