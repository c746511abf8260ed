// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { guess, idOf } from "../admin/library/guess";
import { readPeaks, describe as wordsFor } from "../admin/library/waveform";

test("a file's name tells what it is", () => {
  const rows: [string, string | null, string, string][] = [
    ["loom.en.wav", "audio", "loom", "en"],
    ["loom-de.mp3", "audio", "loom", "de"],
    ["loom_fr.flac", "audio", "loom", "fr"],
    ["At the loom (de).aiff", "audio", "at-the-loom", "de"],
    ["loom.pt-BR.opus", "audio", "loom", "pt-br"],
    ["03 Die Färberin.wav", "audio", "03-die-farberin", "en"],
    ["on the go.wav", "audio", "on-the-go", "en"], // no language
    ["de.wav", "audio", "de", "en"], // nothing would be left
    ["loom.de.SRT", "captions", "loom", "de"],
    ["loom.en.vtt", "captions", "loom", "en"],
    ["loom.txt", "transcript", "loom", "en"],
    ["loom.JPG", "cover", "loom", "en"],
    ["C:\\sound\\loom.en.wav", "audio", "loom", "en"],
    ["../../etc/passwd", null, "passwd", "en"],
    [".wav", "audio", "track", "en"],
    ["日本.ja.wav", "audio", "track", "ja"],
  ];
  for (const [name, kind, track, lang] of rows) {
    const g = guess(name, "en");
    assert.deepEqual([g.kind, g.track, g.lang], [kind, track, lang], name);
    assert.ok(g.title.length > 0 && g.title.length <= 80, name);
  }
});

test("an id is one that the box takes, whatever was typed", () => {
  for (const text of ["", "---", "Straße Nr. 5", "a".repeat(200), "\u202e<b>", "é".repeat(80)])
    assert.match(idOf(text), /^[a-z0-9][a-z0-9-]{0,63}$/, text);
});

test("a waveform is read strictly and put in words", () => {
  const bytes = new Uint8Array([82, 84, 80, 49, 0xe0, 0x01, 0, 0, 10, 1, 200, 90, 20, 2]);
  const peaks = readPeaks(bytes.buffer);
  assert.ok(peaks);
  assert.deepEqual([peaks.span, [...peaks.top], [...peaks.mean]], [480, [10, 200, 20], [1, 90, 2]]);
  assert.equal(wordsFor(peaks, 30_000), "Waveform of 0:00: loudest at 0:00, 67 % near silence.");
  for (const bad of [bytes.slice(0, 8), bytes.slice(0, 11), new Uint8Array(8 + 2 * 4001), bytes.slice(1)])
    assert.equal(readPeaks(bad.slice().buffer), null);
});
