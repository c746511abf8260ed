// SPDX-License-Identifier: Apache-2.0
// All phones of a group at a glance: how far off those that sound are, and what keeps the others.
//
//   in step   ▂ █ ▅ ▁ . . .     within 1, 5, 10, 25 | 50, 100 ms, and beyond
import type { JSX } from "preact";
import { OFF_MS, type Phones } from "../../common/wire_staff";

// Nobody beside a phone that is nearer than this hears it as another voice.
const GOOD_MS = 25;

// More the box does not count.
const LOST_MAX = 128;

const label = (i: number): string => (i < OFF_MS.length ? `within ${OFF_MS[i]} ms` : `more than ${OFF_MS[OFF_MS.length - 1]} ms off`);
const isGood = (i: number): boolean => (OFF_MS[i] ?? Infinity) <= GOOD_MS;

export function PhonesSum({ phones }: { phones: Phones }): JSX.Element {
  const sound = phones.off.reduce((n, k) => n + k, 0);
  const most = Math.max(1, ...phones.off);
  const words = [
    [sound - phones.astray, "in step"],
    [phones.astray, "out of step"],
    [phones.loading, "getting ready"],
    [phones.waiting, "waiting for a tap"],
    [phones.asleep, "not heard of"],
  ] as const;
  const complaints = [
    [phones.muted, phones.muted === 1 ? "has the sound off" : "have the sound off"],
    [phones.lost, phones.lost >= LOST_MAX ? "or more lost the connection a moment ago" : "lost the connection a moment ago"],
  ] as const;
  const list = (what: readonly (readonly [number, string])[]): string =>
    what
      .filter(([n]) => n > 0)
      .map(([n, said]) => `${n} ${said}`)
      .join(", ");
  const spoken = phones.off.map((k, i) => (k > 0 ? `${k} ${label(i)}` : "")).filter((s) => s !== "");
  return (
    <div class="phones-sum">
      {sound > 0 && (
        <div class="bars" role="img" aria-label={`Phones that sound: ${spoken.join(", ")}`}>
          {phones.off.map((k, i) => (
            <span key={i} class={isGood(i) ? "good" : "off"} title={`${k} ${label(i)}`} style={{ height: `${k === 0 ? 4 : 12 + (88 * k) / most}%` }} />
          ))}
        </div>
      )}
      <p class="hint">
        {list(words) || "No phone is ready."}
      </p>
      {list(complaints) !== "" && <p class="hint complaints">{list(complaints)}</p>}
    </div>
  );
}
