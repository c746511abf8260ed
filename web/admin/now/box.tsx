// SPDX-License-Identifier: Apache-2.0
// The box itself in one line, with words where somebody should look after it.
import type { JSX } from "preact";
import { microText } from "../../common/format";
import type { Props } from "../later";

const GB = 1e9;
const gb = (bytes: number): string => (bytes / GB).toFixed(bytes < 10 * GB ? 1 : 0);

export function BoxLine({ model }: Props): JSX.Element | null {
  const box = model.box.value;
  if (!box) return null;
  const { trusted } = model.time.value;
  const facts: { name: string; value: string; bad: boolean }[] = [];
  if (box.cpu !== undefined) facts.push({ name: "Processor", value: `${box.cpu} %`, bad: box.cpu > 85 });
  if (box.memory) {
    const [free, size] = box.memory;
    facts.push({ name: "Memory free", value: `${gb(free)} of ${gb(size)} GB`, bad: free < size / 12 });
  }
  if (box.disk) {
    const [free, size] = box.disk;
    facts.push({ name: "Disk free", value: `${gb(free)} of ${gb(size)} GB`, bad: free < Math.min(GB, size / 20) });
  }
  facts.push({ name: "Saving takes", value: box.commitUs > 0 ? microText(box.commitUs) : "\u2013", bad: box.commitUs > 250_000 });
  facts.push({ name: "Clock", value: trusted ? "trusted" : "not set", bad: !trusted });
  return (
    <dl class="box" aria-label="The box">
      {facts.map((f) => (
        <div key={f.name} class={f.bad ? "bad" : ""}>
          <dt>{f.name}</dt>
          <dd>
            {f.value}
            {f.bad && <span class="unseen"> (needs attention)</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
