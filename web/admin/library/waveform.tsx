// SPDX-License-Identifier: Apache-2.0
// The picture of a sound, with a playhead: listen from any point, by pointer and by keyboard.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { clockText } from "../../common/format";

export interface Peaks {
  span: number; // frames (48 kHz) a point
  top: Uint8Array; // 0-255
  mean: Uint8Array;
}

const HEAD = 8;
const POINTS_MAX = 4000;

/** content/ingest/peaks.h; null when it is none. */
export function readPeaks(data: ArrayBuffer): Peaks | null {
  const bytes = new Uint8Array(data);
  const points = (bytes.length - HEAD) / 2;
  if (points < 1 || points > POINTS_MAX || points % 1 !== 0) return null;
  if (String.fromCharCode(...bytes.slice(0, 4)) !== "RTP1") return null;
  const span = new DataView(data).getUint32(4, true);
  if (span < 1) return null;
  const top = new Uint8Array(points);
  const mean = new Uint8Array(points);
  for (let i = 0; i < points; i++) {
    top[i] = bytes[HEAD + 2 * i] as number;
    mean[i] = bytes[HEAD + 2 * i + 1] as number;
  }
  return { span, top, mean };
}

/** What somebody who does not see it should know. */
export function describe(p: Peaks, dur: number): string {
  let loudest = 0;
  let quiet = 0;
  for (let i = 0; i < p.mean.length; i++) {
    if ((p.mean[i] as number) > (p.mean[loudest] as number)) loudest = i;
    if ((p.mean[i] as number) < 3) quiet++;
  }
  const at = (loudest * p.span * 1e6) / 48000;
  const silent = Math.round((100 * quiet) / p.mean.length);
  return `Waveform of ${clockText(dur)}: loudest at ${clockText(at)}, ${silent} % near silence.`;
}

function draw(canvas: HTMLCanvasElement, p: Peaks, played: number): void {
  const context = canvas.getContext("2d");
  const scale = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (!context || width === 0) return;
  canvas.width = width;
  canvas.height = height;
  const style = getComputedStyle(canvas);
  const colours = { played: style.getPropertyValue("--light"), rest: style.getPropertyValue("--edge"), mean: style.getPropertyValue("--text") };
  const n = p.top.length;
  for (let x = 0; x < width; x++) {
    const from = Math.floor((x * n) / width);
    const to = Math.max(from + 1, Math.floor(((x + 1) * n) / width));
    let top = 0;
    let mean = 0;
    for (let i = from; i < to && i < n; i++) {
      top = Math.max(top, p.top[i] as number);
      mean = Math.max(mean, p.mean[i] as number);
    }
    const bar = (value: number, colour: string): void => {
      const h = Math.max(scale, (value / 255) * height);
      context.fillStyle = colour;
      context.fillRect(x, (height - h) / 2, 1, h);
    };
    bar(top, x / width < played ? colours.played : colours.rest);
    bar(mean, x / width < played ? colours.played : colours.mean);
  }
}

export interface Sound {
  opus: string;
  peaks?: string | undefined;
  dur: number; // us
  name: string; // for its label
}

export function Waveform({ sound }: { sound: Sound }): JSX.Element {
  const audio = useRef<HTMLAudioElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [peaks, setPeaks] = useState<Peaks | null>(null);
  const [at, setAt] = useState(0); // us
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    setPeaks(null);
    setAt(0);
    setPlaying(false);
    let here = true;
    if (sound.peaks)
      fetch(`/content/${sound.peaks}.peaks`)
        .then(async (r) => (r.ok ? readPeaks(await r.arrayBuffer()) : null))
        .then((p) => here && setPeaks(p), () => undefined);
    return () => {
      here = false;
    };
  }, [sound.opus, sound.peaks]);
  useEffect(() => {
    const c = canvas.current;
    if (!c || !peaks) return undefined;
    const again = (): void => draw(c, peaks, at / sound.dur);
    again();
    const watch = new ResizeObserver(again);
    watch.observe(c);
    return () => watch.disconnect();
  }, [peaks, at, sound.dur]);
  const go = (us: number): void => {
    const to = Math.min(Math.max(us, 0), sound.dur);
    if (audio.current) audio.current.currentTime = to / 1e6;
    setAt(to);
  };
  const toggle = (): void => {
    const a = audio.current;
    if (!a) return;
    if (a.paused) void a.play().catch(() => setPlaying(false));
    else a.pause();
  };
  const point = (e: PointerEvent & { currentTarget: HTMLElement }): void => {
    const box = e.currentTarget.getBoundingClientRect();
    go(((e.clientX - box.left) / box.width) * sound.dur);
    if (audio.current?.paused) toggle();
  };
  return (
    <div class="wave">
      <audio
        ref={audio}
        src={`/content/${sound.opus}.opus`}
        preload="none"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={(e) => setAt(e.currentTarget.currentTime * 1e6)}
      />
      <canvas ref={canvas} role="img" aria-label={peaks ? describe(peaks, sound.dur) : "There is no waveform of this sound."} onPointerDown={point} />
      <div class="wave-row">
        <button onClick={toggle} aria-label={`${playing ? "Pause" : "Play"} ${sound.name}`}>
          {playing ? "Pause" : "Play"}
        </button>
        <input
          type="range"
          min={0}
          max={Math.ceil(sound.dur / 1e6)}
          step={1}
          value={Math.floor(at / 1e6)}
          aria-label={`Position in ${sound.name}`}
          aria-valuetext={`${clockText(at)} of ${clockText(sound.dur)}`}
          onInput={(e) => go(Number(e.currentTarget.value) * 1e6)}
        />
        <span class="wave-time">
          {clockText(at)} / {clockText(sound.dur)}
        </span>
      </div>
    </div>
  );
}
