// SPDX-License-Identifier: Apache-2.0
// The editor of one tour. What is edited is a draft in the page, with undo for everything; saving publishes it on top
// of the edition that it was made of, after saying what that means for the groups that have the tour.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { langName } from "../../common/format";
import { titleIn } from "../../common/tour";
import { ApiError } from "../api";
import type { Model } from "../model";
import { address, may, place } from "../sections";
import * as api from "./api";
import { Coverage } from "./coverage";
import { CueRow } from "./cue";
import { Edits, cueFor, languages, moved, problems, same, withCue, without } from "./draft";
import { useOrder } from "./order";
import { Preview } from "./preview";
import { Conflict, Save } from "./save";
import { Versions } from "./versions";

interface Props {
  model: Model;
  id: string;
}

const mine = (): string => navigator.language.toLowerCase();

export function Editor({ model, id }: Props): JSX.Element {
  const [edits, setEdits] = useState<Edits | null>(null);
  const [tracks, setTracks] = useState<Map<string, api.Track>>(new Map());
  const [base, setBase] = useState<api.Shown | null>(null); // as it is published; null: not yet
  const [note, setNote] = useState("");
  const load = async (): Promise<void> => {
    setTracks(await api.tracks());
    try {
      const shown = await api.show(id);
      setBase(shown);
      setEdits(new Edits(shown.tour));
    } catch (e) {
      if (!(e instanceof ApiError) || e.status !== 404) throw e;
      const title = place.value[2] ?? id;
      setEdits(new Edits({ title: { en: title }, cues: [] }));
    }
  };
  useEffect(() => void model.attempt(load).then(setNote), [id]);
  if (!edits) return <p class={note ? "notice" : "empty"}>{note || "One moment…"}</p>;
  return <Desk model={model} id={id} edits={edits} tracks={tracks} base={base} setBase={setBase} />;
}

interface DeskProps extends Props {
  edits: Edits;
  tracks: Map<string, api.Track>;
  base: api.Shown | null;
  setBase: (shown: api.Shown) => void;
}

function Desk({ model, id, edits, tracks, base, setBase }: DeskProps): JSX.Element {
  const [, setTurn] = useState(0);
  const [saving, setSaving] = useState(false);
  const [theirs, setTheirs] = useState<api.Shown | null>(null); // somebody was faster
  const [said, setSaid] = useState("");
  const draft = edits.draft;
  const latest = useRef({ draft, tracks });
  latest.current = { draft, tracks };
  const preview = useMemo(() => new Preview(() => latest.current.draft, () => latest.current.tracks), []);
  useEffect(() => () => preview.stop(), []);
  const may_ = may(model.me.value?.role, "curator");
  const show = (): void => setTurn((n) => n + 1);
  const edit = (what: string, next: api.Draft, one = false): void => {
    edits.edit(what, next, one);
    setSaid("");
    show();
  };
  const step = (which: "undo" | "redo"): void => {
    const what = which === "undo" ? edits.undoes : edits.redoes;
    if (what === "") return;
    edits[which]();
    setSaid(`${which === "undo" ? "Taken back" : "Done again"}: ${what}`);
    show();
  };
  useEffect(() => {
    const key = (e: KeyboardEvent): void => {
      const typing = e.target instanceof HTMLInputElement && e.target.type !== "range";
      if (!(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== "z" || typing) return;
      e.preventDefault();
      step(e.shiftKey ? "redo" : "undo");
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
  const changed = !base || !same(base.tour, draft);
  useEffect(() => {
    const warn = (e: BeforeUnloadEvent): void => {
      if (changed) e.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  });
  const name = (track: string): string => titleIn(tracks.get(track)?.title ?? {}, mine()) || track;
  const moving = "Moving a cue";
  const order = useOrder({
    count: draft.cues.length,
    move: (from, to) => edit(moving, moved(edits.draft, from, to), true),
    done: (from, to, what) => {
      const now = edits.draft;
      if (edits.undoes !== moving) return;
      edits.drop();
      if (from !== to) edits.edit(`Moved ${what} from ${from + 1} to ${to + 1}`, now);
      show();
    },
  });
  const langs = languages(draft, tracks);
  const all = problems(draft, tracks, name, langName);
  const blocks = all.some((p) => p.blocks);
  const title = titleIn(draft.title, mine()) || id;
  const savedAs = async (hash: string): Promise<void> => {
    const shown = await api.show(id);
    setBase(shown.hash === hash ? shown : { ...shown, hash, tour: draft });
    setSaving(false);
    setSaid(`Saved as version ${shown.version}.`);
    await model.refresh();
  };
  return (
    <div class="editor">
      <p>
        <a href={address("tours")}>All tours</a>
      </p>
      <div class="editor-bar" role="toolbar" aria-label="Editing">
        <h2>{title}</h2>
        {may_ && (
          <>
            <button disabled={edits.undoes === ""} title={edits.undoes && `Undo: ${edits.undoes}`} onClick={() => step("undo")}>
              Undo
            </button>
            <button disabled={edits.redoes === ""} title={edits.redoes && `Redo: ${edits.redoes}`} onClick={() => step("redo")}>
              Redo
            </button>
            <button class="primary" disabled={!changed || blocks} onClick={() => setSaving(true)}>
              {base ? "Save…" : "Publish…"}
            </button>
          </>
        )}
        <p class="hint" role="status">
          {said || (changed ? "Not saved yet." : base ? `Version ${base.version}, as published.` : "")}
        </p>
      </div>
      {saving && !theirs && (
        <Save
          model={model} id={id} draft={draft} on={base?.hash ?? ""} house={() => model.houseNow()} name={(cue) => name(draft.cues.find((c) => c.id === cue)?.track ?? cue)}
          done={savedAs} close={() => setSaving(false)}
          faster={() => void model.attempt(async () => setTheirs(await api.show(id))).then(setSaid)}
        />
      )}
      {theirs && (
        <Conflict
          ours={draft} theirs={theirs} name={name}
          take={() => {
            edit("Took the other edition", theirs.tour);
            setBase(theirs);
            setTheirs(null);
            setSaving(false);
          }}
          keep={() => {
            setBase(theirs);
            setTheirs(null);
          }}
        />
      )}
      <Titles draft={draft} langs={langs} edits={may_} edit={edit} />
      <Hear draft={draft} langs={langs} preview={preview} />
      <Problems all={all} />
      <h2 id="cues">Cues</h2>
      <p id="order-help" class="hint">
        {may_ && "Drag a cue by its grip, or press Space on it and move it with the arrows."}
      </p>
      <p class="unseen" aria-live="assertive">
        {order.said}
      </p>
      <ol class="cue-list" aria-labelledby="cues">
        {draft.cues.map((c, i) => (
          <CueRow
            key={c.id} cue={c} index={i} count={draft.cues.length} name={name(c.track)} track={tracks.get(c.track)}
            problems={all.filter((p) => p.cue === i)} preview={preview} held={order.held === c.id} edits={may_}
            change={(what, cue) => edit(what, withCue(edits.draft, i, cue))}
            remove={() => edit(`Took out ${name(c.track)}`, without(edits.draft, i))}
            grip={order.grip(c.id, i, name(c.track))}
          />
        ))}
      </ol>
      {may_ && <AddCue tracks={tracks} name={name} add={(track) => edit(`Added ${name(track)}`, { ...draft, cues: [...draft.cues, cueFor(draft, track)] })} />}
      <Coverage draft={draft} tracks={tracks} langs={langs} name={name} />
      <Versions
        id={id} hash={base?.hash ?? ""} model={model}
        open={(v) => edit(`Opened version ${v.version}`, v.tour)}
      />
    </div>
  );
}

type Edit = (what: string, next: api.Draft, one?: boolean) => void;

function Titles({ draft, langs, edits, edit }: { draft: api.Draft; langs: string[]; edits: boolean; edit: Edit }): JSX.Element {
  const all = [...new Set([...Object.keys(draft.title), ...langs])];
  const set = (lang: string, text: string): void => {
    const rest = Object.fromEntries(Object.entries(draft.title).filter(([l]) => l !== lang));
    edit(`Title in ${langName(lang)}`, { ...draft, title: text === "" ? rest : { ...draft.title, [lang]: text } }, true);
  };
  return (
    <fieldset class="titles" disabled={!edits}>
      <legend>Title</legend>
      {all.map((lang) => (
        <label key={lang}>
          {langName(lang)}
          <input value={draft.title[lang] ?? ""} maxLength={80} autoComplete="off" onInput={(e) => set(lang, e.currentTarget.value)} />
        </label>
      ))}
      <label>
        A kiosk that loses the box
        <select value={draft.alone ?? "continue"} onChange={(e) => edit("What a kiosk does alone", { ...draft, alone: e.currentTarget.value })}>
          <option value="continue">goes on with the tour</option>
          <option value="finish">plays the cue out and falls silent</option>
        </select>
      </label>
    </fieldset>
  );
}

function Hear({ draft, langs, preview }: { draft: api.Draft; langs: string[]; preview: Preview }): JSX.Element {
  const [first] = draft.cues;
  return (
    <div class="hear">
      {preview.now.value ? (
        <button onClick={() => preview.stop()}>Stop listening</button>
      ) : (
        <button disabled={!first} onClick={() => first && preview.from(first)}>
          Hear the whole tour
        </button>
      )}
      {langs.length > 1 && (
        <label>
          in
          <select onChange={(e) => (preview.lang = e.currentTarget.value)}>
            {langs.map((l) => (
              <option key={l} value={l}>
                {langName(l)}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

function Problems({ all }: { all: ReturnType<typeof problems> }): JSX.Element {
  const grave = all.filter((p) => p.blocks);
  const light = all.filter((p) => !p.blocks);
  return (
    <section class="problems" aria-label="Problems">
      {all.length === 0 && <p class="hint">No problems found.</p>}
      {grave.length > 0 && (
        <>
          <h3 class="notice">To be put right before it can be saved</h3>
          <ul>{grave.map((p) => <li key={p.text}>{p.text}</li>)}</ul>
        </>
      )}
      {light.length > 0 && (
        <details>
          <summary>{light.length === 1 ? "1 thing to know" : `${light.length} things to know`}</summary>
          <ul>{light.map((p) => <li key={p.text}>{p.text}</li>)}</ul>
        </details>
      )}
    </section>
  );
}

function AddCue({ tracks, name, add }: { tracks: Map<string, api.Track>; name: (t: string) => string; add: (track: string) => void }): JSX.Element {
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const track = new FormData(e.currentTarget).get("track");
    if (track) add(String(track));
  };
  return (
    <form class="new" onSubmit={submit}>
      <label>
        Add a cue
        <select name="track" required>
          {[...tracks.values()].map((t) => (
            <option key={t.id} value={t.id} disabled={t.variants.length === 0}>
              {name(t.id)}
              {t.variants.length === 0 ? " (no audio yet)" : ""}
            </option>
          ))}
        </select>
      </label>
      <button disabled={tracks.size === 0}>Add</button>
    </form>
  );
}
