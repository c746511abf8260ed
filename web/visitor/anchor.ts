// SPDX-License-Identifier: Apache-2.0
// A media element that nobody hears. Direct Web Audio falls asleep behind a locked screen; a page that
// plays media is kept alive.
//
// Loud enough for Chromium, which calls silent what is below -72 dBFS: a sine of 20 Hz at -60.8 dBFS. A headset that
// plays full scale at 110 dB gives 49 dB of it, and 20 Hz is heard from 78 dB on. Longer than 5 s, up to which
// browsers take a sound for a mere beep, that needs no controls on the lock screen.

const RATE = 8000;
const PERIOD = RATE / 20; // frames
const PEAK = 42; // of 32768
const PERIODS = 200; // 10 s, whole ones: the end meets the beginning

export function makeAnchor(): HTMLAudioElement {
  const bytes = PERIODS * PERIOD * 2;
  const head = new Uint32Array([
    0x46464952, 36 + bytes, 0x45564157, // "RIFF", "WAVE"
    0x20746d66, 16, 0x10001, RATE, RATE * 2, 0x100002, // "fmt ": PCM, mono, 16 bit
    0x61746164, bytes, // "data"
  ]);
  const period = new Int16Array(PERIOD).map((_, i) => Math.round(PEAK * Math.sin((2 * Math.PI * i) / PERIOD)));
  const wave = new Array<BlobPart>(PERIODS).fill(period);
  const audio = new Audio(URL.createObjectURL(new Blob([head, ...wave], { type: "audio/wav" })));
  audio.loop = true;
  audio.setAttribute("playsinline", "");
  return audio;
}
