# SPDX-License-Identifier: Apache-2.0
"""Real players on sinks that keep time: together, through commands and a killed server."""
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from harness import BIN, Server, wait_until

# What a player says of itself, in us. Far above what it does (some tens), far below what is heard.
CARD_S = 0.06  # of sound are in the card: who waits for a processor as long runs dry, whatever the server does
IN_STEP_US = 1000 if not os.environ.get("ROOMTONE_SANITIZE") else 5000


class Player:
    def __init__(self, server, tmp_path, name, device, code=None):
        self.log = tmp_path / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "roomtone-player"), "--server", server.url, "--group",
                 code or server.group()["code"], "--device", device, "--name", name, "--lang", "de",
                 "--cache", str(tmp_path / f"cache-{name}")], stdout=log, stderr=log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


class Starved(threading.Thread):
    """Watches how long a thread of these programs, runnable, has to wait for a processor: .longest, s."""

    def __init__(self, players):
        super().__init__()
        self.pids = [p.process.pid for p in players]
        self.over = threading.Event()
        self.longest, self.seen = 0, {}
        self.start()

    def run(self):
        while not self.over.wait(0.02):
            self.look()

    def look(self):
        for pid in self.pids:
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    waited = int(task.read_text().split()[1]) / 1e9
                except OSError:
                    continue  # it has ended
                self.longest = max(self.longest, waited - self.seen.get(task, waited))
                self.seen[task] = waited

    def stop(self):
        self.over.set()
        self.join()


@pytest.fixture
def house(tmp_path, exhibit):
    s = Server(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)
    s.endless()
    players = [Player(s, tmp_path, "left", "null:ppm=60"), Player(s, tmp_path, "right", "null:ppm=-45")]
    starved = Starved(players)
    yield s, players, starved
    starved.stop()
    codes = [p.stop() for p in players]
    s.stop()
    assert codes == [0, 0], [p.log.read_text() for p in players]


def reports(s):
    return {m["name"]: m["report"] for m in s.group()["members"] if "report" in m}


def both(s, condition, what):
    def check():
        r = reports(s)
        return r if len(r) == 2 and all(condition(x) for x in r.values()) else None
    return wait_until(check, what, 60)


def in_step(r):
    return r["playing"] == "sound" and abs(r["error_us"]) < IN_STEP_US


def placed(s):
    """What both say of their place, once both are in step in what the group plays now: [(report, off by us)]."""
    def look():
        g = s.group()
        vec = g["state"]["vec"]
        found = [(r, abs(r["position"] - (vec["p0"] + r["at"] - vec["t0"])))
                 for r in (m["report"] for m in g["members"] if "report" in m)
                 if vec["rate"] and in_step(r) and r["at"] > vec["t0"] + 500_000]
        return found if len(found) == 2 else None
    return wait_until(look, "both in step", 60)


def running(s):
    return wait_until(lambda: (g := s.group()["state"])["mode"] == "running" and g, "running")


def test_players_follow_together(house):
    s, _, starved = house
    both(s, lambda r: True, "both to join")
    assert s.command("play").status == 200
    both(s, in_step, "both in step")
    for r, off in placed(s):
        assert off < IN_STEP_US + 100
        assert r["xruns"] == 0 or starved.longest > CARD_S / 3
    s.command("pause")
    both(s, lambda r: r["playing"] == "silent", "both silent")
    s.command("seek", position=4_000_000)
    s.command("play")
    running(s)
    wait_until(lambda: all(off < 1100 + IN_STEP_US for _, off in placed(s)), "both at the new position", 60)
    s.command("next")
    wait_until(lambda: s.group()["state"]["cue"] == 1, "the next cue")
    running(s)
    wait_until(lambda: all(off < 1100 + IN_STEP_US for _, off in placed(s)), "both in the next cue", 60)
    s.command("stop")
    both(s, lambda r: r["playing"] == "silent", "both silent again")


def test_killed_server_is_not_heard(house):
    s, _, starved = house
    both(s, lambda r: True, "both to join")
    s.command("play")
    both(s, in_step, "both in step")
    jumps = {name: r["jumps"] for name, r in reports(s).items()}
    s.stop(signal.SIGKILL)
    s.start()
    running(s)
    after = both(s, in_step, "both back and in step")
    for name, r in after.items():
        undisturbed = r["jumps"] == jumps[name] and r["xruns"] == 0
        assert undisturbed or starved.longest > CARD_S / 3, (r, jumps[name], starved.longest)


def test_what_rotted_on_a_kiosks_disk_is_fetched_anew(house, tmp_path):
    s, players, _ = house
    s.command("play")
    both(s, in_step, "both in step")
    assert players[0].stop() == 0
    good = {f: f.read_bytes() for f in (tmp_path / "cache-left").glob("?" * 64 + ".*")}
    assert {f.suffix for f in good} == {".opus", ".json"}
    for f in good:
        f.write_bytes(b"rot")
    players[0] = Player(s, tmp_path, "left", "null:ppm=60")
    for kind in (".json", ".opus"):
        wait_until(lambda: any(f.exists() and f.read_bytes() == good[f] for f in good if f.suffix == kind),
                   f"a {kind} again")
    both(s, in_step, "both in step again")


def test_player_starts_before_the_server(tmp_path, exhibit):
    s = Server(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)
    code = s.group()["code"]
    s.stop()
    log = open(tmp_path / "early.log", "ab")
    p = subprocess.Popen([str(BIN / "roomtone-player"), "--server", s.url, "--group", code,
                          "--device", "null", "--cache", str(tmp_path / "cache")],
                         stdout=log, stderr=log)
    try:
        wait_until(lambda: "reached" in (tmp_path / "early.log").read_text(), "the first try")
        s.start()
        wait_until(lambda: s.group()["kiosks"] == 1, "the player to join")
    finally:
        p.send_signal(signal.SIGTERM)
        assert p.wait(timeout=30) == 0
        s.stop()
        log.close()


def test_bad_usage_is_one_line(tmp_path):
    for arguments in (["--server", "nonsense", "--group", "1"], ["--group", "123"],
                      ["--frobnicate"], ["--server", "http://127.0.0.1:1", "--group", "123456789",
                                         "--cache", "/proc/nowhere/x", "--device", "null"]):
        r = subprocess.run([str(BIN / "roomtone-player"), *arguments], capture_output=True,
                           text=True, timeout=30)
        assert r.returncode in (1, 2), (arguments, r)
        assert r.stderr.strip(), arguments
