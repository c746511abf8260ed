// SPDX-License-Identifier: Apache-2.0
// What the house is called and looks like, for its visitors.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { type Look, MEANWHILE, addPicture, changeLook, look } from "../api";

const OURS = "#ffc56e"; // the pages' own light, where the house has no colour

/** What this form is about. */
const sameLook = (a: Look, b: Look): boolean => a.name === b.name && a.colour === b.colour && a.logo === b.logo;

const words = (e: unknown): string => (e instanceof Error ? e.message : String(e));

export function LookForm(): JSX.Element | null {
  const [is, setIs] = useState<Look | null>(null);
  const [note, setNote] = useState("");
  useEffect(() => {
    look().then(setIs, (e: unknown) => setNote(words(e)));
  }, []);
  const save = async (wanted: Look): Promise<void> => {
    setNote("");
    try {
      setIs(
        await changeLook((now) => {
          if (is && sameLook(now, is)) return wanted;
          setIs(now);
          throw new Error(MEANWHILE);
        }),
      );
      setNote("Saved. Visitors see it when they open the page.");
    } catch (e) {
      setNote(words(e));
    }
  };
  const submit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    e.preventDefault();
    const data = new FormData(e.currentTarget);
    const name = String(data.get("name")).trim();
    const colour = String(data.get("colour"));
    const file = data.get("logo");
    const wanted: Look = {};
    if (name !== "") wanted.name = name;
    if (colour !== OURS) wanted.colour = colour;
    try {
      if (file instanceof File && file.size > 0) wanted.logo = await addPicture(file);
      else if (is?.logo) wanted.logo = is.logo;
    } catch (why) {
      return setNote(words(why));
    }
    await save(wanted);
  };
  if (!is) return note === "" ? null : <p class="notice">{note}</p>;
  return (
    <section class="look" aria-labelledby="look">
      <h2 id="look">The look of the house</h2>
      <form class="new" onSubmit={(e) => void submit(e)}>
        <label>
          Name
          <input name="name" maxLength={60} defaultValue={is.name ?? ""} autoComplete="off" />
        </label>
        <label>
          Colour
          <input name="colour" type="color" defaultValue={is.colour ?? OURS} />
        </label>
        <label>
          Logo (SVG, PNG, WebP or JPEG, at most 512 KB)
          <input name="logo" type="file" accept=".svg,.png,.webp,.jpg,.jpeg" />
        </label>
        {is.logo && <img src={`/content/${is.logo}`} alt="The logo as it is" height="48" />}
        <button>Save</button>
        {(is.name || is.colour || is.logo) && (
          <button type="button" class="quiet" onClick={() => void save({})}>
            Back to plain
          </button>
        )}
        <p class="hint" role="status">
          {note || "The colour is made lighter or darker where it could not be read."}
        </p>
      </form>
    </section>
  );
}
