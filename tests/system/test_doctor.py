# SPDX-License-Identifier: Apache-2.0
"""roomtonectl doctor: a box that is well, and boxes that are broken in one way each: it names the
cause, says what to do, exits with how bad it is, and changes nothing."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import threading

import pytest

from faults import EROFS, Faults, needs_shim
from harness import BIN, Server

CTL = BIN / "roomtonectl"


class Box:
    """A stopped server's state with an exhibit, its settings, and what doctor says of both."""

    def __init__(self, folder, exhibit):
        self.folder, self.state = folder, folder / "state"
        self.server = Server(self.state)
        self.server.start().login().import_exhibit(exhibit)
        self.code = self.server.group()["code"]
        self.server.stop()
        self.keys = {"server": {"listen": f"127.0.0.1:{self.server.port}", "state_dir": self.state},
                     "time": {"trust_clock": "yes"}, "tls": {}}
        self.config = folder / "roomtoned.ini"
        self.environment = {}

    def write(self):
        self.config.write_text("".join(
            f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
            for section, keys in self.keys.items()))

    def doctor(self, *more):
        return subprocess.run([CTL, "doctor", "--config", self.config, *more], capture_output=True,
                              text=True, timeout=60, check=False,
                              env={**os.environ, "TMPDIR": str(self.folder), **self.environment})

    def finds(self, part, mark):
        """The line of this part that is at this mark; what it says, and what is to be done."""
        r = self.doctor("--json")
        assert r.returncode in (0, 1, 2), r.stderr
        found = json.loads(r.stdout)
        worst = max(["ok", "look", "broken"].index(f["mark"]) for f in found["found"])
        assert r.returncode == worst and found["worst"] == ["ok", "look", "broken"][worst]
        lines = [f for f in found["found"] if (f["part"], f["mark"]) == (part, mark)]
        assert lines, found
        assert mark == "ok" or lines[0]["do"]
        return lines[0]["says"]


@pytest.fixture(scope="module")
def original(tmp_path_factory, exhibit):
    return Box(tmp_path_factory.mktemp("original"), exhibit)


@pytest.fixture
def box(original, tmp_path):
    b = object.__new__(Box)
    shutil.copytree(original.state, tmp_path / "state")
    b.folder, b.state, b.config = tmp_path, tmp_path / "state", tmp_path / "roomtoned.ini"
    b.keys = {**original.keys, "server": {**original.keys["server"], "state_dir": b.state}}
    b.environment, b.code = {}, original.code
    b.write()
    return b


@pytest.fixture
def running(box):
    s = Server(box.state)
    s.start()
    box.keys["server"]["listen"] = f"127.0.0.1:{s.port}"
    box.write()
    yield box
    s.stop()


def test_a_box_that_is_well(running):
    before = sorted(p.name for p in running.folder.rglob("*"))
    r = running.doctor()
    assert r.returncode < 2, r.stdout
    for line in ("ok      settings", "ok      server", "ok      version", "ok      rights",
                 "ok      database", "ok      content", "ok      certificate", "ok      clock",
                 "ok      sound"):
        assert f"\n{line}" in "\n" + r.stdout, r.stdout
    assert sorted(p.name for p in running.folder.rglob("*")) == before, "it left something behind"
    # Only this machine reaches it: that is worth a look.
    assert "no phone" in running.finds("address", "look")


def test_a_mistake_in_the_settings(box):
    box.config.write_text("[server]\nlisten = 127.0.0.1:8080\nliston = 3\n")
    assert f"{box.config}:3: liston" in box.finds("settings", "broken")


def test_no_server(box):
    assert "nobody listens" in box.finds("server", "broken")


def test_another_program_has_the_port(box):
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.listen()
        box.keys["server"]["listen"] = f"127.0.0.1:{other.getsockname()[1]}"
        box.write()
        name = pathlib.Path("/proc/self/comm").read_text().strip()
        assert f"taken by {name} (process {os.getpid()})" in box.finds("port", "broken")


def test_a_server_of_another_version(box):
    class Old(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"house_now":1,"storage":"storage_failed"}' if "health" in self.path
                             else b'roomtone_build_info{version="0.0.9"} 1\n')

        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Old) as old:
        threading.Thread(target=old.serve_forever, daemon=True).start()
        box.keys["server"]["listen"] = f"127.0.0.1:{old.server_port}"
        box.write()
        assert "0.0.9" in box.finds("version", "look")
        assert "storage_failed" in box.finds("storage", "broken")
        old.shutdown()


def test_no_folder_of_state(box):
    shutil.rmtree(box.state)
    assert "No such file" in box.finds("disk", "broken")


def test_a_folder_in_memory(box):
    if not os.path.ismount("/dev/shm"):
        pytest.skip("no /dev/shm here")
    box.keys["server"]["state_dir"] = "/dev/shm"
    box.write()
    assert "lost at power-off" in box.finds("disk", "broken")


def test_a_folder_open_to_all(box):
    box.state.chmod(0o755)
    assert "open to everybody" in box.finds("rights", "look")


def test_a_database_that_its_owner_cannot_write(box):
    (box.state / "roomtone.db").chmod(0o440)
    assert "roomtone.db cannot be written" in box.finds("rights", "broken")


def test_files_of_somebody_else(box):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(box.state / "content", 12345, 12345)
    assert "belongs to somebody else" in box.finds("rights", "broken")


@needs_shim
def test_a_disk_that_is_read_only(box):
    faults = Faults(box.folder, box.state)
    box.environment = faults.environment
    faults.write_errno = EROFS
    assert "read-only" in box.finds("writes", "broken")


@needs_shim
def test_a_slow_card(box):
    faults = Faults(box.folder, box.state)
    box.environment = faults.environment
    faults.sync_us = 150_000
    # A busy machine wakes it later than asked.
    assert 150 <= int(re.search(r"takes (\d+) ms", box.finds("writes", "look"))[1]) < 500


@needs_shim
def test_a_clock_that_was_never_set(box):
    faults = Faults(box.folder, box.state)
    box.environment = faults.environment
    faults.realtime_us = -50 * 365 * 86400 * 10**6
    assert "never set" in box.finds("clock", "broken")


def test_a_database_that_is_damaged(box):
    with open(box.state / "roomtone.db", "r+b") as f:
        f.seek(4096)
        f.write(os.urandom(8192))
    assert "roomtone.db: " in box.finds("database", "broken")


def test_a_database_of_a_newer_version(box):
    with contextlib.closing(sqlite3.connect(box.state / "roomtone.db")) as db:
        db.execute("PRAGMA user_version=99")
    assert "newer" in box.finds("database", "broken")


def test_content_that_is_gone(box):
    lost = sorted((box.state / "content").glob("*.opus"))[0]
    lost.unlink()
    assert "1 files" in box.finds("content", "broken")


def test_a_sound_card_that_is_not_there(box):
    (box.folder / "player-hall.ini").write_text(
        f"[server]\naddress = http://127.0.0.1:1\ngroup = {box.code}\n[sound]\ndevice = hw:CARD=NoSuch\n")
    assert "hw:CARD=NoSuch" in box.finds("sound", "broken")
    (box.folder / "player-hall.ini").write_text("[sound]\nrate = 12\n")
    assert "player-hall.ini:2: rate" in box.finds("player", "broken")


def certificate(folder, *more):
    subprocess.run([CTL, "certificate", "make", "--dir", folder, *more], check=True,
                   capture_output=True, timeout=60)
    return folder


def test_a_certificate_and_the_key_of_another(box):
    a, b = (certificate(box.folder / n, "--names", "box.lan") for n in "ab")
    cert, key = "server.crt", "server.key"
    box.keys["tls"] = {"listen": "127.0.0.1:0", "certificate": a / cert, "key": b / key}
    box.write()
    assert str(b / key) in box.finds("certificate", "broken")
    box.keys["tls"]["key"] = a / key
    box.write()
    assert "it holds" in box.finds("certificate", "ok")
    # One for another name, and one that ends soon.
    box.keys["server"]["names"] = "museum.example"
    box.write()
    assert "not for museum.example" in box.finds("certificate", "broken")
    soon = certificate(box.folder / "c", "--names", "museum.example", "--days", "5")
    box.keys["tls"].update(certificate=soon / cert, key=soon / key)
    box.write()
    assert "ends soon" in box.finds("certificate", "look")
