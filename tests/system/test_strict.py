# SPDX-License-Identifier: Apache-2.0
"""The playing thread never allocates, locks, logs or touches a file; tests/faults/strict.c watches.

Whatever a player lives through: each of its threads is real, and so is its server; the cards are
of software.
"""
import os
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vdac"))
from hall import Hall  # noqa: E402
from harness import BIN, wait_until  # noqa: E402
from rig import CRYSTALS, play_on, replug, unplug  # noqa: E402

STRICT = BIN.parent / "tests" / "strict.so"

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("ROOMTONE_SANITIZE")) or not STRICT.exists(),
    reason="a sanitizer wants to be loaded first: the thread is watched with the plain builds")


class Watch:
    """What the shim wrote of the programs that got this environment."""

    def __init__(self, folder):
        self.file = folder / "strict"
        self.environment = {"LD_PRELOAD": str(STRICT), "ROOMTONE_STRICT": str(self.file)}

    def lines(self):
        return self.file.read_text().splitlines()

    def threads(self):
        return self.lines().count("watching")

    def calls(self):
        return [line for line in self.lines() if line != "watching"]


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path)


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    h = Hall(tmp_path_factory.mktemp("hall") / "hall", seconds=60)
    yield h
    h.stop()


@pytest.fixture
def on(hall, watch, tmp_path):
    """on(cards): watched players on these, which sound."""
    started = []

    def start(cards, **environment):
        s = hall.speakers(tmp_path / "cards", cards,
                          environment={**watch.environment, **environment})
        started.append(s)
        hall.play()
        hall.wait_for(len(cards), sounds, "all to sound")
        return s
    yield start
    for s in started:
        for p in s.programs:
            p.stop()


def sounds(report):
    return report["playing"] == "sound"


def test_it_keeps_its_word(hall, on, watch):
    """...on a card that stops now and then and is pulled out, and on one of another kind."""
    speakers = on([{**CRYSTALS[0], "xrun_every": 2, "seed": 3},
                   {**CRYSTALS[1], "format": "S32_LE", "rate": 44100, "channels": 1}])
    server, cards = hall.server, speakers.cards

    def all_sound(what):
        hall.wait_for(2, sounds, f"all to sound {what}")
        play_on(speakers, 1)

    def command(do, **more):
        assert server.command(do, **more).status == 200

    command("pause")
    hall.wait_for(2, lambda r: not sounds(r), "silence")
    command("play")
    all_sound("again")
    command("seek", position=20_000_000)
    all_sound("elsewhere")
    command("next")
    all_sound("in the second cue")
    for change in ({"trim": -30_000, "gain": -60}, {"mute": True}, {"trim": 0, "mute": False},
                   {"map": [{"channel": "right"}, {"channel": "mono"}]}):
        for kiosk in server.request("GET", "/api/v1/kiosks").json["kiosks"]:
            assert server.request("PATCH", f"/api/v1/kiosks/{kiosk['id']}", change).status == 200
        play_on(speakers, 0.5)
    hall.play()
    all_sound("from the beginning")

    server.stop(signal.SIGKILL)
    play_on(speakers, 1)
    server.start()
    all_sound("for the server that is back")

    before = cards()[0].count("forced")
    wait_until(lambda: cards()[0].count("forced") > before + 1, "the card to stop twice")
    unplug(speakers.records[0])
    # By what the player says: a card that had just stopped is missed without another run to end.
    gone = "is gone: looking for it"
    wait_until(lambda: gone in speakers.programs[0].log.read_text(), "the card to be missed")
    replug(speakers.records[0])
    wait_until(lambda: watch.threads() == 3, "the card to be found")
    all_sound("with the card that is back")

    assert set(speakers.stop()) == {0}
    assert not watch.calls()


def test_a_lock_in_a_real_player_is_seen(on, watch):
    """alsa-lib locks at each call when it is told to: the player tells it not to, by default."""
    on(CRYSTALS[:1], LIBASOUND_THREAD_SAFE="1")
    wait_until(watch.calls, "the lock")
    assert {line.split()[0] for line in watch.calls()} == {"pthread_mutex_lock"}
    assert "libasound" in watch.calls()[0] and "roomtone-player" in watch.calls()[0]


@pytest.mark.parametrize("thread", ["playing", "talking"])
def test_each_forbidden_call_is_seen(watch, thread):
    subprocess.run([BIN.parent / "tests" / "strict_try", thread], check=True, timeout=60,
                   env={**os.environ, **watch.environment}, stderr=subprocess.DEVNULL)
    seen = list(dict.fromkeys(line.split()[0] for line in watch.calls()))
    assert seen == ([] if thread == "talking" else [
        "malloc", "realloc", "free", "calloc",
        "pthread_mutex_lock", "pthread_cond_timedwait", "pthread_rwlock_rdlock",
        "openat", "write", "read", "close", "vsnprintf", "vfprintf", "vsyslog"])
