// SPDX-License-Identifier: Apache-2.0
// What is wrong at the moment, in one sentence.
import type { JSX } from "preact";
import type { Key } from "../../common/i18n";
import type { Props } from "./props";

export function Trouble({ session, texts }: Props): JSX.Element | null {
  const failed = session.heard.value?.failed;
  const key: Key | null = session.alone.on.value
    ? "alone"
    : session.lostLong.value
    ? "lost_line"
    : session.tourMissing.value
      ? "err_ready"
      : failed
        ? "err_sound"
        : null;
  return key ? (
    <p class="notice" role="alert">
      {texts[key]}
    </p>
  ) : null;
}
