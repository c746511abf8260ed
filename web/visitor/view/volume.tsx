// SPDX-License-Identifier: Apache-2.0
// How loud, for this visitor alone.
import type { JSX } from "preact";
import { dbOf, gainAt, sliderOf } from "../../common/level";
import type { Props } from "./props";

export function Volume({ session, texts }: Props): JSX.Element {
  const muted = session.muted.value;
  const gain = muted ? 0 : session.volume.value;
  const words = gain > 0 ? `${Math.round(dbOf(gain))} dB`.replace("-", "\u2212") : texts.mute;
  return (
    <div class="volume">
      <button class="square" aria-pressed={muted} onClick={() => session.setMuted(!muted)}>
        {muted ? texts.unmute : texts.mute}
      </button>
      <input
        type="range"
        min="0"
        max="1"
        step="0.025"
        aria-label={texts.volume}
        aria-valuetext={words}
        value={sliderOf(gain)}
        onInput={(e) => session.setVolume(gainAt(Number(e.currentTarget.value)))}
      />
    </div>
  );
}
