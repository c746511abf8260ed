// SPDX-License-Identifier: Apache-2.0
// The section "Posters": one page for each group, printed or kept as PDF by the browser.
//
//   ┌────────────────────────┐
//   │ the venue              │   title in up to three languages
//   │ Listen together        │   1: the network, where it is known    2: the page
//   │ [1 QR]        [2 QR]   │   the code in figures that can be read from afar
//   │ code 123 456 789       │
//   └────────────────────────┘
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { codeText, langName } from "../../common/format";
import { isText } from "../../common/wire";
import type { Group } from "../../common/wire_staff";
import { type Look, call, look } from "../api";
import type { Props } from "../later";
import { WORDS, type Words } from "./words";

const LANGS_MAX = 3;

interface Wifi {
  name: string;
  password: string;
}

const readWifi = (x: Record<string, unknown>): Wifi => ({
  name: isText(x.name, 32) ? x.name : "",
  password: isText(x.password, 63) ? x.password : "",
});

export function Posters({ model }: Props): JSX.Element {
  const [venue, setVenue] = useState<Look>({});
  const [wifi, setWifi] = useState<Wifi | null>(null);
  const [turn, setTurn] = useState(0); // the code's picture is asked for anew
  const [note, setNote] = useState("");
  const [langs, setLangs] = useState<string[]>(["en", "de", "fr"]);
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const groups = model.groups.value ?? [];
  useEffect(() => {
    void model.attempt(async () => {
      setVenue(await look());
      setWifi(readWifi(await call("GET", "/wifi")));
    }).then(setNote);
  }, []);
  const save = async (wanted: Wifi): Promise<void> => {
    const why = await model.attempt(async () => {
      const body = wanted.name === "" ? {} : { name: wanted.name, ...(wanted.password !== "" ? { password: wanted.password } : {}) };
      setWifi(readWifi(await call("PUT", "/wifi", body)));
      setTurn(turn + 1);
    });
    setNote(why || "Saved.");
  };
  const words = WORDS.filter((w) => langs.includes(w.lang));
  const shown = groups.filter((g) => !off.has(g.id));
  return (
    <>
      <div class="poster-desk">
        <h2>Posters</h2>
        {/^(localhost|127\.|\[::1\])/.test(location.host) && (
          <p class="notice">
            This page was opened as {location.host}, and so would the codes: no phone finds that. Open it by the address that visitors use.
          </p>
        )}
        {wifi && <Network wifi={wifi} save={save} />}
        <Languages langs={langs} setLangs={setLangs} />
        <Pick groups={groups} off={off} setOff={setOff} />
        <div class="row">
          <button class="primary" disabled={shown.length === 0} onClick={() => print()}>
            Print {shown.length === 1 ? "1 poster" : `${shown.length} posters`}
          </button>
          <p class="hint" role="status">
            {note || "One page each. The browser's print dialogue also makes a PDF, at any size of paper."}
          </p>
        </div>
      </div>
      <div class="posters">
        {shown.map((g) => (
          <Poster key={g.id} group={g} venue={venue} wifi={wifi?.name ? wifi : null} turn={turn} words={words} link={model.links.value.get(g.id) ?? g.link ?? ""} />
        ))}
      </div>
    </>
  );
}

function Network({ wifi, save }: { wifi: Wifi; save: (w: Wifi) => Promise<void> }): JSX.Element {
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    void save({ name: String(data.get("ssid")), password: String(data.get("key")) });
  };
  return (
    <form class="new" onSubmit={submit}>
      <label>
        Visitors{"\u2019"} Wi-Fi
        <input name="ssid" maxLength={32} defaultValue={wifi.name} autoComplete="off" autoCapitalize="none" />
      </label>
      <label>
        Its password
        <input name="key" maxLength={63} defaultValue={wifi.password} autoComplete="off" autoCapitalize="none" spellcheck={false} />
      </label>
      <button>Save</button>
    </form>
  );
}

function Languages({ langs, setLangs }: { langs: string[]; setLangs: (l: string[]) => void }): JSX.Element {
  const change = (lang: string, on: boolean): void => setLangs(on ? [...langs, lang] : langs.filter((l) => l !== lang));
  return (
    <fieldset>
      <legend>Languages, at most three</legend>
      <div class="row">
        {WORDS.map((w) => (
          <label key={w.lang} class="tick">
            <input
              type="checkbox"
              checked={langs.includes(w.lang)}
              disabled={!langs.includes(w.lang) && langs.length >= LANGS_MAX}
              onChange={(e) => change(w.lang, e.currentTarget.checked)}
            />
            {langName(w.lang)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Pick({ groups, off, setOff }: { groups: Group[]; off: ReadonlySet<string>; setOff: (s: ReadonlySet<string>) => void }): JSX.Element {
  const change = (id: string, on: boolean): void => {
    const next = new Set(off);
    if (on) next.delete(id);
    else next.add(id);
    setOff(next);
  };
  return (
    <fieldset>
      <legend>Groups</legend>
      <div class="row">
        <button class="quiet" onClick={() => setOff(new Set())}>
          All
        </button>
        <button class="quiet" onClick={() => setOff(new Set(groups.map((g) => g.id)))}>
          None
        </button>
        {groups.map((g) => (
          <label key={g.id} class="tick">
            <input type="checkbox" checked={!off.has(g.id)} onChange={(e) => change(g.id, e.currentTarget.checked)} />
            {g.name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface PosterProps {
  group: Group;
  venue: Look;
  wifi: Wifi | null;
  turn: number;
  words: readonly Words[];
  link: string;
}

function Poster({ group, venue, wifi, turn, words, link }: PosterProps): JSX.Element {
  // What people can type: the house's own address, without what the code stands for.
  const host = new URL(link || "/", location.href).host;
  const lines = (of: (w: Words) => string): JSX.Element[] =>
    words.map((w) => (
      <span key={w.lang} lang={w.lang} dir={w.rtl ? "rtl" : "ltr"}>
        {of(w)}
      </span>
    ));
  return (
    <article class="poster" aria-label={`Poster of ${group.name}`} style={venue.colour ? { borderTopColor: venue.colour } : {}}>
      <p class="venue">
        {venue.logo && <img src={`/content/${venue.logo}`} alt="" />}
        {venue.name ?? ""}
      </p>
      <h3>{lines((w) => w.title)}</h3>
      <p class="group">{group.name}</p>
      <div class="steps">
        {wifi && (
          <section>
            <p class="step">
              <b>1</b>
              <span class="lines">{lines((w) => w.wifi)}</span>
            </p>
            <img src={`/api/v1/wifi/qr.svg?${turn}`} alt="Code that joins the Wi-Fi" />
            <p class="typed">
              {wifi.name}
              {wifi.password !== "" && <span>{wifi.password}</span>}
            </p>
          </section>
        )}
        <section>
          <p class="step">
            {wifi && <b>2</b>}
            <span class="lines">{lines((w) => w.page)}</span>
          </p>
          <img src={`/api/v1/groups/${group.id}/qr.svg`} alt={`Code that opens ${group.name}`} />
          <p class="typed">{host}</p>
        </section>
      </div>
      <p class="by-code">
        <strong>{codeText(group.code)}</strong>
        <span class="lines">{lines((w) => w.code)}</span>
      </p>
      <p class="headphones">
        <Headphones />
        <span class="lines">{lines((w) => w.headphones)}</span>
      </p>
    </article>
  );
}

function Headphones(): JSX.Element {
  return (
    <svg viewBox="0 0 48 48" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round">
      <path d="M8 30v-6a16 16 0 0 1 32 0v6" />
      <rect x="5" y="28" width="9" height="14" rx="4" fill="currentColor" stroke="none" />
      <rect x="34" y="28" width="9" height="14" rx="4" fill="currentColor" stroke="none" />
    </svg>
  );
}
