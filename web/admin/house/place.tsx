// SPDX-License-Identifier: Apache-2.0
// The house's own language, and the time zone that its schedules go by.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { type Look, changeLook, look } from "../api";
import { words } from "../model";

const COMMON = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "cs", "da", "sv", "fi", "nb", "hu", "ro", "el", "tr", "uk", "ru", "ar", "he", "ja", "ko", "zh"];

/** In its own words, then in ours. */
export function langLabel(code: string): string {
  try {
    return new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

export function LangOptions({ now }: { now: string }): JSX.Element {
  const codes = COMMON.includes(now) || now === "" ? COMMON : [now, ...COMMON];
  return (
    <>
      {codes.map((c) => (
        <option key={c} value={c} selected={c === now}>
          {langLabel(c)}
        </option>
      ))}
    </>
  );
}

/** This laptop's, which is most likely the house's. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function ZoneOptions({ now }: { now: string }): JSX.Element {
  const intl = Intl as { supportedValuesOf?: (key: string) => string[] };
  const known = intl.supportedValuesOf?.("timeZone") ?? [];
  const zones = [...new Set([now, ownZone(), ...known])].filter((z) => z !== "").sort();
  return (
    <>
      {zones.map((z) => (
        <option key={z} value={z} selected={z === now}>
          {z.replace(/_/g, " ")}
        </option>
      ))}
    </>
  );
}

export function PlaceForm(): JSX.Element | null {
  const [is, setIs] = useState<Look | null>(null);
  const [note, setNote] = useState("");
  useEffect(() => {
    look().then(setIs, (e: unknown) => setNote(words(e)));
  }, []);
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    setNote("");
    try {
      setIs(await changeLook((now) => ({ ...now, lang: String(data.get("lang")), zone: String(data.get("zone")) })));
      setNote("Saved. Schedules go by it from now on.");
    } catch (why) {
      setNote(words(why));
    }
  };
  if (!is) return null;
  return (
    <section aria-labelledby="place">
      <form class="new" onSubmit={(e) => void submit(e)}>
        <h2 id="place">Language and time</h2>
        <label>
          The house&rsquo;s own language
          <select name="lang">
            <option value="">not said</option>
            <LangOptions now={is.lang ?? ""} />
          </select>
        </label>
        <label>
          Time zone
          <select name="zone">
            <option value="">the machine&rsquo;s own</option>
            <ZoneOptions now={is.zone ?? ""} />
          </select>
        </label>
        <button>Save</button>
        <p class="hint" role="status">
          {note || "Schedules like \u201cdaily at 11:00\u201d go by this time zone."}
        </p>
      </form>
    </section>
  );
}
