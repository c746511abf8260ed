// SPDX-License-Identifier: Apache-2.0
// The section "Kiosks": every loudspeaker that was ever here, how it does now and did in the last ten minutes;
// `#kiosks/ID` is one of them.
import type { JSX } from "preact";
import { microText } from "../../common/format";
import type { Props } from "../later";
import { address, place } from "../sections";
import { health } from "../now/members";
import type { Model } from "../model";
import type { Kiosk } from "./api";
import { Desk } from "./desk";
import { NewKiosks } from "./newcomers";
import { OneKiosk } from "./one";
import { Plot } from "./plot";

let desk: Desk | undefined;
const deskOf = (model: Model): Desk => (desk ??= new Desk(model));

export function Kiosks({ model }: Props): JSX.Element {
  const d = deskOf(model);
  const kiosks = d.kiosks.value;
  const one = kiosks?.find((k) => k.id === place.value[1]);
  if (one) return <OneKiosk key={one.id} model={model} desk={d} kiosk={one} />;
  return (
    <>
      <NewKiosks model={model} />
      {d.note.value !== "" && <p class="notice">{d.note.value}</p>}
      {kiosks === null ? (
        <p class="empty">Asking the box{"\u2026"}</p>
      ) : kiosks.length === 0 ? (
        <p class="empty">No kiosk was ever here. A player on this network shows up by itself.</p>
      ) : (
        <Table desk={d} kiosks={kiosks} />
      )}
    </>
  );
}

const state = (d: Desk, k: Kiosk): { dot: string; words: string } => {
  const live = d.live.value.get(k.id);
  if (!live) return k.online ? { dot: "quiet", words: "here" } : { dot: "gone", words: "away" };
  const is = health(live.member);
  return { dot: is, words: { good: "in step", off: "out of step", busy: "getting ready", quiet: "silent" }[is] };
};

export const volumeText = (k: Kiosk): string =>
  k.mute ? "muted" : `${(k.gain / 10).toFixed(1).replace("-", "\u2212")} dB`;

// What is rounded to nothing has no sign.
const ppm = (ppb: number): string => (Math.round(ppb / 100) / 10 || 0).toFixed(1).replace("-", "\u2212");

function Table({ desk, kiosks }: { desk: Desk; kiosks: Kiosk[] }): JSX.Element {
  void desk.turn.value;
  const rows = [...kiosks].sort((a, b) => Number(b.online) - Number(a.online) || a.name.localeCompare(b.name));
  const here = kiosks.filter((k) => k.online).length;
  return (
    <>
      <h2>
        {here} of {kiosks.length} kiosks are here
      </h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="All kiosks">
        <table class="kiosks">
          <thead>
            <tr>
              <th scope="col">Kiosk</th>
              <th scope="col">Group</th>
              <th scope="col">Error</th>
              <th scope="col">Ten minutes</th>
              <th scope="col">DAC</th>
              <th scope="col">Buffer</th>
              <th scope="col">Dropouts</th>
              <th scope="col">Volume</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((k) => (
              <Row key={k.id} desk={desk} kiosk={k} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({ desk, kiosk }: { desk: Desk; kiosk: Kiosk }): JSX.Element {
  const live = desk.live.value.get(kiosk.id);
  const r = live?.member.report;
  const { dot, words } = state(desk, kiosk);
  const sounds = r?.playing === "sound";
  return (
    <tr>
      <th scope="row">
        <span class={`dot ${dot}`} aria-hidden="true" />
        <a href={address("kiosks", kiosk.id)}>{kiosk.name}</a> <small>{words}</small>
      </th>
      <td class="text">{live?.group.name ?? kiosk.place ?? kiosk.group}</td>
      <td>{sounds && r.error_us !== undefined ? microText(r.error_us) : "\u2013"}</td>
      <td>
        <Plot trace={desk.trace(kiosk.id)} figure="error" least={100} height={32} band={1000} label={`Error of ${kiosk.name} over ten minutes`} turn={desk.turn.value} />
      </td>
      <td>{sounds && r.dac_ppb !== undefined ? `${ppm(r.dac_ppb)} ppm` : "\u2013"}</td>
      <td>{r?.buffer_ms === undefined ? "\u2013" : `${(r.buffer_ms / 1000).toFixed(1)} s`}</td>
      <td>{r?.xruns ?? "\u2013"}</td>
      <td>{volumeText(kiosk)}</td>
    </tr>
  );
}
