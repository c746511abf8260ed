// SPDX-License-Identifier: Apache-2.0
// Ten minutes of one figure as a line, newest at the right; a gap where nothing was said.
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { POINTS, type Point, type Trace, span } from "./trace";

interface PlotProps {
  trace: Trace;
  figure: "error" | "dac" | "buffer";
  least: number; // the plot never spans less
  height: number; // px
  label: string; // what a reader of screens hears
  band?: number; // what is good, on both sides of zero
  middle?: boolean; // around its mean, for figures that stand far from zero
  text?: (value: number) => string; // of the limits, at the edge
  turn: number; // draws anew when it changes
}

export function Plot({ trace, figure, least, height, label, band, middle, text, turn }: PlotProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, { trace, figure, least, band, middle, text });
  }, [turn, trace, figure]);
  return <canvas ref={canvas} class="plot" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}

function draw(c: HTMLCanvasElement, p: Pick<PlotProps, "trace" | "figure" | "least"> & Partial<PlotProps>): void {
  const scale = devicePixelRatio || 1;
  const width = Math.round(c.clientWidth * scale), height = Math.round(c.clientHeight * scale);
  if (c.width !== width) c.width = width;
  if (c.height !== height) c.height = height;
  const g = c.getContext("2d");
  if (!g || width === 0) return;
  g.clearRect(0, 0, width, height);
  const style = getComputedStyle(c);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const values = p.trace.flatMap((x) => x[p.figure] ?? []);
  const zero = p.middle && values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : 0;
  const most = span(values.map((v) => v - zero), p.least);
  const y = (v: number): number => height / 2 - ((v - zero) / most) * (height / 2 - 2 * scale);
  if (p.band !== undefined && p.band < most) {
    g.fillStyle = colour("--line");
    g.globalAlpha = 0.35;
    g.fillRect(0, y(p.band), width, y(-p.band) - y(p.band));
    g.globalAlpha = 1;
  }
  g.strokeStyle = colour("--line");
  g.beginPath();
  g.moveTo(0, y(zero));
  g.lineTo(width, y(zero));
  g.stroke();
  line(g, p.trace, p.figure, (i) => (width * (POINTS - p.trace.length + i + 0.5)) / POINTS, y, colour("--light"), scale);
  if (!p.text) return;
  g.fillStyle = colour("--soft");
  g.font = `${12 * scale}px system-ui, sans-serif`;
  g.fillText(p.text(zero + most), 2 * scale, 13 * scale);
  g.fillText(p.text(zero - most), 2 * scale, height - 4 * scale);
}

function line(
  g: CanvasRenderingContext2D, trace: Trace, figure: "error" | "dac" | "buffer",
  x: (i: number) => number, y: (v: number) => number, colour: string, scale: number,
): void {
  g.strokeStyle = colour;
  g.lineWidth = 1.5 * scale;
  g.lineJoin = "round";
  g.beginPath();
  let before: number | null = null;
  trace.forEach((point: Point, i) => {
    const v = point[figure];
    if (v !== null) {
      if (before === null) g.moveTo(x(i) - 0.75 * scale, y(v));
      g.lineTo(x(i), y(v));
    }
    before = v;
  });
  g.stroke();
}
