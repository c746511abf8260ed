// SPDX-License-Identifier: Apache-2.0
// Joining: the code of the group, and what was wrong with it.
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { codeText } from "../../common/format";
import { fill } from "../../common/i18n";
import type { Props } from "./props";

export function JoinScreen({ session, texts }: Props): JSX.Element {
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const notice = session.refused.value;
  const working = session.joining.value;
  const digits = typed.replace(/\D/g, "").slice(0, 9);
  const submit = (e: Event): void => {
    e.preventDefault();
    if (digits === "") field.current?.focus();
    else session.joinByCode(digits);
  };
  return (
    <form class="join" onSubmit={submit} noValidate>
      <h1>{texts.join_title}</h1>
      <label for="code">{texts.join_hint}</label>
      <input
        id="code"
        ref={field}
        class="code"
        aria-label={texts.join_label}
        aria-invalid={notice !== null}
        aria-describedby="notice"
        inputMode="numeric"
        autoComplete="off"
        enterKeyHint="go"
        placeholder="000 000 000"
        value={codeText(digits)}
        onInput={(e) => {
          setTyped(e.currentTarget.value);
          session.refused.value = null;
          const now = e.currentTarget.value.replace(/\D/g, "");
          if (now.length === 9 && now !== digits) session.joinByCode(now);
        }}
      />
      <p id="notice" class="notice" role="alert">
        {notice ? fill(texts[notice.key], { why: notice.why ?? "" }) : ""}
      </p>
      {session.lostLong.value && <p class="notice">{texts.lost_line}</p>}
      <button class="primary" disabled={working}>
        {working ? texts.join_working : texts.join_button}
      </button>
    </form>
  );
}
