// SPDX-License-Identifier: Apache-2.0
// One language of a track: its level, which can be changed as long as the original is kept, its words,
// and away with it.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { clockText, langName } from "../../common/format";
import * as api from "./api";
import { size } from "./incoming";

interface Props {
  track: api.Track;
  variant: api.Variant;
  refresh: () => Promise<void>;
}

const POLL_MS = 400;
const lufs = (x: number | null): string => (x === null ? "silence" : `${x.toFixed(1)} LUFS`);

export function Language({ track, variant: v, refresh }: Props): JSX.Element {
  const [note, setNote] = useState("");
  const [problems, setProblems] = useState<api.Problem[]>([]);
  const [sure, setSure] = useState(false);
  const attempt = async (what: () => Promise<void>, done: string): Promise<void> => {
    setProblems([]);
    try {
      await what();
      setNote(done);
      await refresh();
    } catch (e) {
      setNote(api.reason(e));
      setProblems(api.problemsOf(e));
    }
  };
  const name = langName(v.lang);
  const captions = async (file: File | undefined): Promise<void> => {
    if (file) await attempt(() => api.putText("captions", track.id, v.lang, file), "Captions are in.");
  };
  return (
    <section class="card language" aria-labelledby={`lang-${v.lang}`}>
      <h4 id={`lang-${v.lang}`}>
        {name} <small>{v.lang}</small>
      </h4>
      <p class="hint">
        {clockText(v.dur)}, {size(v.bytes)}
        {v.source && (
          <>
            {" \u00b7 "}
            <a href={`/api/v1/tracks/${track.id}/audio/${v.lang}`} download>
              Original ({v.source.name}, {size(v.source.bytes)})
            </a>
          </>
        )}
      </p>
      <Loudness track={track} variant={v} refresh={refresh} />
      <div class="words">
        <p>{v.captions ? "Captions are there." : <span class="amber">No captions: visitors cannot read along.</span>}</p>
        <label>
          {v.captions ? "Replace the captions" : "Captions"} (VTT or SRT)
          <input type="file" accept=".vtt,.srt" onChange={(e) => void captions(e.currentTarget.files?.[0]).finally(() => undefined)} />
        </label>
        {v.captions && (
          <button class="quiet" onClick={() => void attempt(() => api.removeText("captions", track.id, v.lang), "Captions are gone.")}>
            Take captions away
          </button>
        )}
      </div>
      <Transcript track={track} variant={v} refresh={refresh} />
      <div class="entry-buttons">
        {sure ? (
          <>
            <button class="danger" onClick={() => void attempt(() => api.removeTrack(track.id, v.lang), "").then(() => setSure(false))}>
              Delete {name}
            </button>
            <button onClick={() => setSure(false)}>Keep it</button>
          </>
        ) : (
          <button class="quiet" onClick={() => setSure(true)}>
            Delete {name}
            {"\u2026"}
          </button>
        )}
      </div>
      <div role="status" class={problems.length > 0 ? "notice" : ""}>
        {note}
        {problems.length > 0 && (
          <ol class="problems">
            {problems.map((p) => (
              <li key={`${p.line} ${p.text}`}>
                Line {p.line}: {p.text}
              </li>
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}

const LIMITS: Record<string, string> = {
  peak: "Its peaks keep it from being louder.",
  silence: "It is near silence, and was left as it is.",
};

function Loudness({ track, variant: v, refresh }: Props): JSX.Element {
  const l = v.level;
  const [target, setTarget] = useState(String(l?.target ?? -16));
  const [kind, setKind] = useState<string>(l?.kind ?? "speech");
  const [percent, setPercent] = useState<number | null>(null);
  const [note, setNote] = useState("");
  const change = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    setNote("");
    setPercent(0);
    try {
      let job = await api.makeAudio(track.id, v.lang, { kind, target_lufs: Number(target) });
      while (["waiting", "running", "saving"].includes(job.state)) {
        await new Promise((done) => setTimeout(done, POLL_MS));
        job = await api.showJob(job.id);
        setPercent(job.percent);
      }
      if (job.state !== "done") throw new Error(job.detail || "It was cancelled.");
      await refresh();
      setNote("Made anew.");
    } catch (why) {
      setNote(api.words(why));
    }
    setPercent(null);
  };
  return (
    <div class="loudness">
      {l && (
        <>
          <dl class="level">
            <div>
              <dt>Came with</dt>
              <dd>{lufs(l.before)}</dd>
            </div>
            <div>
              <dt>Given</dt>
              <dd>{`${l.gain > 0 ? "+" : ""}${l.gain.toFixed(1)} dB`}</dd>
            </div>
            <div>
              <dt>Is now</dt>
              <dd>{lufs(l.after)}</dd>
            </div>
            <div>
              <dt>True peak</dt>
              <dd>{l.peak === null ? "none" : `${l.peak.toFixed(1)} dBTP`}</dd>
            </div>
          </dl>
          {l.limited !== "" && <p class="hint">{LIMITS[l.limited] ?? ""}</p>}
        </>
      )}
      {v.source ? (
        <form class="level-form" onSubmit={(e) => void change(e)}>
          <label>
            Loudness, LUFS
            <input type="number" min={-40} max={-8} step={0.5} required value={target} onInput={(e) => setTarget(e.currentTarget.value)} />
          </label>
          <label>
            Kind
            <select value={kind} onChange={(e) => setKind(e.currentTarget.value)}>
              <option value="speech">Speech</option>
              <option value="music">Music</option>
            </select>
          </label>
          <button disabled={percent !== null}>{percent === null ? "Make anew" : `${percent} %`}</button>
          <span role="status">{note}</span>
        </form>
      ) : (
        <p class="hint">The original is not kept: to change the level, bring the file in again.</p>
      )}
    </div>
  );
}

function Transcript({ track, variant: v, refresh }: Props): JSX.Element {
  const [text, setText] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const open = async (): Promise<void> => {
    try {
      setText((await api.transcript(track.id, v.lang)).text);
    } catch (e) {
      setNote(api.words(e));
    }
  };
  const save = async (): Promise<void> => {
    try {
      if (text?.trim()) await api.putText("transcript", track.id, v.lang, new Blob([text]));
      else await api.removeText("transcript", track.id, v.lang);
      setNote("Saved.");
      await refresh();
    } catch (e) {
      setNote(api.words(e));
    }
  };
  return (
    <details onToggle={(e) => e.currentTarget.open && text === null && void open()}>
      <summary>Transcript{v.transcript ? "" : v.captions ? " (from the captions)" : " (none)"}</summary>
      <label>
        Transcript in {langName(v.lang)}
        <textarea rows={8} lang={v.lang} value={text ?? ""} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <div class="entry-buttons">
        <button onClick={() => void save()}>Save the transcript</button>
        <span role="status">{note}</span>
      </div>
    </details>
  );
}
