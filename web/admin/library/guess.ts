// SPDX-License-Identifier: Apache-2.0
// What a dropped file is meant to be, by its name: "Loom.en.wav" is the English sound of the track
// "loom", "loom_de.srt" its German captions, "loom.jpg" its cover. People may correct it.

export type Kind = "audio" | "captions" | "transcript" | "cover";

export interface Guess {
  kind: Kind | null; // null: nothing that a library takes
  track: string;
  lang: string;
  title: string;
}

const ENDINGS: readonly [Kind, RegExp][] = [
  ["audio", /\.(wav|wave|rf64|w64|aif|aiff|aifc|flac|mp3|ogg|oga|opus)$/i],
  ["captions", /\.(vtt|srt)$/i],
  ["transcript", /\.txt$/i],
  ["cover", /\.(png|jpe?g|webp|svg)$/i],
];

// Two letters are many things; these are languages.
const LANGS = new Set(
  "ar bg ca cs cy da de el en es et eu fa fi fr ga gl he hi hr hu id is it ja ka ko lt lv mk mt nl no pl pt ro ru sk sl sq sr sv th tr uk ur vi zh".split(" "),
);

const isLang = (text: string): boolean => LANGS.has(text.toLowerCase().split("-", 1)[0] ?? "") && /^[a-z]{2}(-[a-z0-9]{2,8})?$/i.test(text);

/** [a-z0-9-], at most 64, as the box has ids. */
export function idOf(text: string): string {
  const plain = text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/\u00df/g, "ss")
    .toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64).replace(/-+$/, "") || "track";
}

export function guess(file: string, preset: string): Guess {
  const name = file.split(/[/\\]/).pop() ?? file;
  const kind = ENDINGS.find(([, ending]) => ending.test(name))?.[0] ?? null;
  const stem = name.replace(/\.[^.]*$/, "");
  const m = /^(.*?)[\s._-]*[.([_\s-]([a-z]{2}(?:-[a-z0-9]{2,8})?)[)\]]?$/i.exec(stem);
  const found = m && (m[1] ?? "") !== "" && isLang(m[2] ?? "") ? m : null;
  const base = found ? (found[1] as string) : stem;
  const words = base.replace(/[._]+/g, " ").trim() || "Track";
  return {
    kind,
    track: idOf(base),
    lang: found ? (found[2] as string).toLowerCase() : preset,
    title: words.charAt(0).toUpperCase() + words.slice(1, 80),
  };
}
