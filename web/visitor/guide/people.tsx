// SPDX-License-Identifier: Apache-2.0
// The group: is everybody ready, who has a hand up, how do they react. Counts; only who raised a hand
// is named, by the number the phone shows, or by a name they gave.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { count, fill } from "../../common/i18n";
import type { Reaction } from "../../common/wire";
import { pageLang } from "../page";
import { type Audience, type Person, REACTIONS } from "./audience";
import { HandIcon, ReactionIcon } from "./icons";
import type { GuideProps } from "./page";
import type { Words } from "./words";

const RECENT_MS = 15_000; // so long a reaction is shown
const LOOK_MS = 1000;

export function People({ lead, w }: GuideProps): JSX.Element | null {
  const audience = lead.audience.value;
  if (!audience) return null;
  return (
    <section class="people" aria-label={w.people}>
      <Ready audience={audience} w={w} onAsk={() => lead.ask()} />
      <Hands audience={audience} w={w} onLower={(member) => lead.lower(member)} />
      <Reactions audience={audience} w={w} />
    </section>
  );
}

function Ready({ audience: a, w, onAsk }: { audience: Audience; w: Words; onAsk(): void }): JSX.Element {
  const lang = pageLang.value;
  const all = a.visitors > 0 && a.ready === a.visitors;
  const rest: [number, string][] = [
    [a.loading, w.loading], [a.waiting, w.waiting], [a.asleep, w.asleep], [a.astray, w.astray],
  ];
  return (
    <div class="ready">
      <button class="big whole" onClick={onAsk} disabled={a.visitors === 0}>
        {w.ready_ask}
      </button>
      <p class={all ? "ready-sum good" : "ready-sum"} role="status">
        {a.visitors === 0 ? w.nobody_here : all ? w.all_ready : fill(w.ready_of, { n: a.ready, all: a.visitors })}
      </p>
      <ul class="ready-rest">
        {rest.map(([n, text]) => n > 0 && <li key={text}>{count(text, lang, n)}</li>)}
      </ul>
    </div>
  );
}

function nameOf(p: Person, w: Words): string {
  return p.name !== "" ? p.name : p.number ? fill(w.number, { n: p.number }) : w.without_number;
}

interface HandsProps {
  audience: Audience;
  w: Words;
  onLower(member: string): void;
}

function Hands({ audience: a, w, onLower }: HandsProps): JSX.Element {
  const more = a.hands_up - a.hands.length;
  return (
    <div class="hands">
      <p role="status">{a.hands_up > 0 ? count(w.hands, pageLang.value, a.hands_up) : ""}</p>
      <ul>
        {a.hands.map((p) => (
          <li key={p.member}>
            <button class="big" aria-label={fill(w.lower, { who: nameOf(p, w) })} onClick={() => onLower(p.member)}>
              <HandIcon />
              {nameOf(p, w)}
              {p.name !== "" && p.number ? <span class="soft">{p.number}</span> : null}
            </button>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="soft">{count(w.more_hands, pageLang.value, more)}</p>}
    </div>
  );
}

type Counts = Record<Reaction, number>;

/** The server's counts only rise: what came lately is the difference to some seconds ago. */
function useRecent(now: Counts): Counts {
  const past = useRef<{ at: number; counts: Counts }[]>([]);
  const [, look] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => look((n) => n + 1), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const at = performance.now();
  const list = past.current;
  // They began anew: the server did.
  if (REACTIONS.some((what) => now[what] < (list[list.length - 1]?.counts[what] ?? 0))) list.length = 0;
  if (list[list.length - 1]?.counts !== now) list.push({ at, counts: now });
  while (list.length > 1 && at - (list[1] as { at: number }).at > RECENT_MS) list.shift();
  const base = (list[0] as { counts: Counts }).counts;
  const old = at - (list[0] as { at: number }).at > RECENT_MS && list.length === 1;
  const out = {} as Counts;
  for (const what of REACTIONS) out[what] = old ? 0 : now[what] - base[what];
  return out;
}

function Reactions({ audience, w }: { audience: Audience; w: Words }): JSX.Element {
  const recent = useRecent(audience.reactions);
  return (
    <ul class="reactions" aria-label={w.reactions}>
      {REACTIONS.map((what) => (
        <li key={what} class={recent[what] > 0 ? "some" : ""}>
          <ReactionIcon what={what} />
          <span class="sr">{w[`r_${what}`]}</span>
          <span>{recent[what]}</span>
        </li>
      ))}
    </ul>
  );
}
