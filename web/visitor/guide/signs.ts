// SPDX-License-Identifier: Apache-2.0
// What a visitor signals to the guide, and is asked: a hand, reactions, "everyone ready?". All of it
// lives only while the page does; a hand that is up goes up again when the line is back.
import { signal } from "@preact/signals";
import type { FromServer, Reaction } from "../../common/wire";

const SHOWN_MS = 1500; // a sign that went out is seen to have gone out
const ASKED_MS = 60_000;

export class Signs {
  readonly hand = signal(false);
  readonly number = signal(0); // what the guide may call; 0: none
  readonly sent = signal<Reaction | "slow" | null>(null);
  readonly asked = signal(false);
  readonly wrongPin = signal<"" | "wrong_pin" | "too_many_guesses" | "busy">("");
  readonly pinSent = signal(false);

  private wants = false;
  private sentTimer: ReturnType<typeof setTimeout> | undefined;
  private askedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (message: object) => boolean) {}

  raise(up: boolean): void {
    this.wants = up;
    this.send({ type: "hand", up });
  }

  react(what: Reaction): void {
    if (this.send({ type: "react", what })) this.show(what);
  }

  /** The group's PIN makes a guide of this visitor: the answer is another welcome. */
  lead(pin: string): void {
    this.wrongPin.value = "";
    this.pinSent.value = this.send({ type: "lead", pin });
  }

  take(m: FromServer): void {
    switch (m.type) {
      case "welcome":
        this.pinSent.value = false;
        if (this.wants && m.role === "visitor") this.send({ type: "hand", up: true });
        break;
      case "hand":
        this.hand.value = this.wants = m.up;
        this.number.value = m.number ?? 0;
        break;
      case "ask":
        this.asked.value = true;
        clearTimeout(this.askedTimer);
        this.askedTimer = setTimeout(() => (this.asked.value = false), ASKED_MS);
        break;
      case "error":
        this.failed(m.code);
        break;
      default:
        break;
    }
  }

  private failed(code: string): void {
    if (code === "too_fast") {
      this.wants = this.hand.value;
      this.show("slow");
    } else if (this.pinSent.value) {
      this.pinSent.value = false;
      this.wrongPin.value = code === "too_many_guesses" || code === "busy" ? code : "wrong_pin";
    }
  }

  private show(what: Reaction | "slow"): void {
    this.sent.value = what;
    clearTimeout(this.sentTimer);
    this.sentTimer = setTimeout(() => (this.sent.value = null), SHOWN_MS);
  }
}
