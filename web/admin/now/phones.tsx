// SPDX-License-Identifier: Apache-2.0
// All phones of a group at a glance: how far off those that sound are, and what keeps the others.
//
//   in step   ▂ █ ▅ ▁ . . .     within 1, 5, 10, 25 | 50, 100 ms, and beyond
import type { JSX } from "preact";
import { OFF_MS, type Phones } from "../../common/wire_staff";

// Nobody beside a phone that is nearer than this hears it as another voice.
const GOOD_MS = 25;

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
        {words
          .filter(([n]) => n > 0)
          .map(([n, what]) => `${n} ${what}`)
          .join(", ") || "No phone is ready."}
      </p>
    </div>
  );
}
