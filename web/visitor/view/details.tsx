// SPDX-License-Identifier: Apache-2.0
// What helps: where to look when there is no sound; figures for the curious and for staff.
import type { ComponentChildren, JSX } from "preact";
import { microText } from "../../common/format";
import { fill } from "../../common/i18n";
import type { Props } from "./props";

export function Details(props: Props): JSX.Element {
  return (
    <>
      <Help {...props} />
      <Figures {...props} />
    </>
  );
}

function Help({ texts }: Props): JSX.Element {
  return (
    <details class="details">
      <summary>{texts.no_sound}</summary>
      <p>{texts.no_sound_help}</p>
    </details>
  );
}

function Figures({ session, texts }: Props): JSX.Element {
  const heard = session.heard.value;
  void session.house.value; // drawn anew with the clock
  const row = (label: string, value: ComponentChildren): JSX.Element => (
    <div>
      <dt>{label}</dt>
      <dd dir="ltr">{value}</dd>
    </div>
  );
  const micro = (us: number | null | undefined): string => (us === null || us === undefined ? "\u2013" : microText(us));
  const latency = session.latencyMs;
  const trim = session.trimMs.value;
  const nudge = (ms: number): JSX.Element => (
    <button
      class="square"
      aria-label={fill(ms < 0 ? texts.trim_later : texts.trim_earlier, { ms: Math.abs(ms) })}
      onClick={() => session.nudge(ms)}
    >
      {ms > 0 ? `+${ms}` : `\u2212${-ms}`}
    </button>
  );
  return (
    <details class="details">
      <summary>{texts.details}</summary>
      <dl>
        {row(texts.d_error, micro(heard?.errorUs))}
        {row(texts.d_uncertainty, `\u00b1 ${micro(session.uncertaintyUs)}`)}
        {row(texts.d_rtt, micro(session.rttUs))}
        {row(texts.d_latency, latency === null ? "\u2013" : micro(latency * 1000))}
        {row(texts.d_buffer, heard ? `${(heard.bufferMs / 1000).toFixed(1)} s` : "\u2013")}
      </dl>
      <p class="trim-title">
        {texts.trim} <output dir="ltr">{trim > 0 ? `+${trim}` : trim} ms</output>
      </p>
      <div class="trim" dir="ltr">
        {[-50, -10, -1, 1, 10, 50].map(nudge)}
      </div>
      <p class="hint">{texts.trim_hint}</p>
    </details>
  );
}
