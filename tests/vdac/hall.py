# SPDX-License-Identifier: Apache-2.0
"""A hall with speakers: Roomtone's server with an exhibit of noise in group "demo"."""
import json
import pathlib
import subprocess
import sys
import wave

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from analyse import RATE  # noqa: E402
from harness import BIN, Server, wait_until  # noqa: E402
from rig import Speakers  # noqa: E402
from synthetic import noise  # noqa: E402

CUES = ("first", "second")


def write_wav(path, sound):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(sound * 32767).astype("<i2").tobytes())


def make_exhibit(folder, seconds, seed=20261125):
    """A tour of two cues of noise, of `seconds` and of 30 s."""
    folder.mkdir(parents=True)
    for i, (cue, length) in enumerate(zip(CUES, (seconds, 30))):
        write_wav(folder / f"{cue}.wav", noise(length, seed + i))
    (folder / "exhibit.json").write_text(json.dumps({
        "format": "roomtone.exhibit.v1",
        "tracks": [{"id": n, "title": {"en": n}, "variants": {"en": {"audio": f"{n}.wav"}}}
                   for n in CUES],
        "tours": [{"id": "noise", "title": {"en": "Noise"},
                   "cues": [{"id": n, "track": n, "on_end": "stop"} for n in CUES]}],
        "groups": [{"id": "demo", "name": "Demo", "tour": "noise"}]}))


class Hall:
    name = "Roomtone"

    def __init__(self, folder, seconds):
        self.folder = pathlib.Path(folder)
        make_exhibit(self.folder / "exhibit", seconds)
        self.server = Server(self.folder / "state", config="[time]\ntrust_clock = yes\n")
        self.server.start().login()
        self.server.import_exhibit(self.folder / "exhibit")
        self.port = self.server.port
        self.settings = self.folder / "player.ini"
        self.settings.write_text("[player]\ndebug = yes\n")

    def command(self, i, port=None):
        """What starts player i; it keeps its cache from one start to the next."""
        return [BIN / "roomtone-player", "--config", self.settings,
                "--server", f"http://127.0.0.1:{port or self.port}",
                "--group", self.server.group()["code"], "--device", f"p{i}", "--name", f"p{i}",
                "--cache", self.folder / f"cache-{i}"]

    def speakers(self, folder, cards, ports=None, **more):
        """Starts a player for each card, which asks for the server at its port."""
        s = Speakers(folder, cards, **more)
        for i in range(len(cards)):
            s.start(i, self.command(i, ports and ports[i]))
        return s

    def wait_for(self, count, condition, what):
        """Until so many players report, and each report is as wished."""
        def check():
            reports = self.reports()
            return len(reports) == count and all(condition(r) for r in reports)
        wait_until(check, what, 60)

    def reports(self):
        return [m["report"] for m in self.server.group()["members"] if "report" in m]

    def play(self):
        """From the beginning."""
        self.server.command("stop")
        wait_until(lambda: self.server.group()["state"]["mode"] == "ready", "the group to be ready")
        assert self.server.command("play").status == 200

    def source(self, cue=CUES[0]):
        """The sound of a cue, decoded as players do it, at RATE."""
        tracks = self.server.request("GET", "/api/v1/tracks").json["tracks"]
        name = next(t["variants"][0]["opus"] for t in tracks if t["id"] == cue)
        raw = subprocess.run(["opusdec", "--quiet", "--rate", str(RATE), "--no-dither", "--float",
                              self.folder / "state" / "content" / f"{name}.opus", "-"],
                             check=True, capture_output=True).stdout
        return np.frombuffer(raw, "<f4")

    def stop(self):
        self.server.stop()
