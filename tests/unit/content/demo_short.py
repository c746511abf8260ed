#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""demo_short.py MAKE INGEST: renders the short exhibit twice, holds it against its manifest, and
ingests one of its recordings."""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import wave

make, ingest = sys.argv[1:]


def digest(folder):
    return {name: hashlib.sha256(open(os.path.join(folder, name), "rb").read()).hexdigest()
            for name in sorted(os.listdir(folder))}


def check_captions(path, seconds):
    text = open(path, encoding="utf-8").read()
    assert text.startswith("WEBVTT\n\n"), path
    cues = re.findall(r"^\d\d:(\d\d):(\d\d\.\d{3}) --> \d\d:(\d\d):(\d\d\.\d{3})\n<v \w+>.+$",
                      text, re.M)
    assert cues and len(cues) == text.count("-->"), path
    last = 0.0
    for m1, s1, m2, s2 in cues:
        begin, end = int(m1) * 60 + float(s1), int(m2) * 60 + float(s2)
        assert last <= begin < end <= seconds, (path, begin, end)
        last = end


def check_variant(folder, variant):
    with wave.open(os.path.join(folder, variant["audio"])) as file:
        assert file.getparams()[:3] == (2, 2, 48000), variant
        seconds = file.getnframes() / file.getframerate()
    assert 7 <= seconds <= 13, (variant, seconds)
    check_captions(os.path.join(folder, variant["captions"]), seconds)
    return seconds


def check_exhibit(folder):
    with open(os.path.join(folder, "exhibit.json"), encoding="utf-8") as file:
        exhibit = json.load(file)
    assert exhibit["format"] == "roomtone.exhibit.v1"
    tracks = {track["id"]: track for track in exhibit["tracks"]}
    [tour] = exhibit["tours"]
    assert tour["id"] == "weavers" and exhibit["groups"][0]["tour"] == "weavers"
    assert [cue["on_end"] for cue in tour["cues"]] == ["next", "next", "stop"]
    assert all(cue["track"] in tracks for cue in tour["cues"])
    for track in tracks.values():
        assert sorted(track["variants"]) == ["de", "en"] == sorted(track["title"])
        for variant in track["variants"].values():
            check_variant(folder, variant)
    return tracks


def main():
    with tempfile.TemporaryDirectory() as top:
        first, second, out = (os.path.join(top, name) for name in ("first", "second", "out"))
        for folder in (first, second):
            subprocess.run([make, "--short", folder], check=True)
        one, other = digest(first), digest(second)
        differ = [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]
        assert not differ, f"not the same bytes twice: {differ}"
        variant = check_exhibit(first)["loom"]["variants"]["de"]
        os.mkdir(out)
        done = subprocess.run([ingest, os.path.join(first, variant["audio"]), out], check=True,
                              capture_output=True)
        answer = json.loads(done.stdout)
        assert abs(answer["dur_us"] / 1e6 - check_variant(first, variant)) < 0.00002, answer
        assert sorted(os.listdir(out)) == sorted([answer["opus"] + ".opus", answer["peaks"] + ".peaks",
                                                  answer["seek"] + ".seek"])
        print(answer)


main()
