// SPDX-License-Identifier: Apache-2.0
// The page's one WebSocket: keeps it open, keeps the clock measured, hands messages on.
//
//        connect                 welcome
//   idle -------> connecting ------------> joined
//     ^               ^   close, 5 s         |  close, or no answer to a time question for 6 s
//     | refused       '------- waiting <-----'
//     '--- (the same socket takes another hello)
//
// Waiting is random from the first try (0-1 s, then 1.6 times longer, at most 10 s), so that a
// room full of phones does not come back in one instant. Coming back to the page or to the network
// ends the wait.
import type { Core } from "./core";
import { type FromServer, type Hello, readMessage } from "./wire";

const CONNECT_LIMIT_MS = 5000;
const SILENCE_LIMIT_MS = 6000;
const WAKE_LIMIT_MS = 1500; // after waking up, a good socket answers at once
const WAIT_FIRST_MS = 1000;
const WAIT_GROWTH = 1.6;
const WAIT_MAX_MS = 10_000;

export type LinkState = "idle" | "connecting" | "joined" | "waiting";

export interface LinkEvents {
  message(m: FromServer): void;
  state(s: LinkState): void;
}

export class Link {
  state: LinkState = "idle";
  private socket: WebSocket | null = null;
  private hello: Hello | null = null;
  private tries = 0;
  private askedSince = 0; // when the oldest question without an answer was asked; 0: none
  private timer: ReturnType<typeof setTimeout> | undefined;
  private clockTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly core: Core,
    private readonly events: LinkEvents,
    private readonly url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`,
  ) {
    const back = (): void => this.hurry();
    addEventListener("online", back);
    addEventListener("pageshow", back);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") back();
    });
  }

  /** Joins with this hello now, and again after every loss, until it is refused or left. */
  join(hello: Hello): void {
    this.hello = hello;
    this.tries = 0;
    if (this.socket?.readyState === WebSocket.OPEN) this.send(hello);
    else this.connect();
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
    clearTimeout(this.timer);
    clearTimeout(this.clockTimer);
    const old = this.socket;
    this.socket = null;
    this.askedSince = 0;
    old?.close();
  }

  private connect(): void {
    this.drop();
    this.become("connecting");
    const socket = new WebSocket(this.url, "roomtone.v1");
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.timer = setTimeout(() => this.lost(socket), CONNECT_LIMIT_MS);
    socket.onopen = () => {
      if (socket !== this.socket) return;
      clearTimeout(this.timer);
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
  }

  private take(text: string): void {
    const message = readMessage(text);
    if (!message) return;
    if (message.type === "welcome") {
      this.tries = 0;
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
    const most = Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * WAIT_GROWTH ** this.tries++);
    this.become("waiting");
    this.timer = setTimeout(() => this.connect(), least + Math.random() * most);
  }

  private hurry(): void {
    if (this.state === "waiting") {
      this.tries = 0;
      this.connect();
    } else if (this.socket?.readyState === WebSocket.OPEN) {
      const { socket } = this;
      this.askedSince = 0; // timers slept: what was asked before says nothing
      this.askTime();
      const asked = this.askedSince;
      setTimeout(() => {
        if (socket === this.socket && asked > 0 && this.askedSince === asked) this.lost(socket);
      }, WAKE_LIMIT_MS);
    }
  }

  // --- time ---

  private askTime(): void {
    clearTimeout(this.clockTimer);
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    if (this.askedSince > 0 && now - this.askedSince > SILENCE_LIMIT_MS) {
      this.lost(socket); // open by name only: a phone woke up, or walked out of reach
      return;
    }
    if (this.askedSince === 0) this.askedSince = now;
    socket.send(this.core.ask(performance.now()));
    this.clockTimer = setTimeout(() => this.askTime(), this.core.intervalMs);
  }

  private takeTime(bytes: Uint8Array, arrived: number): void {
    if (this.core.answer(bytes, arrived) === "refused") return;
    this.askedSince = 0;
  }
}
