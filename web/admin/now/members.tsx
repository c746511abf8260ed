// SPDX-License-Identifier: Apache-2.0
// Who is connected: kiosks by name with their figures, phones as dots by language.
import type { JSX } from "preact";
import { langName, microText } from "../../common/format";
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
  const phones = group.members.filter((m) => m.role === "visitor");
  if (kiosks.length + phones.length === 0) return <p class="hint">Nobody is connected.</p>;
  return (
    <>
      {kiosks.length > 0 && <Kiosks kiosks={kiosks} />}
      {phones.length > 0 && <Phones phones={phones} total={group.visitors} />}
    </>
  );
}

function Kiosks({ kiosks }: { kiosks: Member[] }): JSX.Element {
  const micro = (us: number | undefined): string => (us === undefined ? "\u2013" : microText(us));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Kiosks">
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

function Phones({ phones, total }: { phones: Member[]; total: number }): JSX.Element {
  const byLang = new Map<string, Member[]>();
  for (const p of phones) {
    const lang = p.report?.lang || p.lang || "?";
    byLang.set(lang, [...(byLang.get(lang) ?? []), p]);
  }
  return (
    <ul class="phones">
      {[...byLang].map(([lang, members]) => (
        <li key={lang}>
          <span class="lang">{langName(lang)}</span>
          <span class="dots" aria-hidden="true">
            {members.map((m) => (
              <span key={m.id} class={`dot ${health(m)}`} title={WORDS[health(m)]} />
            ))}
          </span>
          <span class="hint">{counts(members)}</span>
        </li>
      ))}
      {total > phones.length && <li class="hint">and {total - phones.length} more</li>}
    </ul>
  );
}

function counts(members: Member[]): string {
  const n = new Map<Health, number>();
  for (const m of members) n.set(health(m), (n.get(health(m)) ?? 0) + 1);
  return (Object.keys(WORDS) as Health[])
    .filter((h) => n.has(h))
    .map((h) => `${n.get(h)} ${WORDS[h]}`)
    .join(", ");
}
