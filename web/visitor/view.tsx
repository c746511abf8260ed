// SPDX-License-Identifier: Apache-2.0
// What the visitor sees: a code field, or the group with one large button, or what plays.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { clockText, codeText, langName, microText } from "../common/format";
import { type Key, type Texts, fill } from "../common/i18n";
import { chooseLang, titleIn } from "../common/tour";
import { captionAt } from "../common/vtt";
import type { Mode } from "../common/wire";
import type { Session } from "./session";
import { AloneStops } from "./view/alone";

interface Props {
  session: Session;
  texts: Texts;
}

export function App({ session, texts }: Props): JSX.Element {
  return session.joined.value ? (
    <GroupScreen session={session} texts={texts} />
  ) : (
    <JoinScreen session={session} texts={texts} />
  );
}

// --- joining ---

function JoinScreen({ session, texts }: Props): JSX.Element {
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const notice = session.refused.value;
  const working = session.joining.value;
  const digits = typed.replace(/\D/g, "").slice(0, 9);
  const submit = (e: Event): void => {
    e.preventDefault();
    if (digits === "") field.current?.focus();
    else session.joinByCode(digits);
  };
  return (
    <form class="join" onSubmit={submit} noValidate>
      <h1>{texts.join_title}</h1>
      <label for="code">{texts.join_hint}</label>
      <input
        id="code"
        ref={field}
        class="code"
        aria-label={texts.join_label}
        aria-invalid={notice !== null}
        aria-describedby="notice"
        inputMode="numeric"
        autoComplete="off"
        enterKeyHint="go"
        placeholder="000 000 000"
        value={codeText(digits)}
        onInput={(e) => {
          setTyped(e.currentTarget.value);
          session.refused.value = null;
          const now = e.currentTarget.value.replace(/\D/g, "");
          if (now.length === 9 && now !== digits) session.joinByCode(now);
        }}
      />
      <p id="notice" class="notice" role="alert">
        {notice ? fill(texts[notice.key], { why: notice.why ?? "" }) : ""}
      </p>
      {session.lostLong.value && <p class="notice">{texts.lost_line}</p>}
      <button class="primary" disabled={working}>
        {working ? texts.join_working : texts.join_button}
      </button>
    </form>
  );
}

// --- the group ---

const MODES: Record<Mode, Key> = {
  void: "state_void",
  ready: "state_ready",
  running: "state_running",
  held: "state_held",
  ended: "state_ended",
};

function GroupScreen({ session, texts }: Props): JSX.Element {
  const tour = session.tour.value;
  const cue = session.cue.value;
  const part = session.part.value;
  const title = cue ? titleIn(cue.title, session.lang.value) : tour ? titleIn(tour.title, session.lang.value) : "";
  const listening = session.sound.value !== "off";
  const mode = part ? texts[MODES[part.mode]] : "";
  return (
    <div class={listening ? "group listening" : "group"}>
      <header>
        <p class="group-name">{session.groupName.value}</p>
        <LineDot session={session} texts={texts} />
      </header>
      <section class="now">
        <p class="count">
          {cue && part ? fill(texts.stop_of, { n: part.cue + 1, total: tour?.cues.length ?? 0 }) : ""}
        </p>
        <h1>{title || session.groupName.value}</h1>
        <p class="mode" role="status" aria-live="polite">
          {mode}
        </p>
        {part && part.dur > 0 && <Progress position={part.position} dur={part.dur} label={texts.progress} />}
      </section>
      <Trouble session={session} texts={texts} />
      {listening ? <Listening session={session} texts={texts} /> : <ListenButton session={session} texts={texts} />}
      <AloneStops session={session} texts={texts} />
      <Languages session={session} texts={texts} />
      {session.captionsOn.value && <Captions session={session} texts={texts} />}
      {listening && <Details session={session} texts={texts} />}
      <button class="quiet" onClick={() => session.leave()}>
        {texts.leave}
      </button>
    </div>
  );
}

function LineDot({ session, texts }: Props): JSX.Element | null {
  if (session.line.value === "joined") return null;
  return (
    <p class="dot-line">
      <span class="dot" aria-hidden="true" />
      {texts.reconnecting}
    </p>
  );
}

function Progress({ position, dur, label }: { position: number; dur: number; label: string }): JSX.Element {
  const text = `${clockText(position)} / ${clockText(dur)}`;
  return (
    <div class="progress">
      <div
        class="bar"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.round(dur / 1e6)}
        aria-valuenow={Math.round(position / 1e6)}
        aria-valuetext={text}
      >
        <div class="bar-fill" style={{ transform: `scaleX(${Math.min(1, position / dur)})` }} />
      </div>
      <p class="times">
        <span>{clockText(position)}</span>
        <span>{clockText(dur)}</span>
      </p>
    </div>
  );
}

function Trouble({ session, texts }: Props): JSX.Element | null {
  const failed = session.heard.value?.failed;
  const key: Key | null = session.alone.on.value
    ? "alone"
    : session.lostLong.value
    ? "lost_line"
    : session.tourMissing.value
      ? "err_ready"
      : failed
        ? "err_sound"
        : null;
  return key ? (
    <p class="notice" role="alert">
      {texts[key]}
    </p>
  ) : null;
}

function ListenButton({ session, texts }: Props): JSX.Element {
  return (
    <div class="listen">
      <button class="primary huge" onClick={() => session.listen()}>
        <Headphones />
        {texts.listen}
      </button>
      <p class="hint">{texts.listen_hint}</p>
    </div>
  );
}

function Headphones(): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" width="40" height="40" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round">
      <path d="M4 14v-2a8 8 0 0 1 16 0v2" />
      <rect x="3" y="14" width="4.5" height="6.5" rx="1.8" />
      <rect x="16.5" y="14" width="4.5" height="6.5" rx="1.8" />
    </svg>
  );
}

function Listening({ session, texts }: Props): JSX.Element {
  if (session.sound.value === "blocked")
    return (
      <div class="listen">
        <button class="primary huge" onClick={() => session.listen()}>
          {texts.blocked}
        </button>
        <p class="hint">{texts.blocked_hint}</p>
      </div>
    );
  const muted = session.muted.value;
  return (
    <section class="controls">
      <StepLine session={session} texts={texts} />
      <div class="volume">
        <button class="square" aria-pressed={muted} onClick={() => session.setMuted(!muted)}>
          {muted ? texts.unmute : texts.mute}
        </button>
        <input
          type="range"
          min="0"
          max="1"
          step="0.05"
          aria-label={texts.volume}
          value={muted ? 0 : session.volume.value}
          onInput={(e) => session.setVolume(Number(e.currentTarget.value))}
        />
      </div>
      <p class="hint">{texts.lock_hint}</p>
    </section>
  );
}

/** One calm fact. A phone is in step when nobody beside it could hear otherwise. */
const IN_STEP_US = 25_000;

function StepLine({ session, texts }: Props): JSX.Element {
  const heard = session.heard.value;
  const error = heard?.errorUs;
  const known = session.house.value !== null;
  let text = texts.in_step;
  if (session.sound.value === "starting" || heard?.playing === "fetching") text = texts.starting;
  else if (!known) text = texts.not_yet;
  else if (error !== undefined && Math.abs(error) > IN_STEP_US)
    text = fill(texts.out_of_step, { ms: Math.round(error / 1000) });
  const good = text === texts.in_step;
  return (
    <p class={good ? "step good" : "step"}>
      <span class="dot" aria-hidden="true" />
      {text}
    </p>
  );
}

function Languages({ session, texts }: Props): JSX.Element | null {
  const langs = session.languages.value;
  const cue = session.cue.value;
  const have = cue ? cue.variants.map((v) => v.lang) : langs;
  const current = chooseLang(have, session.lang.value);
  const captions = cue?.variants.some((v) => v.captions) ?? false;
  return (
    <section class="row">
      {langs.length > 1 && (
        <label class="select">
          <span>{texts.language}</span>
          <select value={current} onChange={(e) => session.setLang(e.currentTarget.value)}>
            {langs.map((l) => (
              <option key={l} value={l} lang={l}>
                {langName(l)}
              </option>
            ))}
          </select>
        </label>
      )}
      {(captions || session.captionsOn.value) && (
        <button
          class="square"
          aria-pressed={session.captionsOn.value}
          onClick={() => session.setCaptions(!session.captionsOn.value)}
        >
          {texts.captions}
        </button>
      )}
    </section>
  );
}

// --- captions ---

function Captions({ session, texts }: Props): JSX.Element {
  const captions = session.captions.value;
  const current = captionAt(captions, session.part.value?.position ?? 0);
  const box = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const line = box.current?.children[Math.max(0, current)] as HTMLElement | undefined;
    if (!box.current || !line) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = line.offsetTop - box.current.offsetTop - box.current.clientHeight / 3;
    box.current.scrollTo({ top, behavior: still ? "auto" : "smooth" });
  }, [current, captions]);
  if (captions.length === 0) return <p class="hint">{texts.no_captions}</p>;
  return (
    <ol class="captions" ref={box} tabIndex={0} aria-label={texts.captions} lang={session.lang.value}>
      {captions.map((c, i) => (
        <li key={i} aria-current={i === current} class={i === current ? "current" : ""}>
          {c.text}
        </li>
      ))}
    </ol>
  );
}

// --- details ---

function Details({ session, texts }: Props): JSX.Element {
  const heard = session.heard.value;
  void session.house.value; // drawn anew with the clock
  const row = (label: string, value: ComponentChildren): JSX.Element => (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
  const micro = (us: number | null | undefined): string => (us === null || us === undefined ? "\u2013" : microText(us));
  const latency = session.latencyMs;
  const trim = session.trimMs.value;
  const nudge = (ms: number): JSX.Element => (
    <button
      class="square"
      aria-label={fill(ms < 0 ? texts.trim_later : texts.trim_earlier, { ms: Math.abs(ms) })}
      onClick={() => session.nudge(ms)}
    >
      {ms > 0 ? `+${ms}` : `\u2212${-ms}`}
    </button>
  );
  return (
    <details class="details">
      <summary>{texts.details}</summary>
      <dl>
        {row(texts.d_error, micro(heard?.errorUs))}
        {row(texts.d_uncertainty, `\u00b1 ${micro(session.uncertaintyUs)}`)}
        {row(texts.d_rtt, micro(session.rttUs))}
        {row(texts.d_latency, latency === null ? "\u2013" : micro(latency * 1000))}
        {row(texts.d_buffer, heard ? `${(heard.bufferMs / 1000).toFixed(1)} s` : "\u2013")}
      </dl>
      <p class="trim-title">
        {texts.trim} <output>{trim > 0 ? `+${trim}` : trim} ms</output>
      </p>
      <div class="trim">
        {[-50, -10, -1, 1, 10, 50].map(nudge)}
      </div>
      <p class="hint">{texts.trim_hint}</p>
    </details>
  );
}
