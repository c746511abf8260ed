// SPDX-License-Identifier: Apache-2.0
// Where files are dropped, and how far each is.
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type * as api from "./api";
import { idOf } from "./guess";
import { ownLang } from "./library";
import type { Entry, Queue } from "./queue";

const ACCEPT = ".wav,.aif,.aiff,.flac,.mp3,.ogg,.oga,.opus,.vtt,.srt,.txt,.png,.jpg,.jpeg,.webp,.svg";

export function Incoming({ queue, tracks }: { queue: Queue; tracks: readonly api.Track[] }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const entries = queue.entries.value;
  const strange = queue.strange.value;
  const ready = entries.filter((e) => e.state === "ready").length;
  const take = (files: FileList | null | undefined): void => {
    if (files && files.length > 0) queue.add([...files], ownLang());
  };
  const drop = (e: DragEvent): void => {
    e.preventDefault();
    setOver(false);
    take(e.dataTransfer?.files);
  };
  return (
    <section class="incoming" aria-labelledby="incoming">
      <h3 id="incoming" class="unseen">
        New files
      </h3>
      <div
        class={over ? "drop over" : "drop"}
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <p>
          Drop files here, as many as you like: sound (WAV, AIFF, FLAC, MP3, Ogg, Opus), captions (VTT, SRT), text, pictures.
          <small> The name tells where it goes: loom.en.wav, loom.de.wav, loom.en.vtt.</small>
        </p>
        <button onClick={() => input.current?.click()}>Choose files</button>
        <input
          ref={input}
          class="unseen"
          type="file"
          multiple
          accept={ACCEPT}
          tabIndex={-1}
          aria-label="Files for the library"
          onChange={(e) => {
            take(e.currentTarget.files);
            e.currentTarget.value = "";
          }}
        />
      </div>
      {strange.length > 0 && (
        <p class="notice" role="alert">
          Not taken, for a library has no use for it: {strange.join(", ")}
        </p>
      )}
      {entries.length > 0 && (
        <>
          <ul class="queue">
            {entries.map((e) => (
              <li key={e.key} class={`entry ${e.state}`}>
                {e.state === "ready" || e.state === "failed" ? <Wish queue={queue} entry={e} tracks={tracks} /> : <Progress queue={queue} entry={e} />}
              </li>
            ))}
          </ul>
          <div class="queue-foot">
            {ready > 0 && (
              <button class="primary" onClick={() => queue.start()}>
                Bring in {ready} {ready === 1 ? "file" : "files"}
              </button>
            )}
            {entries.some((e) => e.state === "done") && (
              <button class="quiet" onClick={() => queue.clear()}>
                Clear what is done
              </button>
            )}
          </div>
          <p class="unseen" role="status">
            {entries.filter((e) => e.state === "done").length} of {entries.length} files are in
            {entries.some((e) => e.state === "failed") ? ", some were refused" : ""}
          </p>
        </>
      )}
    </section>
  );
}

const KINDS = { audio: "Sound", captions: "Captions", transcript: "Text", cover: "Cover" };

/** What it is meant to be, to be corrected before it goes. */
function Wish({ queue, entry: e, tracks }: { queue: Queue; entry: Entry; tracks: readonly api.Track[] }): JSX.Element {
  const known = tracks.find((t) => t.id === e.track);
  const set = (what: Partial<Entry>): void => queue.change(e.key, what);
  const replaces = e.kind === "audio" && known?.variants.some((v) => v.lang === e.lang);
  return (
    <form class="wish" onSubmit={(x) => x.preventDefault()} aria-label={e.file.name}>
      <p class="entry-name">
        <strong>{e.file.name}</strong>
        <small>
          {KINDS[e.kind]}, {size(e.file.size)}
          {known ? `, for ${known.id}` : e.kind === "audio" ? ", a new track" : ""}
          {replaces ? `, in place of its ${e.lang}` : ""}
        </small>
      </p>
      <label>
        Track
        <input value={e.track} list="known-tracks" maxLength={64} onChange={(x) => set({ track: idOf(x.currentTarget.value) })} />
      </label>
      <datalist id="known-tracks">
        {tracks.map((t) => (
          <option key={t.id} value={t.id} />
        ))}
      </datalist>
      {e.kind !== "cover" && (
        <label class="short">
          Language
          <input value={e.lang} maxLength={16} pattern="[A-Za-z0-9-]+" onChange={(x) => set({ lang: x.currentTarget.value.trim().toLowerCase() || e.lang })} />
        </label>
      )}
      {e.kind === "audio" && (
        <>
          <label>
            Title
            <input value={e.title} maxLength={80} disabled={!!known?.title[e.lang]} onChange={(x) => set({ title: x.currentTarget.value.trim() || e.title })} />
          </label>
          <label class="short">
            Kind
            <select value={e.music ? "music" : "speech"} onChange={(x) => set({ music: x.currentTarget.value === "music" })}>
              <option value="speech">Speech</option>
              <option value="music">Music</option>
            </select>
          </label>
        </>
      )}
      <div class="entry-buttons">
        {e.state === "failed" && <button onClick={() => queue.resume(e.key)}>Try again</button>}
        <button class="quiet" onClick={() => queue.remove(e.key)} aria-label={`Leave out ${e.file.name}`}>
          Leave out
        </button>
      </div>
      {e.note !== "" && (
        <div class="notice" role="alert">
          {e.note}
          {e.problems.length > 0 && (
            <ol class="problems">
              {e.problems.map((p) => (
                <li key={`${p.line} ${p.text}`}>
                  Line {p.line}: {p.text}
                </li>
              ))}
            </ol>
          )}
        </div>
      )}
    </form>
  );
}

function Progress({ queue, entry: e }: { queue: Queue; entry: Entry }): JSX.Element {
  const making = e.state === "making";
  const part = making ? e.percent : Math.floor((100 * e.sent) / e.file.size);
  const says = {
    waiting: "Waits",
    sending: `${size(e.sent)} of ${size(e.file.size)}`,
    offline: e.note,
    paused: `Paused at ${part} %`,
    making: `Being made ready, ${e.percent} %`,
    done: "In the library",
    ready: "",
    failed: "",
  }[e.state];
  return (
    <div class="going">
      <p class="entry-name">
        <strong>{e.file.name}</strong>
        <small>
          {e.track} {e.kind === "cover" ? "" : e.lang}
        </small>
      </p>
      <progress max={100} value={e.state === "done" ? 100 : part} aria-label={`${making ? "Making" : "Sending"} ${e.file.name}`} />
      <span class="says">{says}</span>
      <div class="entry-buttons">
        {(e.state === "sending" || e.state === "offline" || e.state === "waiting") && e.kind === "audio" && (
          <button onClick={() => queue.hold(e.key)} aria-label={`Pause ${e.file.name}`}>
            Pause
          </button>
        )}
        {e.state === "paused" && (
          <button onClick={() => queue.resume(e.key)} aria-label={`Go on with ${e.file.name}`}>
            Go on
          </button>
        )}
        {e.state !== "done" && (
          <button class="quiet" onClick={() => queue.remove(e.key)} aria-label={`Cancel ${e.file.name}`}>
            Cancel
          </button>
        )}
      </div>
    </div>
  );
}

export function size(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
