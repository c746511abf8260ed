// SPDX-License-Identifier: Apache-2.0
// The order of cues, by pointer and by keyboard. A cue's grip is a button: Space picks it up, the arrows move it,
// Space puts it down, Escape puts it back; each is said aloud. With a pointer it follows the hand.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";

interface Held {
  id: string;
  from: number;
}
export interface Order {
  held: string | null; // id of the cue that is picked up
  said: string; // for a live region
  grip: (id: string, index: number, name: string) => JSX.Element;
}

interface Port {
  count: number;
  /** Shows the cue at another place, as part of one edit until `done`. */
  move: (from: number, to: number) => void;
  done: (from: number, to: number, name: string) => void;
}

export function useOrder({ count, move, done }: Port): Order {
  const [held, setHeld] = useState<Held | null>(null);
  const [said, setSaid] = useState("");
  const port = useRef<Port>({ count, move, done });
  port.current = { count, move, done };
  // A row that was moved in the page has lost the focus.
  useEffect(() => {
    if (held) document.querySelector<HTMLElement>(`[data-grip="${held.id}"]`)?.focus();
  });

  const drop = (index: number, name: string): void => {
    if (held) done(held.from, index, name);
    setHeld(null);
  };
  const key = (e: KeyboardEvent, id: string, index: number, name: string): void => {
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -index, End: count - 1 - index }[e.key];
    const mine = held?.id === id;
    if (e.key === " " || e.key === "Enter") {
      e.preventDefault();
      if (mine) {
        drop(index, name);
        setSaid(`${name} put down at ${index + 1} of ${count}.`);
      } else {
        setHeld({ id, from: index });
        setSaid(`${name} picked up at ${index + 1} of ${count}. Arrows move it, Space puts it down, Escape puts it back.`);
      }
    } else if (mine && e.key === "Escape") {
      e.preventDefault();
      move(index, held.from);
      done(held.from, held.from, name);
      setHeld(null);
      setSaid(`${name} is back at ${held.from + 1}.`);
    } else if (mine && step !== undefined) {
      e.preventDefault();
      const to = index + step;
      if (to < 0 || to >= count || to === index) return;
      move(index, to);
      setSaid(`${name} at ${to + 1} of ${count}.`);
    }
  };
  // The list is sorted anew under the hand, and what is moved in it loses the pointer: so the page listens.
  const follow = (down: PointerEvent & { currentTarget: HTMLElement }, id: string, from: number, name: string): void => {
    const list = down.currentTarget.closest("ol");
    let at = from;
    setHeld({ id, from });
    const move_ = (e: PointerEvent): void => {
      const rows = [...(list?.children ?? [])].map((r) => r.getBoundingClientRect());
      const found = rows.findIndex((r) => e.clientY < r.top + r.height / 2);
      // Between two rows is before the lower one, which is one less for those that come from above.
      const gap = found < 0 ? rows.length : found;
      const to = gap > at ? gap - 1 : gap;
      if (to === at) return;
      port.current.move(at, to);
      at = to;
    };
    const end = (): void => {
      removeEventListener("pointermove", move_);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      setHeld(null);
      if (at !== from) setSaid(`${name} is at ${at + 1} of ${port.current.count} now.`);
      port.current.done(from, at, name);
    };
    addEventListener("pointermove", move_);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  };
  const grip = (id: string, index: number, name: string): JSX.Element => (
    <button
      class="grip"
      aria-label={`Move ${name}, ${index + 1} of ${count}`}
      aria-pressed={held?.id === id}
      aria-describedby="order-help"
      onKeyDown={(e) => key(e, id, index, name)}
      data-grip={id}
      onBlur={(e) => held?.id === id && e.relatedTarget && drop(index, name)}
      onPointerDown={(e) => e.button === 0 && follow(e, id, index, name)}
    >
      <span aria-hidden="true">{"⠿"}</span>
    </button>
  );
  return { held: held?.id ?? null, said, grip };
}
