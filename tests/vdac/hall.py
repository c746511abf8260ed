# SPDX-License-Identifier: Apache-2.0
"""A hall with speakers: Roomtone's server, an exhibit of noise, and players on cards of software,
each on a machine with a clock of its own."""
import json
import pathlib
import sys
import wave

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from analyse import RATE, Card  # noqa: E402
from harness import BIN, Server, wait_until  # noqa: E402
from rig import Program, Rig, machine  # noqa: E402
from synthetic import noise  # noqa: E402

# Crystals as they are sold, warm and cold; each sways at its own time.
CRYSTALS = [{"ppm": ppm, "wander_ppm": 2, "wander_s": 45, "wander_phase": phase}
            for ppm, phase in ((60.0, 0.0), (-45.0, 2.1), (0.0, 4.2))]
# Up for hours, days, minutes; (ppm, s).
MACHINES = [(20, 7200), (-10, 400_000), (5, -60)]


def write_wav(path, sound):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(sound * 32767).astype("<i2").tobytes())


def make_exhibit(folder, seconds, seed=20261125):
    """A tour of two cues of noise, of `seconds` and of 30 s; returns its folder."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    lengths = {"first": seconds, "second": 30}
    for i, (name, length) in enumerate(lengths.items()):
        write_wav(folder / f"{name}.wav", noise(length, seed + i))
    (folder / "exhibit.json").write_text(json.dumps({
        "format": "roomtone.exhibit.v1",
        "tracks": [{"id": n, "title": {"en": n}, "variants": {"en": {"audio": f"{n}.wav"}}}
                   for n in lengths],
        "tours": [{"id": "noise", "title": {"en": "Noise"},
                   "cues": [{"id": n, "track": n, "on_end": "stop"} for n in lengths]}],
        "groups": [{"id": "demo", "name": "Demo", "tour": "noise"}]}))
    return folder


class Hall:
    """A server with the exhibit in group "demo", and players: .server, .players, .cards()."""

    def __init__(self, folder, exhibit):
        self.folder = pathlib.Path(folder)
        self.server = Server(self.folder / "state", config="[time]\ntrust_clock = yes\n")
        self.server.start().login()
        self.server.import_exhibit(exhibit)
        self.rig = Rig(self.folder / "cards")
        self.players, self.records = [], []

    def add_player(self, clock, card, url=None):
        """A player on a card with these parameters, on a machine (ppm, offset in s)."""
        name = f"p{len(self.players)}"
        self.records.append(self.rig.card(name, **card))
        self.players.append(None)
        self.start_player(len(self.players) - 1, clock, url)

    def start_player(self, i, clock, url=None):
        name, settings = f"p{i}", self.folder / "player.ini"
        settings.write_text("[player]\ndebug = yes\n")
        self.players[i] = Program(
            self.folder / f"{name}.txt",
            [BIN / "roomtone-player", "--config", settings, "--server", url or self.server.url,
             "--group", self.server.group()["code"], "--device", name, "--name", name,
             "--cache", self.folder / f"cache-{name}"],
            {**self.rig.environment, **machine(*clock)})

    def wait_for_players(self):
        wait_until(lambda: self.server.group()["kiosks"] == len(self.players), "players to join")

    def cards(self):
        return [Card(r) for r in self.records]

    def stop(self):
        codes = [p.stop() for p in self.players]
        self.server.stop()
        return codes
