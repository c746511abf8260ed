// SPDX-License-Identifier: Apache-2.0
// The venue's colour on our grounds: kept as it is where it can be read, else mixed with white (or
// black) just far enough. Contrast as WCAG 2.2 defines it.

export type Rgb = readonly [number, number, number]; // 0 to 255

export const CONTRAST_MIN = 4.5;

export function readColour(text: unknown): Rgb | null {
  const m = typeof text === "string" ? /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text) : null;
  return m ? [parseInt(m[1] as string, 16), parseInt(m[2] as string, 16), parseInt(m[3] as string, 16)] : null;
}

export function colourText(c: Rgb): string {
  return `#${c.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}

function luminance(c: Rgb): number {
  const [r, g, b] = c.map((v) => (v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The colour, or the nearest mix of it that can be read on every one of `grounds`. */
export function readableOn(colour: Rgb, grounds: readonly Rgb[]): Rgb {
  const good = (c: Rgb): boolean => grounds.every((g) => contrast(c, g) >= CONTRAST_MIN);
  const to = luminance(grounds[0] ?? [0, 0, 0]) < 0.2 ? 255 : 0;
  for (let part = 0; part <= 1; part += 0.02) {
    const mixed = colour.map((v) => Math.round(v + (to - v) * part)) as unknown as Rgb;
    if (good(mixed)) return mixed;
  }
  return [to, to, to];
}
