// SPDX-License-Identifier: Apache-2.0
// The page's one WebSocket: keeps it open, keeps the clock measured, hands messages on.
//
//        connect                 welcome
//   idle -------> connecting ------------> joined
//     ^               ^   close, 5 s         |  close, or no answer to a time question for 6 s,
//     | refused       '------- waiting <-----'  or for 1 s after waking up
//     '--- (the same socket takes another hello)
//
// Waiting is random from the first try (0-1 s, then 1.6 times longer, at most 10 s: backoff.ts), so that a
// room full of phones does not come back in one instant. Coming back to the page ends the wait, and so
// does waking up, which no browser reliably tells: a turn that comes late, or a wall clock that ran
// further than the page's own, says so too. Coming back to the network begins it anew: when an access
// point starts again, all phones do so together.
//
// Everything that is due is done in turn(), which anybody may call: behind a locked screen the
// page's own timers are slow, and the sound worker's ticks drive it (visitor/session.ts).
import { Backoff } from "./backoff";
import type { Core } from "./core";
import type { FromServer, Hello } from "./wire";

const CONNECT_LIMIT_MS = 5000;
const SILENCE_LIMIT_MS = 6000;
const WAKE_LIMIT_MS = 1000; // after waking up, a good socket answers at once
const SLEPT_MS = 3000; // a turn this much later than due: the page was frozen, or the phone asleep
const JUMP_MS = 1000; // the wall clock against the page's own: the phone slept, or was set
const TURN_MAX_MS = 1000;

export type LinkState = "idle" | "connecting" | "joined" | "waiting";

export interface LinkEvents {
  /** What this page understands. */
  read(text: string): FromServer | null;
  message(m: FromServer): void;
  state(s: LinkState): void;
}

export class Link {
  state: LinkState = "idle";
  private socket: WebSocket | null = null;
  private hello: Hello | null = null;
  private readonly backoff = new Backoff();
  // Instants on the page's clock (performance.now), ms; Infinity: nothing to wait for.
  private alarmAt = Infinity; // connecting: give up; waiting: connect
  private askAt = Infinity; // the next question about time
  private answerBy = Infinity; // the oldest question without an answer
  private turnDue = Infinity;
  private waking = false; // answerBy is the short limit after waking up
  private wallAhead = wallAhead();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly core: Core,
    private readonly events: LinkEvents,
    private readonly url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`,
  ) {
    const back = (): void => this.hurry();
    addEventListener("online", () => this.online());
    addEventListener("pageshow", back);
    document.addEventListener("resume", back);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") back();
    });
  }

  /** Joins with this hello now, and again after every loss, until it is refused or left. */
  join(hello: Hello): void {
    this.hello = hello;
    this.backoff.reset();
    if (this.socket?.readyState === WebSocket.OPEN) this.send(hello);
    else this.connect();
  }

  /** What to say the next time instead: more is known by now. */
  nextTime(hello: Hello): void {
    if (this.hello) this.hello = hello;
  }

  /** Refused for now: comes back with the same hello, as after a loss. */
  again(hello: Hello): void {
    this.hello = hello;
    this.lost(this.socket);
  }

  leave(): void {
    this.hello = null;
    this.drop();
    this.become("idle");
  }

  /** False when there is no open socket: the message is gone, the caller knows best what to do. */
  send(message: object): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  private become(state: LinkState): void {
    if (state === this.state) return;
    this.state = state;
    this.events.state(state);
  }

  private drop(): void {
    const old = this.socket;
    this.socket = null;
    this.alarmAt = this.askAt = this.answerBy = Infinity;
    this.waking = false;
    old?.close();
  }

  private connect(): void {
    this.drop();
    this.become("connecting");
    const socket = new WebSocket(this.url, "roomtone.v1");
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.alarmAt = performance.now() + CONNECT_LIMIT_MS;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.alarmAt = Infinity;
      this.askTime();
      if (this.hello) this.send(this.hello);
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      const arrived = performance.now();
      if (socket !== this.socket) return;
      if (typeof event.data === "string") this.take(event.data);
      else this.takeTime(new Uint8Array(event.data), arrived);
    };
    socket.onclose = () => this.lost(socket);
    this.schedule();
  }

  // --- the turn ---

  /** Does what is due. */
  turn(): void {
    const now = performance.now();
    const ahead = wallAhead();
    const slept = now - this.turnDue > SLEPT_MS || Math.abs(ahead - this.wallAhead) > JUMP_MS;
    this.wallAhead = ahead;
    if (slept) this.hurry();
    else if (now >= this.alarmAt) {
      if (this.state === "waiting") this.connect();
      else this.lost(this.socket);
    } else if (now >= this.answerBy) this.silent();
    else if (now >= this.askAt) this.askTime();
    this.schedule();
  }

  /** Open by name only: the phone woke up, or walked out of reach. */
  private silent(): void {
    if (!this.waking || !this.hello) return this.lost(this.socket);
    this.backoff.reset();
    this.connect();
  }

  private schedule(): void {
    const now = performance.now();
    const next = Math.min(this.alarmAt, this.answerBy, this.askAt, now + TURN_MAX_MS);
    clearTimeout(this.timer);
    if (this.state === "idle" && !this.socket) {
      this.turnDue = Infinity;
      return;
    }
    this.turnDue = next;
    this.timer = setTimeout(() => this.turn(), next - now);
  }

  private take(text: string): void {
    const message = this.events.read(text);
    if (!message) return;
    if (message.type === "welcome") {
      this.backoff.reset();
      this.core.setEpoch(message.clock_epoch);
      this.askTime();
      this.become("joined");
    }
    // Refused: the socket stays for another hello, but this one is not sent again by itself.
    if (message.type === "error" && this.state === "connecting" && message.cmd_id === undefined)
      this.hello = null;
    this.events.message(message);
    if (message.type === "bye") this.lost(this.socket, message.retry_ms);
  }

  private lost(socket: WebSocket | null, least = 0): void {
    if (socket !== this.socket) return;
    this.drop();
    if (!this.hello) {
      this.become("idle");
      return;
    }
    this.become("waiting");
    this.alarmAt = performance.now() + least + this.backoff.next();
    this.schedule();
  }

  private online(): void {
    if (this.state !== "waiting") return this.hurry();
    this.backoff.reset();
    this.alarmAt = Math.min(this.alarmAt, performance.now() + this.backoff.next());
    this.schedule();
  }

  /** Somebody looks, or the page woke up: no waiting, and an open socket has to prove itself. */
  private hurry(): void {
    const now = performance.now();
    if (this.state === "waiting" || (this.state === "connecting" && now >= this.alarmAt)) {
      this.backoff.reset();
      this.connect();
    } else if (this.socket?.readyState === WebSocket.OPEN) {
      this.answerBy = Infinity; // timers slept: what was asked before says nothing
      this.askTime();
      this.answerBy = now + WAKE_LIMIT_MS;
      this.waking = true;
      this.schedule();
    }
  }

  // --- time ---

  private askTime(): void {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    this.answerBy = Math.min(this.answerBy, now + SILENCE_LIMIT_MS);
    socket.send(this.core.ask(performance.now()));
    this.askAt = now + this.core.intervalMs;
    this.schedule();
  }

  private takeTime(bytes: Uint8Array, arrived: number): void {
    if (this.core.answer(bytes, arrived) === "refused") return;
    this.answerBy = Infinity;
    this.waking = false;
  }
}

/** How far the wall clock is ahead of the page's own since it was loaded, ms. */
function wallAhead(): number {
  return Date.now() - performance.timeOrigin - performance.now();
}
