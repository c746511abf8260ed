// SPDX-License-Identifier: Apache-2.0
// A run: one unbroken stretch of one variant, laid on the phone's output clock as slots of whole
// frames, back to back.
//
//   context   ┌────slot────┬────slot────┬────slot────┐ . . horizon
//   frames    C0           C0+n         C0+2n
//   track     at           at+n*step    ...            step: track frames per context frame
//
// Slots join without gap or click because the worker goes on exactly where it stopped and start()
// is exact to the frame. What drifts is only put right through `step`: the known ppm ahead of time,
// and of the rest a little, slowly, never in the first two seconds (no warble at the start).

const SLOT_S = 0.25;
const SETTLE_S = 2;
const RESPONSE_S = 5; // an error is worked off with this time constant ...
const CORRECTION_MAX = 1000e-6; // ... at most 1.7 cents: nobody hears it
const SLEW_PER_S = 200e-6;

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

export class Run {
  readonly slots: Slot[] = [];
  aheadMs = 0;
  private readonly fadeIn: GainNode;
  private readonly fadeOut: GainNode;
  private next = 0; // context frame of the next slot
  private position = 0; // track frame there
  private step = 1;
  private begun = 0; // context time
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
    const correction =
      when - this.begun < SETTLE_S
        ? 0
        : Math.max(-CORRECTION_MAX, Math.min(CORRECTION_MAX, error / RESPONSE_S));
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

  /** True while the start is so fresh that another small fade is not noticed. */
  get young(): boolean {
    return this.ctx.currentTime < this.begun + SETTLE_S;
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
