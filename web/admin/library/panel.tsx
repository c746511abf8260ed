// SPDX-License-Identifier: Apache-2.0
// One track: how it sounds, its titles and cover, and a card for each of its languages.
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { langName } from "../../common/format";
import { addPicture } from "../api";
import { address } from "../sections";
import * as api from "./api";
import { nameOf } from "./library";
import { Language } from "./language";
import { Waveform } from "./waveform";

export interface PanelProps {
  track: api.Track;
  refresh: () => Promise<void>;
}

export function Panel({ track, refresh }: PanelProps): JSX.Element {
  const [lang, setLang] = useState("");
  const heard = track.variants.find((v) => v.lang === lang) ?? track.variants[0];
  return (
    <article class="panel" aria-labelledby="track-name">
      <p>
        <a href={address("library")}>{"\u2190"} All tracks</a>
      </p>
      <h3 id="track-name">{nameOf(track)}</h3>
      <p class="hint">
        {track.id}
        {track.tours.length > 0 ? `, in the tours ${track.tours.join(", ")}. They keep the sound that they were published with.` : ", in no tour"}
      </p>
      {track.uneven > 0 && (
        <p class="amber">
          The languages differ by {(track.uneven / 1e6).toFixed(1)} s in length: all share one timeline, and the shorter end in silence. Is each file the right one?
        </p>
      )}
      {heard ? (
        <>
          {track.variants.length > 1 && (
            <div role="group" aria-label="Listen to" class="tabs">
              {track.variants.map((v) => (
                <button key={v.lang} aria-pressed={v === heard} onClick={() => setLang(v.lang)}>
                  {langName(v.lang)}
                </button>
              ))}
            </div>
          )}
          <Waveform key={heard.opus} sound={{ opus: heard.opus, peaks: heard.peaks, dur: heard.dur, name: `${nameOf(track)}, ${langName(heard.lang)}` }} />
        </>
      ) : (
        <p class="amber">There is no sound yet. Drop a file named {track.id}.en.wav on the library.</p>
      )}
      <div class="languages">
        {track.variants.map((v) => (
          <Language key={v.lang} track={track} variant={v} refresh={refresh} />
        ))}
      </div>
      <Names track={track} refresh={refresh} />
      <Remove track={track} refresh={refresh} />
    </article>
  );
}

/** Titles by language, and the cover. */
function Names({ track, refresh }: PanelProps): JSX.Element {
  const [note, setNote] = useState("");
  const [cover, setCover] = useState(track.cover ?? "");
  const langs = [...new Set([...Object.keys(track.title), ...track.variants.map((v) => v.lang)])];
  const save = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    const title: Record<string, string> = {};
    for (const lang of langs) {
      const text = String(data.get(`title-${lang}`)).trim();
      if (text !== "") title[lang] = text;
    }
    try {
      await api.renameTrack(track, title, cover);
      setNote("Saved.");
    } catch (why) {
      setNote(api.words(why));
    }
    await refresh();
  };
  const picture = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      setCover(await addPicture(file));
      setNote("Not saved yet.");
    } catch (why) {
      setNote(api.words(why));
    }
  };
  return (
    <section aria-labelledby="names">
      <h4 id="names">Title and cover</h4>
      <form class="names" onSubmit={(e) => void save(e)}>
        {langs.map((lang) => (
          <label key={lang}>
            Title in {langName(lang)}
            <input name={`title-${lang}`} lang={lang} maxLength={80} defaultValue={track.title[lang] ?? ""} />
          </label>
        ))}
        <label>
          Cover (SVG, PNG, WebP or JPEG, at most 512 KB)
          <input type="file" accept=".svg,.png,.webp,.jpg,.jpeg" onChange={(e) => void picture(e.currentTarget.files?.[0])} />
        </label>
        {cover !== "" && (
          <p class="cover">
            <img src={`/content/${cover}`} alt="The cover" />
            <button type="button" class="quiet" onClick={() => setCover("")}>
              No cover
            </button>
          </p>
        )}
        <div class="entry-buttons">
          <button>Save</button>
          <span role="status">{note}</span>
        </div>
      </form>
    </section>
  );
}

function Remove({ track, refresh }: PanelProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [note, setNote] = useState("");
  const remove = async (): Promise<void> => {
    try {
      await api.removeTrack(track.id);
      dialog.current?.close();
      await refresh(); // first: the list is never shown with what is gone
      location.hash = address("library");
    } catch (why) {
      setNote(api.words(why));
    }
  };
  return (
    <section class="away">
      <button class="quiet" onClick={() => dialog.current?.showModal()}>
        Delete this track{"\u2026"}
      </button>
      <dialog ref={dialog} aria-labelledby="away">
        <h4 id="away">Delete {nameOf(track)}?</h4>
        <p>All its languages, captions and originals go. This cannot be undone.</p>
        {note !== "" && (
          <p class="notice" role="alert">
            {note}
          </p>
        )}
        <div class="entry-buttons">
          <button autofocus onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button class="danger" onClick={() => void remove()}>
            Delete
          </button>
        </div>
      </dialog>
    </section>
  );
}
