// SPDX-License-Identifier: Apache-2.0
// The section "Library": what the house can play, what is missing from it, and files on their way in.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { clockText } from "../../common/format";
import { titleIn } from "../../common/tour";
import { address, place } from "../sections";
import * as api from "./api";
import { Incoming } from "./incoming";
import { Panel } from "./panel";
import { Queue } from "./queue";

const LOUD_LU = 1; // further off than this is heard between two tracks

/** Lives on when another section is looked at: uploads go on. */
const tracks = signal<readonly api.Track[] | null>(null);
const problem = signal("");
export async function refresh(): Promise<void> {
  try {
    tracks.value = await api.tracks();
    queue.tracksAre(tracks.value);
    problem.value = "";
  } catch (e) {
    problem.value = api.words(e);
  }
}
const queue = new Queue(refresh);

const outlier = (v: api.Variant): boolean => v.level !== null && v.level.after !== null && Math.abs(v.level.after - v.level.target) > LOUD_LU;

interface Filter {
  id: string;
  words: string;
  of: (t: api.Track) => boolean;
}
const FILTERS: readonly Filter[] = [
  { id: "all", words: "All", of: () => true },
  { id: "no-words", words: "No captions", of: (t) => t.variants.some((v) => !v.captions && !v.transcript) },
  { id: "loudness", words: "Loudness off", of: (t) => t.variants.some(outlier) },
  { id: "uneven", words: "Lengths differ", of: (t) => t.uneven > 0 },
  { id: "no-sound", words: "No sound yet", of: (t) => t.variants.length === 0 },
  { id: "unused", words: "In no tour", of: (t) => t.tours.length === 0 },
];

export const ownLang = (): string => navigator.language.toLowerCase().split("-", 1)[0] || "en";
export const nameOf = (t: api.Track): string => titleIn(t.title, ownLang()) || t.id;

export function Library(): JSX.Element {
  useEffect(() => void refresh(), []);
  const all = tracks.value;
  const open = all?.find((t) => t.id === place.value[1]);
  return (
    <div class="library">
      <h2 class="unseen">Library</h2>
      {problem.value !== "" && (
        <p class="notice" role="alert">
          {problem.value} <button onClick={() => void refresh()}>Try again</button>
        </p>
      )}
      {open ? (
        <Panel key={open.id} track={open} refresh={refresh} />
      ) : (
        <>
          <Incoming queue={queue} tracks={all ?? []} />
          {all === null ? problem.value === "" && <p class="empty">Asking the box{"\u2026"}</p> : <List all={all} />}
        </>
      )}
    </div>
  );
}

function List({ all }: { all: readonly api.Track[] }): JSX.Element {
  const [filter, setFilter] = useState(FILTERS[0] as Filter);
  const [text, setText] = useState("");
  if (all.length === 0) return <p class="empty">Nothing here yet. Drop recordings above: one file for each language of a track.</p>;
  const wanted = text.trim().toLowerCase();
  const shown = all.filter((t) => filter.of(t) && (wanted === "" || `${t.id} ${Object.values(t.title).join(" ")}`.toLowerCase().includes(wanted)));
  return (
    <section aria-labelledby="tracks">
      <h3 id="tracks">Tracks</h3>
      <div class="filters">
        <label class="find">
          <span class="unseen">Find a track</span>
          <input type="search" placeholder="Find" value={text} onInput={(e) => setText(e.currentTarget.value)} />
        </label>
        <div role="group" aria-label="Show">
          {FILTERS.map((f) => (
            <button key={f.id} aria-pressed={f === filter} onClick={() => setFilter(f)}>
              {f.words} <span class="count">{all.filter(f.of).length}</span>
            </button>
          ))}
        </div>
      </div>
      <p class="unseen" role="status">
        {shown.length} of {all.length} tracks shown
      </p>
      <ul class="tracks">
        {shown.map((t) => (
          <li key={t.id}>
            <Row track={t} />
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p class="empty">No track is like that.</p>}
    </section>
  );
}

function Row({ track }: { track: api.Track }): JSX.Element {
  const silent = track.variants.filter((v) => !v.captions && !v.transcript).map((v) => v.lang);
  const notes = [
    track.variants.length === 0 && "no sound yet",
    silent.length > 0 && `no captions: ${silent.join(", ")}`,
    track.uneven > 0 && `lengths differ by ${(track.uneven / 1e6).toFixed(1)} s`,
    ...track.variants.filter(outlier).map((v) => `${v.lang}: ${(v.level?.after ?? 0).toFixed(1)} LUFS`),
  ].filter((x): x is string => typeof x === "string");
  return (
    <a class="track" href={address("library", track.id)}>
      {track.cover ? <img src={`/content/${track.cover}`} alt="" loading="lazy" /> : <span class="no-cover" aria-hidden="true" />}
      <span class="track-name">
        <strong>{nameOf(track)}</strong>
        <small>{track.id}</small>
      </span>
      <span class="track-facts">
        {track.dur > 0 && <span>{clockText(track.dur)}</span>}
        <span class="langs">{track.variants.map((v) => v.lang).join(" ")}</span>
        <span>{track.tours.length === 0 ? "in no tour" : `in ${track.tours.join(", ")}`}</span>
      </span>
      {notes.length > 0 && <span class="amber">{notes.join("; ")}</span>}
    </a>
  );
}
