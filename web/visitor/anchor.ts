// SPDX-License-Identifier: Apache-2.0
// A media element of near silence. Direct Web Audio falls asleep behind a locked screen; a page that
// plays media is kept alive.

/** A second of next to nothing, looped: phones keep a page alive that plays media. */
export function makeAnchor(): HTMLAudioElement {
  const rate = 8000;
  const bytes = new Uint8Array(44 + rate * 2);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  };
  put(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  put(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, "data");
  view.setUint32(40, rate * 2, true);
  for (let i = 0; i < rate; i += 100) view.setInt16(44 + i * 2, 1, true); // not quite silence
  const audio = new Audio(URL.createObjectURL(new Blob([bytes], { type: "audio/wav" })));
  audio.loop = true;
  audio.setAttribute("playsinline", "");
  return audio;
}
