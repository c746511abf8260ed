// SPDX-License-Identifier: Apache-2.0
// One kiosk: its last ten minutes drawn large, and how it is to sound. What is set is heard at once.
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { langName, microText } from "../../common/format";
import type { Channel, Output } from "../../common/wire_staff";
import type { Model } from "../model";
import { address, may } from "../sections";
import type { Change, Kiosk } from "./api";
import type { Desk } from "./desk";
import { GroupOptions } from "./newcomers";
import { Plot } from "./plot";

interface Props {
  model: Model;
  desk: Desk;
  kiosk: Kiosk;
}

const QUIETEST = -600; // tenths of a dB
const STEPS_MS = [-10, -1, -0.1, 0.1, 1, 10];
const TRIM_MAX_US = 500_000;

export function OneKiosk({ model, desk, kiosk }: Props): JSX.Element {
  const [note, setNote] = useState("");
  const live = desk.live.value.get(kiosk.id);
  const r = live?.member.report;
  const edits = may(model.me.value?.role, "curator");
  const said = async (answer: Promise<string>, good: string): Promise<void> => setNote((await answer) || good);
  // What was wished is shown until the last answer: the box tells of its kiosks meanwhile, and what it tells is older.
  const [wish, setWish] = useState<Pick<Change, "mute" | "trim">>({});
  const wishes = useRef(0);
  const set = (wanted: Change, good = "Set."): void => {
    const mine = ++wishes.current;
    const { mute, trim } = wanted;
    setWish((w) => ({ ...w, ...(mute !== undefined && { mute }), ...(trim !== undefined && { trim }) }));
    void said(desk.change(kiosk.id, wanted), good).then(() => mine === wishes.current && setWish({}));
  };
  const wished = { ...kiosk, ...wish };
  return (
    <article class="one-kiosk" aria-label={kiosk.name}>
      <p>
        <a href={address("kiosks")}>All kiosks</a>
      </p>
      <h2>{kiosk.name}</h2>
      <p class="hint">
        {kiosk.online ? `Here, in ${live?.group.name ?? (kiosk.place || kiosk.group || "no group")}` : "Away"}; {kiosk.id}
        {r?.servo ? `; ${r.servo}` : ""}
        {r?.via ? `; time over ${r.via === "udp" ? "UDP" : "WebSocket"}` : ""}
      </p>
      <Plots desk={desk} kiosk={kiosk} />
      <div class="row">
        <button disabled={!kiosk.online} onClick={() => void said(model.identify(kiosk.id), "It was told to chirp.")}>
          Identify
        </button>
        <button disabled={!live || kiosk.mute} onClick={() => void said(desk.tone(kiosk.id), "Three seconds of a tone, at the level of tracks.")}>
          Test tone
        </button>
        <p class="hint" role="status">
          {note}
        </p>
      </div>
      {edits && (
        <>
          <Volume kiosk={wished} set={set} admin={may(model.me.value?.role, "admin")} />
          <Trim kiosk={wished} set={set} />
          <Outputs model={model} kiosk={kiosk} set={set} />
          <Naming kiosk={kiosk} set={set} model={model} />
          {!kiosk.online && (
            <button class="danger" onClick={() => void said(desk.forget(kiosk.id), "Forgotten.")}>
              Forget this kiosk
            </button>
          )}
        </>
      )}
    </article>
  );
}

function Plots({ desk, kiosk }: { desk: Desk; kiosk: Kiosk }): JSX.Element {
  const turn = desk.turn.value;
  const trace = desk.trace(kiosk.id);
  const last = trace[trace.length - 1];
  const errors = trace.flatMap((p) => p.error ?? []);
  const worst = errors.length > 0 ? microText(Math.max(...errors.map(Math.abs))) : "none";
  const xruns = trace.reduce((n, p) => n + p.xruns, 0);
  return (
    <div class="plots">
      <figure>
        <figcaption>
          Error, ten minutes; worst {worst}; {xruns === 1 ? "1 dropout" : `${xruns} dropouts`}
        </figcaption>
        <Plot trace={trace} figure="error" least={20} height={160} band={1000} text={microText} turn={turn} label={`Error over ten minutes, worst ${worst}`} />
      </figure>
      <figure>
        <figcaption>DAC against house time{last?.dac ? `: ${(last.dac / 1000).toFixed(2)} ppm` : ""}</figcaption>
        <Plot trace={trace} figure="dac" least={500} height={90} middle text={(v) => `${(v / 1000).toFixed(1)} ppm`} turn={turn} label="Rate of its DAC over ten minutes" />
      </figure>
      <figure>
        <figcaption>Buffer{last?.buffer ? `: ${(last.buffer / 1000).toFixed(1)} s` : ""}</figcaption>
        <Plot trace={trace} figure="buffer" least={500} height={90} middle text={(v) => `${(v / 1000).toFixed(1)} s`} turn={turn} label="Its buffer over ten minutes" />
      </figure>
    </div>
  );
}

interface Part {
  kiosk: Kiosk;
  set: (wanted: Change, good?: string) => void;
}

const db = (tenths: number): string => `${(tenths / 10).toFixed(1).replace("-", "\u2212")} dB`;

function Volume({ kiosk, set, admin }: Part & { admin: boolean }): JSX.Element {
  const [drag, setDrag] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const shown = drag ?? kiosk.gain;
  const wish = (gain: number): void => {
    setDrag(gain);
    clearTimeout(timer.current);
    // While it is dragged it is heard, some times a second.
    timer.current = setTimeout(() => {
      set({ gain });
      setDrag(null);
    }, 150);
  };
  return (
    <fieldset>
      <legend>Volume</legend>
      <label>
        {db(shown)} {kiosk.gain > kiosk.ceiling ? `(the ceiling holds it at ${db(kiosk.ceiling)})` : ""}
        <input
          type="range"
          min={QUIETEST}
          max={kiosk.ceiling}
          step={5}
          value={Math.min(shown, kiosk.ceiling)}
          aria-valuetext={db(shown)}
          onInput={(e) => wish(Number(e.currentTarget.value))}
        />
      </label>
      <label class="tick">
        <input type="checkbox" checked={kiosk.mute} onChange={(e) => set({ mute: e.currentTarget.checked }, e.currentTarget.checked ? "Muted." : "It sounds again.")} />
        Muted
      </label>
      {admin && (
        <label>
          Never louder than (dB)
          <input type="number" min={QUIETEST / 10} max={0} step={0.5} value={kiosk.ceiling / 10} onChange={(e) => set({ ceiling: Math.round(Number(e.currentTarget.value) * 10) }, "The ceiling is set.")} />
        </label>
      )}
    </fieldset>
  );
}

function Trim({ kiosk, set }: Part): JSX.Element {
  const by = (ms: number): void => {
    const trim = Math.max(-TRIM_MAX_US, Math.min(TRIM_MAX_US, kiosk.trim + Math.round(ms * 1000)));
    set({ trim });
  };
  return (
    <fieldset>
      <legend>Trim: {(kiosk.trim / 1000).toFixed(1).replace("-", "\u2212")} ms</legend>
      <p class="hint">Later is positive. Sound needs 2.9 ms for a metre: what stands nearer to the listener is made later.</p>
      <div class="row" role="group" aria-label="Trim in milliseconds">
        {STEPS_MS.map((ms) => (
          <button key={ms} onClick={() => by(ms)} aria-label={`${Math.abs(ms)} ms ${ms < 0 ? "earlier" : "later"}`}>
            {ms > 0 ? "+" : "\u2212"}
            {Math.abs(ms)}
          </button>
        ))}
        <button class="quiet" disabled={kiosk.trim === 0} onClick={() => set({ trim: 0 })}>
          None
        </button>
      </div>
    </fieldset>
  );
}

const CHANNELS: [Channel, string][] = [["left", "left"], ["right", "right"], ["mono", "both, mixed"], ["none", "nothing"]];

function Outputs({ model, kiosk, set }: Part & { model: Model }): JSX.Element {
  const group = (model.groups.value ?? []).find((g) => g.id === (kiosk.place || kiosk.group));
  const tour = group && model.document(group);
  const known = new Set([...(tour?.cues.flatMap((c) => c.variants.map((v) => v.lang)) ?? []), ...kiosk.map.flatMap((o) => o.lang ?? [])]);
  const change = (side: number, wanted: Partial<Output>): void => {
    const out: Output = { channel: "none", ...kiosk.map[side], ...wanted };
    if (!out.lang) delete out.lang;
    set({ map: side === 0 ? [out, null] : [null, out] });
  };
  return (
    <fieldset>
      <legend>What its outputs play</legend>
      {["Left", "Right"].map((name, side) => (
        <div class="row" key={name}>
          <label>
            {name}
            <select value={kiosk.map[side]?.channel ?? "none"} onChange={(e) => change(side, { channel: e.currentTarget.value as Channel })}>
              {CHANNELS.map(([id, words]) => (
                <option key={id} value={id}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <label>
            {name} in
            <select value={kiosk.map[side]?.lang ?? ""} onChange={(e) => change(side, { lang: e.currentTarget.value })}>
              <option value="">its own language</option>
              {[...known].sort().map((lang) => (
                <option key={lang} value={lang}>
                  {langName(lang)}
                </option>
              ))}
            </select>
          </label>
        </div>
      ))}
    </fieldset>
  );
}

function Naming({ model, kiosk, set }: Part & { model: Model }): JSX.Element {
  const submit = (e: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    const place = String(data.get("place"));
    set({ name: String(data.get("name")).trim(), ...(place !== "" ? { place } : {}) }, "Saved.");
  };
  return (
    <form class="new" onSubmit={submit}>
      <label>
        Name
        <input name="name" maxLength={60} defaultValue={kiosk.name} autoComplete="off" />
      </label>
      <label>
        Plays with
        <select name="place" defaultValue={kiosk.place ?? ""}>
          {!kiosk.place && <option value="">whom it brings the code of</option>}
          <GroupOptions model={model} />
        </select>
      </label>
      <button>Save</button>
    </form>
  );
}
