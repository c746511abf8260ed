// SPDX-License-Identifier: Apache-2.0
// Moving several groups at once, and all of them to silence.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Group } from "../../common/wire_staff";
import type { HouseOp } from "../api";
import type { Model } from "../model";

const ARMED_MS = 6000; // as long as it takes to read what the button will do, and mean it

const count = (n: number): string => (n === 1 ? "1 group" : `${n} groups`);

/** "12 groups were moved. 1 was not: The weavers (not ready)." */
function outcome(moved: string[], failed: { group: string; code: string }[], groups: Group[]): string {
  const why = (code: string): string => (code === "bad_state" ? "already so" : code.replace(/_/g, " "));
  const name = (id: string): string => groups.find((g) => g.id === id)?.name ?? id;
  const ones = failed.slice(0, 5).map((f) => `${name(f.group)} (${why(f.code)})`);
  const rest = failed.length > ones.length ? `, and ${failed.length - ones.length} more` : "";
  const done = moved.length === 0 ? "Nothing moved." : `${count(moved.length)} moved.`;
  return failed.length === 0 ? done : `${done} Not moved: ${ones.join(", ")}${rest}.`;
}

interface TogetherProps {
  model: Model;
  groups: Group[];
  picked: Group[];
  setPicked: (ids: string[]) => void;
}

export function Together({ model, groups, picked, setPicked }: TogetherProps): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  if (groups.length < 2) return <span />;
  const send = async (what: HouseOp): Promise<void> => {
    setBusy(true);
    setNote(""); // of the order before
    const answer = await model.order(what, picked.map((g) => g.id));
    setBusy(false);
    setNote(typeof answer === "string" ? answer : outcome(answer.moved, answer.failed, groups));
  };
  const button = (what: HouseOp, face: string): JSX.Element => (
    <button disabled={busy || picked.length === 0} onClick={() => void send(what)}>
      {face}
    </button>
  );
  const all = picked.length === groups.length;
  return (
    <div class="together" role="group" aria-label="Several groups">
      <label class="tick">
        <input
          type="checkbox"
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = picked.length > 0 && !all;
          }}
          onChange={(e) => setPicked(e.currentTarget.checked ? groups.map((g) => g.id) : [])}
        />
        {picked.length === 0 ? "All" : count(picked.length)}
      </label>
      {button("play", "Play")}
      {button("pause", "Pause")}
      {button("stop", "Stop")}
      <span class="hint" role="status">
        {note || (picked.length === 0 ? "Tick the groups that are to move together." : "")}
      </span>
    </div>
  );
}

/** Two presses, so that no elbow silences a house; what was silenced can go on. */
export function StopEverything({ model, groups }: { model: Model; groups: Group[] }): JSX.Element {
  const [armed, setArmed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  const [silenced, setSilenced] = useState<string[]>([]);
  const playing = groups.filter((g) => model.moment(g).mode === "running" || g.state.next?.mode === "running").length;
  useEffect(() => {
    if (!armed) return;
    const timer = setTimeout(() => setArmed(false), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armed]);
  const send = async (what: HouseOp, ids?: string[]): Promise<void> => {
    setArmed(false);
    setBusy(true);
    setNote("");
    const answer = await model.order(what, ids);
    setBusy(false);
    if (typeof answer === "string") return setNote(answer);
    setSilenced(what === "silence" ? answer.moved : []);
    setNote(what === "silence" && answer.moved.length > 0 && answer.failed.length === 0
      ? `${count(answer.moved.length)} silent, each where it was.`
      : outcome(answer.moved, answer.failed, groups));
  };
  return (
    <div class="everything">
      <button class={armed ? "danger armed" : "danger"} disabled={busy} onClick={() => (armed ? void send("silence") : setArmed(true))}>
        {armed ? `Press again: silence for ${count(playing)}` : "Stop everything"}
      </button>
      {armed && (
        <button class="quiet" onClick={() => setArmed(false)}>
          No
        </button>
      )}
      {silenced.length > 0 && !armed && (
        <button onClick={() => void send("play", silenced)}>Go on with these</button>
      )}
      <span class="hint" role="status">
        {note}
      </span>
    </div>
  );
}
