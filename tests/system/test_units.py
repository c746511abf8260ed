# SPDX-License-Identifier: Apache-2.0
"""The units: what systemd thinks of them, and whether the programs do their work inside of what they
allow."""
import asyncio
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

from harness import BIN, Client, PATIENCE, ROOT, Server, wait_until

SANDBOX = pathlib.Path(__file__).with_name("sandbox.py")
SERVER, PLAYER = (ROOT / "systemd" / n for n in ("roomtoned.service", "roomtone-player@.service"))

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                reason="systemd-analyze is not on this machine")


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True,
                          text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("unit, most", [(SERVER, 1.5), (PLAYER, 2.5)], ids=["server", "player"])
def test_exposure_stays_low(unit, most):
    r = analyze("security", "--offline=true", f"--threshold={round(most * 10)}", unit)
    assert r.returncode == 0, r.stdout
    assert float(re.search(r"exposure level for \S+: ([\d.]+)", r.stdout)[1]) <= most


def test_systemd_has_nothing_to_say_about_the_units(tmp_path):
    """With the programs of this build in the place of the installed ones."""
    for unit in (ROOT / "systemd").glob("roomtone*.s[eo][rc][vk]*"):
        text = unit.read_text()
        text = re.sub(r"^(ExecStart=)\S*/", rf"\1{BIN}/", text, flags=re.M)
        (tmp_path / unit.name).write_text(text)
    units = sorted(tmp_path.iterdir())
    assert len(units) == 3
    r = analyze("verify", "--man=no", *units)
    assert (r.returncode, r.stderr) == (0, "")


def test_both_units_want_signs_of_life_and_are_never_given_up():
    for unit in (SERVER, PLAYER):
        text = unit.read_text()
        for line in ("Type=notify", "Restart=always", "StartLimitIntervalSec=0",
                     "ExecReload=/bin/kill -HUP $MAINPID"):
            assert f"\n{line}\n" in text, line
        assert re.search(r"^WatchdogSec=\d+$", text, re.M)


def test_the_socket_is_the_address_of_the_settings():
    listen = re.search(r"^listen = (.*)$", (ROOT / "config/roomtoned.ini").read_text(), re.M)[1]
    text = (ROOT / "systemd/roomtoned.socket").read_text()
    assert f"\nListenStream={listen}\n" in text and f"\nListenDatagram={listen}\n" in text


class Confined(Server):
    before = [sys.executable, SANDBOX, SERVER]


no_seccomp = subprocess.run(
    [sys.executable, "-c", "import ctypes; ctypes.CDLL('libseccomp.so.2')"], check=False,
    capture_output=True).returncode
needs_seccomp = pytest.mark.skipif(bool(no_seccomp), reason="libseccomp is not on this machine")
needs_plain = pytest.mark.skipif(bool(os.environ.get("ROOMTONE_SANITIZE")),
                                 reason="a sanitizer asks for more than the program does")


@needs_seccomp
@needs_plain
def test_the_server_and_a_player_work_within_their_system_calls(tmp_path, exhibit):
    s = Confined(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)  # roomtone-ingest runs under it as well
    log = open(tmp_path / "player.log", "wb")
    player = subprocess.Popen(
        [sys.executable, SANDBOX, PLAYER, BIN / "roomtone-player", "--server", s.url, "--group",
         s.group()["code"], "--cache", tmp_path / "cache"], stderr=log)

    async def go():
        async with Client(s) as c:
            await c.staff()
            assert (await c.command("play"))["type"] == "ack"
            await c.ask_time()
    try:
        wait_until(lambda: s.group()["kiosks"] == 1, "the player")
        asyncio.run(go())
        wait_until(lambda: b"_udp_answers_total 0\n" not in s.request("GET", "/metrics").body,
                   "the time over UDP")
        s.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "read again" in s.log_text(), "the reload")
        s.ctl("backup", tmp_path / "house.backup")
        assert player.poll() is None, (tmp_path / "player.log").read_text()
    finally:
        player.terminate()
        code = player.wait(PATIENCE)
        log.close()
    assert code == 0
    assert s.stop() == 0


@needs_seccomp
def test_what_the_unit_does_not_allow_is_found_out():
    def code_of(line):
        return subprocess.run([sys.executable, SANDBOX, SERVER, "/usr/bin/python3", "-c", line],
                              timeout=PATIENCE, check=False).returncode
    assert code_of("import os; os.getcwd()") == 0
    assert code_of("import os; os.chroot('/')") == -signal.SIGSYS
