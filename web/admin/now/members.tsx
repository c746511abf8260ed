// SPDX-License-Identifier: Apache-2.0
// The kiosks of a group by name, with their figures.
import type { JSX } from "preact";
import { microText } from "../../common/format";
import type { Group, Member } from "../../common/wire_staff";

// A kiosk beyond this can be heard against its neighbour; a phone beyond that against a loudspeaker.
const KIOSK_GOOD_US = 1000;
const PHONE_GOOD_US = 25_000;

type Health = "good" | "off" | "busy" | "quiet";
const WORDS: Record<Health, string> = {
  good: "in step",
  off: "out of step",
  busy: "getting ready",
  quiet: "silent",
};

export function health(m: Member): Health {
  const r = m.report;
  if (!r || r.playing === "idle" || r.playing === "silent") return "quiet";
  if (r.playing === "fetching") return "busy";
  const limit = m.role === "kiosk" ? KIOSK_GOOD_US : PHONE_GOOD_US;
  return Math.abs(r.error_us ?? 0) <= limit ? "good" : "off";
}

export function Members({ group }: { group: Group }): JSX.Element | null {
  const kiosks = group.members.filter((m) => m.role === "kiosk");
  if (kiosks.length + group.visitors === 0) return <p class="hint">Nobody is connected.</p>;
  return kiosks.length > 0 ? <Kiosks kiosks={kiosks} of={group.name} /> : null;
}

function Kiosks({ kiosks, of }: { kiosks: Member[]; of: string }): JSX.Element {
  const micro = (us: number | undefined): string => (us === undefined ? "\u2013" : microText(us));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Kiosks of ${of}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Kiosk</th>
            <th scope="col">Error</th>
            <th scope="col">Buffer</th>
            <th scope="col">Dropouts</th>
            <th scope="col">Round trip</th>
          </tr>
        </thead>
        <tbody>
          {kiosks.map((m) => (
            <tr key={m.id}>
              <th scope="row">
                <span class={`dot ${health(m)}`} title={WORDS[health(m)]} />
                {m.name || m.id} <small>{m.lang}</small>
              </th>
              <td>{m.report?.playing === "sound" ? micro(m.report.error_us) : WORDS[health(m)]}</td>
              <td>{m.report?.buffer_ms === undefined ? "\u2013" : `${(m.report.buffer_ms / 1000).toFixed(1)} s`}</td>
              <td>{m.report?.xruns ?? "\u2013"}</td>
              <td>{micro(m.report?.rtt_us)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
