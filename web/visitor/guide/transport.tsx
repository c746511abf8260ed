// SPDX-License-Identifier: Apache-2.0
// What the group hears and where it goes: the large buttons, the bar that takes a mistake back, and
// the list of stops. A button shows what became of the tap on it.
import type { JSX } from "preact";
import { clockText } from "../../common/format";
import { fill } from "../../common/i18n";
import { titleIn } from "../../common/tour";
import type { Mode } from "../../common/wire";
import { ActionIcon } from "./icons";
import type { Lead, Wish } from "./lead";
import type { GuideProps } from "./page";
import type { Word, Words } from "./words";

export function Now({ session, w }: GuideProps): JSX.Element {
  const part = session.part.value;
  const tour = session.tour.value;
  const { lang } = session;
  const title = (i: number): string => {
    const cue = tour?.cues[i];
    return cue ? titleIn(cue.title, lang.value) : "";
  };
  if (!part || part.cue < 0 || !tour)
    return (
      <section class="guide-now">
        <p class="soft">{w.nothing}</p>
      </section>
    );
  const after = title(part.cue + 1);
  return (
    <section class="guide-now">
      <p class="soft">
        {fill(w.stop_of, { n: part.cue + 1, total: tour.cues.length })} · {w[MODE[part.mode]]}
      </p>
      <h2>{title(part.cue)}</h2>
      <div class="bar" aria-hidden="true">
        <div class="bar-fill" style={{ transform: `scaleX(${part.dur > 0 ? Math.min(1, part.position / part.dur) : 0})` }} />
      </div>
      <p class="soft times">
        <span>
          {clockText(part.position)} / {clockText(part.dur)}
        </span>
        <span>{after === "" ? w.last_stop : fill(w.up_next, { title: after })}</span>
      </p>
    </section>
  );
}

const MODE: Record<Mode, Word> = {
  void: "m_void",
  ready: "m_ready",
  running: "m_running",
  held: "m_held",
  ended: "m_ended",
};

interface WishProps {
  lead: Lead;
  w: Words;
  wish: Wish;
  label: string;
  class?: string;
  disabled?: boolean;
  icon?: JSX.Element;
  current?: boolean;
  onTap(): void;
}

/** A button with its wish: pending, or "not sent, tap again". It never takes a tap for two. */
function WishButton({ lead, w, wish, label, icon, current, onTap, ...rest }: WishProps): JSX.Element {
  const pending = lead.pending.value?.wish === wish ? lead.pending.value.phase : null;
  return (
    <button
      class={`big ${rest.class ?? ""} ${pending ?? ""}`}
      disabled={rest.disabled ?? false}
      aria-busy={pending === "sending"}
      aria-current={current ? "true" : undefined}
      onClick={onTap}
    >
      {icon}
      <span class="big-words">
        {label}
        {pending && <span class="big-state">{pending === "sending" ? w.sending : w.unsent}</span>}
      </span>
    </button>
  );
}

const REFUSED: Record<string, Word> = {
  out_of_range: "no_further",
  bad_state: "not_now",
  busy: "box_busy",
  too_fast: "box_busy",
  storage_full: "box_disk",
  storage_failed: "box_disk",
};

export function Transport({ session, lead, w }: GuideProps): JSX.Element {
  const part = session.part.value;
  const mode = part?.mode ?? "void";
  const cues = session.tour.value?.cues.length ?? 0;
  const refused = lead.refused.value;
  const running = mode === "running";
  const label = running ? w.pause : mode === "held" ? w.go_on : mode === "ended" ? w.again : w.start;
  const last = !part || part.cue + 1 >= cues;
  return (
    <section class="transport" aria-label={w.transport}>
      <WishButton
        lead={lead} w={w} wish={running ? "pause" : "play"} class="primary whole" label={label}
        disabled={mode === "void"} icon={<ActionIcon what={running ? "pause" : "play"} />}
        onTap={() => (running ? lead.pause() : lead.play())}
      />
      <WishButton
        lead={lead} w={w} wish="back" label={w.back} disabled={mode === "void" || (part?.position ?? 0) <= 0}
        icon={<ActionIcon what="back" />} onTap={() => lead.back()}
      />
      <WishButton
        lead={lead} w={w} wish="next" label={w.next} disabled={last} icon={<ActionIcon what="next" />}
        onTap={() => lead.next()}
      />
      <p class="notice" role="alert">
        {refused === "" ? "" : w[REFUSED[refused] ?? "not_done"]}
      </p>
    </section>
  );
}

/** Room is kept for it, so that nothing moves under the thumb. */
export function UndoBar({ session, lead, w }: GuideProps): JSX.Element {
  const undo = lead.undo.value;
  const pending = lead.pending.value?.wish === "undo";
  void session.house.value; // drawn anew with the clock
  const left = undo ? Math.max(0, Math.ceil((undo.until - performance.now()) / 1000)) : 0;
  return (
    <div class="undo">
      {(undo || pending) && (
        <WishButton
          lead={lead} w={w} wish="undo" class="whole" icon={<ActionIcon what="back" />}
          label={undo ? fill(w.undo, { n: undo.cue + 1, time: clockText(undo.position), s: left }) : w.moment}
          onTap={() => lead.takeBack()}
        />
      )}
    </div>
  );
}

export function Stops({ session, lead, w }: GuideProps): JSX.Element | null {
  const tour = session.tour.value;
  const at = session.part.value?.cue ?? -1;
  if (!tour) return null;
  return (
    <details class="stops">
      <summary>{w.stops}</summary>
      <ol>
        {tour.cues.map((cue, i) => (
          <li key={cue.id}>
            <WishButton
              lead={lead} w={w} wish={`cue-${i}`} class="whole stop" current={i === at}
              label={`${i + 1}. ${titleIn(cue.title, session.lang.value)}`} onTap={() => lead.goto(i)}
            />
          </li>
        ))}
      </ol>
    </details>
  );
}
