// SPDX-License-Identifier: Apache-2.0
// A run: one unbroken stretch of one variant, laid on the phone's output clock as slots of whole
// frames, back to back.
//
//   context   ┌────slot────┬────slot────┬────slot────┐ . . horizon
//   frames    C0           C0+n         C0+2n
//   track     at           at+n*step    ...            step: track frames per context frame
//
// Slots join without gap or click because the worker goes on exactly where it stopped and start()
// is exact to the frame. What drifts is only put right through `step`. The known ppm of the clocks are
// fed forward; of the error that is left, `e`, this much is worked off (the house's rule for all its
// speakers, far below what an ear notices):
//
//   correction │        .--------  at most 300 ppm
//              │     .'            sqrt(2 * brake * e): so that it can be back at nothing in time,
//              │   /               for it may only change by 20 ppm a second
//              │ /                 e / 5 s
//              '------------------ e
//
// None in the first two seconds (no warble at the start): what is wrong there was a first guess of the
// output clock, and a small jump is the better cure (`tolerance`).

const SLOT_S = 0.25;
const SETTLE_S = 2;
const RESPONSE_S = 5;
const CORRECTION_MAX = 300e-6;
const SLEW_PER_S = 20e-6;
const BRAKE_PER_S = SLEW_PER_S / 2; // half of what could be: the clocks move meanwhile
// Further off than this is put right by a jump with a crossfade. A few milliseconds between two speakers
// colour the sound, ten are an echo; steering takes 17 s for 5 ms.
const JUMP_S = 0.005;
const JUMP_NEW_S = 0.008; // the first second: the clocks are still being learnt ...
const JUMP_YOUNG_S = 0.002; // ... and then, while another small fade goes unnoticed, the rest at once;
// also after the sound card has stumbled, which was heard anyway
const NEW_S = 1;
const YOUNG_S = 4;

export interface Slot {
  start: number; // context frame
  n: number;
  step: number;
  at: number; // track frame of its first frame
  node: AudioBufferSourceNode | null; // null: asked, not here yet
}

export interface RunPort {
  render(n: number, step: number): void;
  /** Track frame that should be heard at a context time. */
  wanted(context: number): number;
  /** Track frames per context frame when nothing is wrong. */
  baseStep(): number;
}

/** How much slower to play, as a fraction, when `error` seconds ahead. */
export function correctionOf(error: number): number {
  const far = Math.abs(error);
  const size = Math.min(far / RESPONSE_S, Math.sqrt(2 * BRAKE_PER_S * far), CORRECTION_MAX);
  return error < 0 ? -size : size;
}

export class Run {
  readonly slots: Slot[] = [];
  aheadMs = 0;
  private readonly fadeIn: GainNode;
  private readonly fadeOut: GainNode;
  private next = 0; // context frame of the next slot
  private position = 0; // track frame there
  private step = 1;
  private begun = 0; // context time
  private stumbled = -Infinity; // context time
  private endAt = Infinity; // context time

  constructor(
    private readonly ctx: AudioContext,
    out: AudioNode,
    private readonly port: RunPort,
  ) {
    this.fadeIn = ctx.createGain();
    this.fadeOut = ctx.createGain();
    this.fadeIn.connect(this.fadeOut).connect(out);
  }

  /** Starts at a context frame, with a fade of `fade` seconds. Returns the track frame to seek. */
  begin(frame: number, fade: number): number {
    const when = frame / this.ctx.sampleRate;
    this.fadeIn.gain.setValueAtTime(0, 0);
    this.fadeIn.gain.setValueAtTime(0, when);
    this.fadeIn.gain.linearRampToValueAtTime(1, when + fade);
    this.begun = when;
    this.next = frame;
    this.position = this.port.wanted(when);
    this.step = this.port.baseStep();
    return this.position;
  }

  /** Asks for slots up to the horizon. Gives the error, seconds ahead, at the last slot's start. */
  fill(horizon: number): number {
    const { sampleRate, currentTime } = this.ctx;
    let error = 0;
    while (this.next / sampleRate < Math.min(currentTime + horizon, this.endAt)) {
      const n = Math.round(SLOT_S * sampleRate);
      error = this.steer();
      this.slots.push({ start: this.next, n, step: this.step, at: this.position, node: null });
      this.port.render(n, this.step);
      this.next += n;
      this.position += n * this.step;
    }
    return error;
  }

  private steer(): number {
    const when = this.next / this.ctx.sampleRate;
    const base = this.port.baseStep();
    const error = (this.position - this.port.wanted(when)) / 48_000;
    const correction = when - this.begun < SETTLE_S ? 0 : correctionOf(error);
    const goal = base * (1 - correction);
    const slew = base * SLEW_PER_S * SLOT_S;
    this.step += Math.max(-slew, Math.min(slew, goal - this.step));
    return error;
  }

  /** Schedules a chunk from the worker. False when its time is over: the run starved. */
  play(at: number, channels: Float32Array<ArrayBuffer>[]): boolean {
    const slot = this.slots.find((s) => s.node === null);
    const first = channels[0];
    if (!slot || !first || first.length !== slot.n) return true;
    const { sampleRate } = this.ctx;
    if (slot.start / sampleRate < this.ctx.currentTime) return false;
    const buffer = this.ctx.createBuffer(channels.length, slot.n, sampleRate);
    channels.forEach((data, c) => buffer.copyToChannel(data, c));
    const node = this.ctx.createBufferSource();
    node.buffer = buffer;
    node.connect(this.fadeIn);
    node.start(slot.start / sampleRate);
    slot.node = node;
    slot.at = at;
    return true;
  }

  /** True when a slot's time has come and its sound has not. */
  get starved(): boolean {
    const waiting = this.slots.find((s) => s.node === null);
    return waiting !== undefined && waiting.start / this.ctx.sampleRate < this.ctx.currentTime;
  }

  /** Ends at a context time; may be called again with another, also a later one. */
  end(when: number, fade: number): void {
    const now = this.ctx.currentTime;
    // Tiny moves of the clock are not worth touching; what is about to happen happens.
    if (Math.abs(when - this.endAt) < 0.0005 || this.endAt < now + Math.max(fade, 0.05)) return;
    this.endAt = Math.max(when, now + fade);
    const { gain } = this.fadeOut;
    gain.cancelScheduledValues(0);
    gain.setValueAtTime(1, Math.max(now, this.endAt - fade));
    gain.linearRampToValueAtTime(0, this.endAt);
  }

  /** An error beyond this, seconds, is not steered away but jumped. */
  get tolerance(): number {
    const now = this.ctx.currentTime;
    if (now - this.begun < NEW_S) return JUMP_NEW_S;
    return now - Math.max(this.begun, this.stumbled) < YOUNG_S ? JUMP_YOUNG_S : JUMP_S;
  }

  /** The card's own time broke: what was right before may be off. */
  stumble(): void {
    this.stumbled = this.ctx.currentTime;
  }

  get over(): boolean {
    return this.ctx.currentTime > this.endAt + 0.05;
  }

  /** Seconds scheduled beyond now. */
  get scheduled(): number {
    const ready = this.slots.filter((s) => s.node !== null).pop();
    return ready ? (ready.start + ready.n) / this.ctx.sampleRate - this.ctx.currentTime : 0;
  }

  /** The slot that sounds at a context time, if one does. */
  slotAt(context: number): Slot | null {
    if (context < this.begun || context >= this.endAt) return null;
    const frame = context * this.ctx.sampleRate;
    return this.slots.find((s) => s.node !== null && frame >= s.start && frame < s.start + s.n) ?? null;
  }

  /** Forgets slots that were heard long ago. */
  tidy(): void {
    const old = (this.ctx.currentTime - 2) * this.ctx.sampleRate;
    while (this.slots[0] && this.slots[0].start + this.slots[0].n < old) {
      this.slots.shift()?.node?.disconnect();
    }
  }

  stop(): void {
    for (const slot of this.slots) {
      slot.node?.stop();
      slot.node?.disconnect();
    }
    this.slots.length = 0;
    this.fadeOut.disconnect();
  }
}
