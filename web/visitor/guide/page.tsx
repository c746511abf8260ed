// SPDX-License-Identifier: Apache-2.0
// The guide's page: one dark screen for one thumb. Who leads, what plays, the large buttons, the
// group, and what one needs now and then.
import { computed } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { count, fill } from "../../common/i18n";
import { keep, kept, phone } from "../kept";
import { pageLang } from "../page";
import type { Session } from "../session";
import { Lead } from "./lead";
import { People } from "./people";
import { Tools } from "./tools";
import { Now, Stops, Transport, UndoBar } from "./transport";
import { type Words, words } from "./words";

export { prepare } from "./words";

const KEPT_NAME = "roomtone.guide-name";

export interface GuideProps {
  session: Session;
  lead: Lead;
  w: Words;
}

const known = new WeakMap<Session, Lead>();

function leadOf(session: Session): Lead {
  const before = known.get(session);
  if (before) return before;
  const lead = new Lead({
    state: session.state,
    member: computed(() => session.welcome.value?.member ?? ""),
    send: (m) => session.send(m),
    placeAt: (house) => session.placeAt(house),
    now: () => session.house.value,
    durOf: (cue) => session.tour.value?.cues[cue]?.dur_us ?? 0,
  });
  known.set(session, lead);
  session.others.add((m) => {
    lead.take(m);
    if (m.type === "welcome") sayName(session, kept(phone, KEPT_NAME) ?? "");
  });
  sayName(session, kept(phone, KEPT_NAME) ?? "");
  lead.begin();
  if (session.audience.value) lead.take(session.audience.value);
  return lead;
}

/** What other guides, and the group, know this one by. */
function sayName(session: Session, name: string): void {
  if (name !== "") session.send({ type: "keep", name });
}

export function GuidePage({ session }: { session: Session }): JSX.Element | null {
  const w = words.value;
  const lead = leadOf(session);
  useEffect(() => {
    const root = document.documentElement;
    root.classList.add("guiding");
    return () => root.classList.remove("guiding");
  }, []);
  if (!w) return null;
  const props = { session, lead, w };
  const mine = lead.who.value === "me";
  const audience = lead.audience.value;
  return (
    <div class="guide">
      <header>
        <h1 class="group-name">{session.groupName.value}</h1>
        <p class="guide-count">{audience ? count(w.listening, pageLang.value, audience.visitors) : ""}</p>
      </header>
      <Line {...props} />
      <Leading {...props} />
      <Now {...props} />
      {mine && <Transport {...props} />}
      {mine && <UndoBar {...props} />}
      <People {...props} />
      {mine && <Stops {...props} />}
      <Tools {...props} />
    </div>
  );
}

function Line({ session, w }: GuideProps): JSX.Element {
  const lost = session.line.value !== "joined";
  return (
    <p class={lost ? "guide-line lost" : "guide-line"} role="status">
      {lost ? w.reconnecting : ""}
    </p>
  );
}

/** Who leads, and how to. */
function Leading({ session, lead, w }: GuideProps): JSX.Element {
  const [name, setName] = useState(kept(phone, KEPT_NAME) ?? "");
  const who = lead.who.value;
  const other = session.state.value?.guide_name ?? "";
  const away = lead.audience.value?.away ?? false;
  const leader = other === "" ? w.somebody : other;
  if (who === "me")
    return (
      <p class="leading mine" role="status">
        {w.you_lead}
      </p>
    );
  const named = (): void => {
    keep(phone, KEPT_NAME, name.trim());
    sayName(session, name.trim());
  };
  const claim = (e: Event): void => {
    e.preventDefault();
    named();
    lead.claim();
  };
  return (
    <form class="leading" onSubmit={claim}>
      <p role="status">{who === "nobody" ? w.nobody_leads : fill(away ? w.is_away : w.leads, { name: leader })}</p>
      <label>
        <span>{w.your_name}</span>
        <input
          value={name} maxLength={40} autoComplete="name" enterKeyHint="done"
          onInput={(e) => setName(e.currentTarget.value)} onChange={named}
        />
      </label>
      {(who === "nobody" || away || lead.held.value) && (
        <button class="primary big" disabled={lead.claiming.value}>
          {lead.claiming.value ? w.moment : who === "nobody" ? w.lead : w.take_over}
        </button>
      )}
      <p class="notice" role="alert">
        {lead.held.value ? fill(w.held, { name: leader }) : ""}
      </p>
    </form>
  );
}
