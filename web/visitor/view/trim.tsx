// SPDX-License-Identifier: Apache-2.0
// Sound through Bluetooth comes late, and no browser knows by how much. Here the visitor's own senses
// say it: each house second a flash and a knock, and a slider until they are one. Or by tapping along.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { type Key, count } from "../../common/i18n";
import { pageLang } from "../page";
import { TRIM_MAX_MS, type Session } from "../session";
import { TAPS_NEEDED, lateness } from "../taps";
import type { Props } from "./props";
import { closeScreen, trimming } from "./screen";

const AHEAD_MS = 250; // knocks are handed over so long before they leave
const FLASH_MS = 120;
const FRAME_MS = 16; // what is drawn now is seen with the next frame
const SLIDE_MIN_MS = -200; // sound that is early is rare: a wrong guess of the browser's

/** Knocks and flashes, as long as the screen is up. */
function useSeconds(session: Session, flash: (on: boolean) => void): void {
  useEffect(() => {
    session.listening.hush(true);
    let knocked = 0; // the second of the newest knock, performance time
    let shown = 0;
    let frame = 0;
    const turn = (): void => {
      frame = requestAnimationFrame(turn);
      const now = performance.now();
      const next = session.secondAfter(Math.max(now, knocked + 1));
      const early = Math.max(0, session.trimMs.value) + AHEAD_MS;
      if (next - early < now && session.listening.knock(next)) knocked = next;
      const due = session.secondAfter(now + FRAME_MS - FLASH_MS);
      if (due <= now + FRAME_MS && due > shown + FLASH_MS) {
        shown = due;
        flash(true);
        setTimeout(() => flash(false), FLASH_MS);
      }
    };
    turn();
    return () => {
      cancelAnimationFrame(frame);
      session.listening.hush(false);
      session.nudge(0); // keeps what was set
    };
  }, []);
}

export function TrimScreen({ session, texts }: Props): JSX.Element {
  const light = useRef<HTMLDivElement>(null);
  const [taps, setTaps] = useState<number[]>([]);
  const [word, setWord] = useState<Key | null>(null);
  useSeconds(session, (on) => light.current?.classList.toggle("on", on));
  const trim = session.trimMs.value;
  const set = (ms: number): void => session.listening.setTrim(Math.max(-TRIM_MAX_MS, Math.min(TRIM_MAX_MS, ms)));
  const slide = (ms: number): void => {
    setWord(null);
    set(ms);
  };
  const tap = (e: MouseEvent): void => {
    const all = [...taps, e.timeStamp];
    setTaps(all.length < TAPS_NEEDED ? all : []);
    setWord(null);
    if (all.length < TAPS_NEEDED) return;
    const late = lateness(all, session.secondAfter(e.timeStamp));
    if (late !== null) set(trim + late);
    setWord(late === null ? "trim_uneven" : "trim_set");
  };
  return (
    <section class="trimming">
      <h1>{texts.trim_title}</h1>
      <p>{texts.trim_how}</p>
      <div class="flash" ref={light} aria-hidden="true" />
      <label class="slide">
        <span>
          {texts.trim_slide} <output dir="ltr">{trim > 0 ? `+${trim}` : trim} ms</output>
        </span>
        <input
          type="range"
          min={SLIDE_MIN_MS}
          max={TRIM_MAX_MS}
          step={5}
          value={trim}
          aria-valuetext={`${trim} ms`}
          onInput={(e) => slide(Number(e.currentTarget.value))}
        />
      </label>
      <p class="hint">{texts.trim_tap_how}</p>
      <button class="huge" onClick={tap}>
        {texts.trim_tap}
      </button>
      <p class="hint" role="status">
        {word ? texts[word] : taps.length > 0 ? count(texts.trim_taps, pageLang.value, TAPS_NEEDED - taps.length) : ""}
      </p>
      <div class="row">
        <button class="square" onClick={() => slide(0)}>
          {texts.trim_zero}
        </button>
        <button class="primary" onClick={() => closeScreen(trimming)}>
          {texts.trim_done}
        </button>
      </div>
      <p class="hint">{trim === 0 ? "" : texts.trim_kept}</p>
    </section>
  );
}
