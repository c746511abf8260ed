// SPDX-License-Identifier: Apache-2.0
// One cue as a picture of its sound: outline, fades, playhead, and a part that can be heard by itself.
//
//    fade in      part that is heard      fade out
//   ╱▁▃▅▇▅▃▁  [ ▃▅▇▇▅▃▁▁▃▅▇▅ ]  ▁▃▅▇▅▃▁╲
//                  │ playhead
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { clockText } from "../../common/format";
import type { DraftCue } from "./api";
import { outline, peaksOf } from "./peaks";
import type { Preview } from "./preview";

const WIDTH = 600;
const STEP_US = 1e6;

interface Props {
  cue: DraftCue;
  dur_us: number;
  peaks: string | undefined;
  preview: Preview;
  name: string;
}

export function Wave({ cue, dur_us, peaks, preview, name }: Props): JSX.Element {
  const [points, setPoints] = useState("");
  const [part, setPart] = useState<[number, number]>([0, dur_us]);
  const box = useRef<SVGSVGElement>(null);
  const drag = useRef<number | null>(null);
  useEffect(() => {
    let here = true;
    setPoints("");
    if (peaks) void peaksOf(peaks).then((p) => here && p && setPoints(outline(p, dur_us, WIDTH)));
    return () => void (here = false);
  }, [peaks, dur_us]);
  const x = (us: number): number => (us / dur_us) * WIDTH;
  const [from, to] = [Math.min(part[0], dur_us), Math.min(part[1], dur_us)];
  const usOf = (e: PointerEvent): number => {
    const r = box.current?.getBoundingClientRect();
    return r ? Math.round(Math.min(1, Math.max(0, (e.clientX - r.left) / r.width)) * dur_us) : 0;
  };
  const now = preview.now.value;
  const here = now?.cue === cue.id ? now : null;
  const bound = (which: 0 | 1, value: number): void => setPart(which === 0 ? [Math.min(value, to - STEP_US / 2), to] : [from, Math.max(value, from + STEP_US / 2)]);
  return (
    <div class="wave">
      <svg
        ref={box}
        viewBox={`0 0 ${WIDTH} 2`}
        preserveAspectRatio="none"
        aria-hidden="true"
        onPointerDown={(e) => {
          drag.current = usOf(e);
          e.currentTarget.setPointerCapture(e.pointerId);
        }}
        onPointerMove={(e) => {
          const at = usOf(e);
          if (drag.current !== null && Math.abs(at - drag.current) > dur_us / 200)
            setPart([Math.min(at, drag.current), Math.max(at, drag.current)]);
        }}
        onPointerUp={() => (drag.current = null)}
      >
        {points ? <polygon class="sound" points={points} /> : <rect class="sound flat" x="0" y="0.9" width={WIDTH} height="0.2" />}
        <polygon class="fade" points={`0,0 ${x(cue.fade_in_us)},0 0,1 ${x(cue.fade_in_us)},2 0,2`} />
        <polygon class="fade" points={`${WIDTH},0 ${x(dur_us - cue.fade_out_us)},0 ${WIDTH},1 ${x(dur_us - cue.fade_out_us)},2 ${WIDTH},2`} />
        <rect class={from > 0 || to < dur_us ? "part" : "part whole"} x={x(from)} y="0" width={Math.max(1, x(to) - x(from))} height="2" />
        {here && <rect class="head" x={x(here.at_us) - 1} y="0" width="2" height="2" />}
      </svg>
      <div class="bounds">
        {([0, 1] as const).map((which) => (
          <label key={which}>
            {which === 0 ? "From" : "To"} {clockText(which === 0 ? from : to)}
            <input
              type="range"
              min={0}
              max={dur_us}
              step={STEP_US / 2}
              value={which === 0 ? from : to}
              aria-valuetext={clockText(which === 0 ? from : to)}
              onInput={(e) => bound(which, Number(e.currentTarget.value))}
            />
          </label>
        ))}
        {here ? (
          <button onClick={() => preview.stop()}>Stop {clockText(here.at_us)}</button>
        ) : (
          <button onClick={() => preview.part(cue, from, to)}>
            Hear the part<span class="unseen"> of {name}</span>
          </button>
        )}
      </div>
    </div>
  );
}
