// SPDX-License-Identifier: Apache-2.0
// Joining: the code of the group, typed on large keys, on a keyboard, or pasted; and what was wrong
// with it. A slip is found by the check digit, before the house is asked.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { codeText } from "../../common/format";
import { fill } from "../../common/i18n";
import type { Props } from "./props";

const DIGITS = 9;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

export function JoinScreen({ session, texts }: Props): JSX.Element {
  const [digits, setDigits] = useState("");
  const notice = session.refused.value;
  const take = (typed: string): void => {
    const now = typed.replace(/\D/g, "").slice(0, DIGITS);
    if (now === digits) return;
    setDigits(now);
    session.refused.value = null;
    if (now.length === DIGITS) session.joinByCode(now);
  };
  // After a code that was refused the next digit begins another.
  const press = (key: string): void => take(digits.length === DIGITS ? key : digits + key);
  const submit = (e: Event): void => {
    e.preventDefault();
    if (digits === "") document.getElementById("code")?.focus();
    else session.joinByCode(digits);
  };
  return (
    <form class="join" onSubmit={submit} noValidate>
      <div class="ask">
        <h1>{texts.join_title}</h1>
        <label for="code">{texts.join_hint}</label>
        <input
          id="code"
          class="code"
          dir="ltr"
          aria-label={texts.join_label}
          aria-invalid={notice !== null}
          aria-describedby="notice"
          inputMode="none"
          autoComplete="off"
          placeholder="000 000 000"
          value={codeText(digits)}
          onInput={(e) => take(e.currentTarget.value)}
        />
        <p id="notice" class="notice" role="alert">
          {notice ? fill(texts[notice.key], { why: notice.why ?? "" }) : ""}
        </p>
        {session.lostLong.value && <p class="notice">{texts.lost_line}</p>}
      </div>
      <div class="keypad" role="group" aria-label={texts.keypad} dir="ltr">
        {KEYS.map((key) => (
          <button key={key} type="button" onClick={() => press(key)}>
            {key}
          </button>
        ))}
        <button type="button" aria-label={texts.key_back} onClick={() => take(digits.slice(0, -1))}>
          <Back />
        </button>
        <button type="button" onClick={() => press("0")}>
          0
        </button>
        <button class="primary" disabled={session.joining.value} aria-label={texts.join_button}>
          <Go />
        </button>
      </div>
      <p class="hint" role="status">
        {session.joining.value ? texts.join_working : ""}
      </p>
    </form>
  );
}

const icon = { viewBox: "0 0 24 24", width: 28, height: 28, fill: "none", stroke: "currentColor", "stroke-width": 2.2, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" } as const;

function Back(): JSX.Element {
  return (
    <svg {...icon}>
      <path d="M9 5h11v14H9l-6-7zM12 9.5l5 5m0-5-5 5" />
    </svg>
  );
}

function Go(): JSX.Element {
  return (
    <svg {...icon}>
      <path d="M4 12h16m-6-6 6 6-6 6" />
    </svg>
  );
}
