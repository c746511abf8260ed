// SPDX-License-Identifier: Apache-2.0
// For the visitors of a group that is led: raise a hand, react, hear that the guide asks. And the
// form in which a guide who came as a visitor types the PIN.
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { fill } from "../../common/i18n";
import type { Session } from "../session";
import { REACTIONS } from "./audience";
import { HandIcon, ReactionIcon } from "./icons";
import { Signs } from "./signs";
import { type Words, words } from "./words";

export { prepare } from "./words";

const known = new WeakMap<Session, Signs>();

function signsOf(session: Session): Signs {
  const before = known.get(session);
  if (before) return before;
  const signs = new Signs((m) => session.send(m));
  known.set(session, signs);
  session.others.add((m) => signs.take(m));
  if (session.askedAt.value > 0) signs.take({ type: "ask" });
  return signs;
}

export function SignsStrip({ session }: { session: Session }): JSX.Element | null {
  const w = words.value;
  if (!w) return null;
  const signs = signsOf(session);
  const up = signs.hand.value;
  const number = signs.number.value;
  const sent = signs.sent.value;
  const asked = signs.asked.value && session.sound.value !== "on";
  return (
    <section class="signs" aria-label={w.signs}>
      <p class="signs-away" role="status">
        {session.guideAway.value && session.state.value?.guide !== undefined ? w.guide_away : ""}
      </p>
      <p class="signs-asked" role="alert">
        {asked ? w.ask_tap : ""}
      </p>
      <div class="signs-row">
        <button class="sign hand" aria-pressed={up} onClick={() => signs.raise(!up)}>
          <HandIcon />
          {up ? w.hand_down : w.hand_up}
        </button>
        {REACTIONS.map((what) => (
          <button
            key={what}
            class={sent === what ? "sign sent" : "sign"}
            aria-label={w[`r_${what}`]}
            title={w[`r_${what}`]}
            onClick={() => signs.react(what)}
          >
            <ReactionIcon what={what} />
          </button>
        ))}
      </div>
      <p class="hint" role="status">
        {sent === "slow" ? w.slow : sent ? w.sent : up ? (number ? fill(w.hand_is_up_as, { n: number }) : w.hand_is_up) : ""}
      </p>
    </section>
  );
}

export function PinForm({ session }: { session: Session }): JSX.Element | null {
  const w = words.value;
  const [open, setOpen] = useState(false);
  const [pin, setPin] = useState("");
  const field = useRef<HTMLInputElement>(null);
  if (!w) return null;
  const signs = signsOf(session);
  if (!open)
    return (
      <button class="quiet" onClick={() => setOpen(true)}>
        {w.pin_open}
      </button>
    );
  const submit = (e: Event): void => {
    e.preventDefault();
    if (/^\d{6,12}$/.test(pin)) signs.lead(pin);
    else signs.wrongPin.value = "wrong_pin";
    field.current?.focus();
  };
  return (
    <form class="pin" onSubmit={submit} noValidate>
      <label for="pin">{w.pin_label}</label>
      <div class="pin-row">
        <input
          id="pin"
          ref={(el) => {
            if (el && !field.current) el.focus();
            field.current = el;
          }}
          inputMode="numeric"
          type="password"
          autoComplete="off"
          enterKeyHint="go"
          maxLength={12}
          aria-describedby="pin-notice"
          aria-invalid={signs.wrongPin.value !== ""}
          value={pin}
          onInput={(e) => {
            setPin(e.currentTarget.value.replace(/\D/g, ""));
            signs.wrongPin.value = "";
          }}
        />
        <button class="primary" disabled={signs.pinSent.value}>
          {w.pin_go}
        </button>
      </div>
      <p id="pin-notice" class="notice" role="alert">
        {pinNotice(signs, w)}
      </p>
    </form>
  );
}

function pinNotice(signs: Signs, w: Words): string {
  const wrong = signs.wrongPin.value;
  return wrong === "" ? "" : wrong === "wrong_pin" ? w.pin_wrong : w.pin_wait;
}
