// SPDX-License-Identifier: Apache-2.0
// A knock on wood: short enough to be placed by ear, soft enough for headphones.

const SECONDS = 0.06;
const HERTZ = 880;
const DECAY_S = 0.009;
const GAIN = 0.5;

export function knock(ctx: AudioContext, at: number): void {
  const { sampleRate } = ctx;
  const buffer = ctx.createBuffer(1, Math.round(SECONDS * sampleRate), sampleRate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) {
    const t = i / sampleRate;
    samples[i] = GAIN * Math.exp(-t / DECAY_S) * Math.sin(2 * Math.PI * HERTZ * t);
  }
  const node = new AudioBufferSourceNode(ctx, { buffer });
  node.connect(ctx.destination);
  node.start(at);
}
