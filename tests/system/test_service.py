# SPDX-License-Identifier: Apache-2.0
"""The programs as services: settings read again, readiness, signs of life, credentials, logs."""
import asyncio
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from faults import Faults, FaultyServer, needs_shim
from harness import BIN, Client, PATIENCE, Server, wait_until

WATCHDOG_US = 1_600_000  # signs of the server every 0.4 s, of the player every second


class Supervisor:
    """systemd's end of $NOTIFY_SOCKET."""

    def __init__(self, address, watchdog_us=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.environment = {"NOTIFY_SOCKET": address}
        if watchdog_us:
            self.environment["WATCHDOG_USEC"] = str(watchdog_us)
        self.heard = []

    def next(self, patience):
        self.socket.settimeout(patience)
        try:
            text = self.socket.recv(4096).decode()
        except (TimeoutError, BlockingIOError):
            return None
        self.heard.append(text)
        return text

    def until(self, words):
        """Hears until something matches."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if re.search(words, self.next(max(0.01, end - time.monotonic())) or ""):
                return self.heard[-1]
        raise AssertionError(f"never heard {words}: {self.heard}")

    def silent_for(self, seconds):
        """True when no sign of life comes for so long; what was already sent does not count."""
        while self.next(0):
            pass
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if "WATCHDOG=1" in (self.next(left) or ""):
                return False
        return True

    def all_said(self):
        while self.next(0):
            pass
        return "\n".join(self.heard)


@pytest.fixture
def systemd(tmp_path):
    return Supervisor(str(tmp_path / "notify"), WATCHDOG_US)


@pytest.fixture
def box(tmp_path):
    s = Server(tmp_path / "state", config="[limits]\nupload_max_mb = 1\n").start().login()
    yield s
    s.stop()


def reload(server):
    """Sends SIGHUP; what the log says of it."""
    before = len(server.log_text())
    server.process.send_signal(signal.SIGHUP)
    return wait_until(lambda: (new := server.log_text()[before:]).endswith("\n") and
                      ("read again" in new or "something is wrong" in new) and new, "the reload")


def test_a_reload_changes_what_can_change_and_drops_nobody(box):
    async def go():
        async with Client(box) as c:
            await c.staff()
            assert box.request("GET", "/healthz", headers={"Host": "hall.lan"}).status == 403
            box.config.write_text("[limits]\nupload_max_mb = 2\nmax_members = 50\n"
                                  "[server]\nnames = hall.lan\nlog_level = debug\n")
            said = reload(box)
            assert "changed: [server] names, [server] log_level, [limits] upload_max_mb\n" in said
            wait_until(lambda: "next start: [limits] max_members\n" in box.log_text(), "the rest")
            assert box.request("GET", "/healthz", headers={"Host": "hall.lan"}).status == 200
            await c.ask_time()  # the same socket
    asyncio.run(go())


def test_a_file_that_is_wrong_changes_nothing(box):
    box.config.write_text("[server]\nnames = hall.lan\n[limits]\nupload_max_mb = huge\n")
    said = reload(box)
    assert f"{box.config}:4: upload_max_mb: 'huge' is not a whole number" in said
    assert box.request("GET", "/healthz", headers={"Host": "hall.lan"}).status == 403
    box.config.unlink()
    assert "No such file" in reload(box)
    assert box.request("GET", "/healthz").status == 200


def test_many_reloads_leak_nothing_and_end_nothing(box):
    for _ in range(20):
        box.process.send_signal(signal.SIGHUP)
    assert "changed: none" in reload(box)
    assert box.stop() == 0


def test_a_player_is_tuned_while_it_plays(tmp_path, hall):
    config = tmp_path / "player-hall.ini"
    (tmp_path / "player.ini.d").mkdir()
    (tmp_path / "player.ini.d/box.ini").write_text(f"[server]\naddress = {hall.url}\n")
    config.write_text(f"[server]\ngroup = {hall.group()['code']}\n[sound]\ndevice = null\n")
    log = tmp_path / "player.log"

    def said(words):
        return wait_until(lambda: re.search(words, log.read_text()), words)
    with open(log, "wb") as out:
        p = subprocess.Popen([BIN / "roomtone-player", "--config", config, "--cache",
                              tmp_path / "cache"], stderr=out)
    try:
        said(" joined ")
        config.write_text(config.read_text() + "trim_us = 250\nrate = 44100\n")
        p.send_signal(signal.SIGHUP)
        said(r"changed: \[sound\] trim_us\n.*next start: \[sound\] rate\n")
        config.write_text(config.read_text() + "volume = 11\n")
        p.send_signal(signal.SIGHUP)
        said(rf"{config}:\d+: volume: there is no such key in \[sound\]")
        assert p.poll() is None
    finally:
        p.send_signal(signal.SIGTERM)
        assert p.wait(30) == 0


def test_ready_is_said_when_it_answers_and_signs_of_life_follow(tmp_path, systemd):
    s = Server(tmp_path / "state", environment=systemd.environment).start()
    systemd.until("READY=1")
    assert s.request("GET", "/healthz").status == 200
    assert "groups awake" in systemd.until("^STATUS=")
    systemd.until("WATCHDOG=1")
    s.process.send_signal(signal.SIGHUP)
    systemd.until(r"RELOADING=1\nMONOTONIC_USEC=\d+")
    systemd.until("READY=1")
    s.stop()
    assert "STOPPING=1" in systemd.all_said()


def test_a_server_that_cannot_start_never_says_ready(tmp_path, systemd):
    (tmp_path / "state").write_text("a file")
    r = subprocess.run([BIN / "roomtoned", "--state", tmp_path / "state"], text=True,
                       env={**os.environ, **systemd.environment}, capture_output=True, timeout=30)
    assert r.returncode == 1
    assert systemd.all_said() == ""


def test_nobody_asked_for_signs_of_life(tmp_path):
    mute = Supervisor(f"@roomtone-test-{os.getpid()}")  # a name without a file
    other = {**mute.environment, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}
    for environment in (mute.environment, other):
        s = Server(tmp_path / "state", environment=environment).start()
        mute.until("READY=1")
        mute.until("STATUS=")
        assert mute.silent_for(0.5)
        s.stop()


@needs_shim
def test_a_loop_that_stands_still_gives_no_sign(tmp_path, systemd):
    s = FaultyServer(tmp_path / "state")
    s.environment.update(systemd.environment)
    s.start()
    systemd.until("WATCHDOG=1")
    s.faults.stall_main = 1
    assert systemd.silent_for(WATCHDOG_US / 1e6)
    s.faults.stall_main = 0
    systemd.until("WATCHDOG=1")
    s.stop()


@needs_shim
def test_a_slow_disk_is_no_reason_to_restart_and_a_stuck_one_is(tmp_path, systemd, exhibit):
    s = FaultyServer(tmp_path / "state", config="[limits]\ndisk_patience_s = 2\n")
    s.environment.update(systemd.environment)
    s.start().login().import_exhibit(exhibit)
    s.faults.sync_stall = 1

    async def go():
        async with Client(s) as c:
            await c.staff()
            await c.send({"type": "command", "group": "demo", "cmd_id": "0" * 32, "do": "play"})
            wait_until(lambda: s.faults.syncs_stalled, "the commit to hang")
            assert not systemd.silent_for(WATCHDOG_US / 1e6)  # it is only slow yet
            wait_until(lambda: "stood still" in s.log_text(), "patience to end")
            assert systemd.silent_for(WATCHDOG_US / 1e6)
            await c.ask_time()  # the rest of it lives on
            s.faults.sync_stall = 0
            systemd.until("WATCHDOG=1")
            assert (await c.receive("ack"))["cmd_id"] == "0" * 32
    asyncio.run(go())
    s.stop()


def test_a_player_says_what_it_does_or_waits_for(systemd, start_player, hall):
    start_player("http://127.0.0.1:1", "000000000", systemd.environment)
    systemd.until("READY=1")
    assert "waits for the box at http://127.0.0.1:1" in systemd.until("^STATUS=")
    systemd.until("WATCHDOG=1")


def test_a_player_in_step_says_so(systemd, start_player, hall):
    p = start_player(hall.url, hall.group()["code"], systemd.environment)
    systemd.until("READY=1")
    systemd.until("STATUS=in step on null")
    p.terminate()
    assert p.wait(PATIENCE) == 0
    assert "STOPPING=1" in systemd.all_said()


@needs_shim
@pytest.mark.parametrize("thread", ["stall_main", "stall_playing"])
def test_a_player_with_a_thread_that_stands_still_gives_no_sign(tmp_path, systemd, start_player,
                                                                thread):
    faults = Faults(tmp_path, tmp_path)
    start_player("http://127.0.0.1:1", "000000000", {**systemd.environment, **faults.environment})
    systemd.until("WATCHDOG=1")
    setattr(faults, thread, 1)
    systemd.next(0.1)
    wait_until(lambda: thread == "stall_main" or
               "stands still" in (tmp_path / "player.log").read_text(), "the look")
    assert systemd.silent_for(WATCHDOG_US / 1e6)
    faults.heal()
    systemd.until("WATCHDOG=1")


def test_the_first_password_may_be_handed_over(tmp_path):
    (tmp_path / "first-password").write_text("open sesame\n")
    s = Server(tmp_path / "state", environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}).start()
    body = {"user": "admin", "password": "open sesame"}
    assert s.request("POST", "/api/v1/login", body).status == 200
    assert not (s.state / "first-password").exists()
    s.stop()


@pytest.mark.parametrize("text", ["short\n", "", "x" * 300], ids=["short", "empty", "long"])
def test_a_first_password_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "first-password").write_text(text)
    r = subprocess.run([BIN / "roomtoned", "--state", tmp_path / "state", "--listen",
                        "127.0.0.1:0"], text=True, capture_output=True, timeout=30,
                       env={**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert r.returncode == 1 and "first-password: the first password is a line" in r.stderr


def test_a_kiosks_key_may_be_handed_over(tmp_path, start_player, hall):
    def kiosk(environment):
        before = {k["id"] for k in hall.request("GET", "/api/v1/kiosks").json["kiosks"]}
        p = start_player(hall.url, hall.group()["code"], environment)
        wait_until(lambda: hall.group()["kiosks"] == 1, "the kiosk to join")
        p.terminate()
        p.wait(PATIENCE)
        wait_until(lambda: hall.group()["kiosks"] == 0, "the kiosk to leave")
        return {k["id"] for k in hall.request("GET", "/api/v1/kiosks").json["kiosks"]} - before
    assert len(kiosk({})) == 1
    key, = (tmp_path / "cache").glob("device-*.key")
    (tmp_path / "device-key").write_bytes(key.read_bytes())
    key.unlink()
    assert not kiosk({"CREDENTIALS_DIRECTORY": str(tmp_path)})  # the same machine
    assert not list((tmp_path / "cache").glob("device-*.key"))


def log_of(path, environment, *arguments):
    """What a program that cannot start says on a stderr that is this file."""
    with open(path, "wb") as out:
        st = os.fstat(out.fileno())
        stream = environment.format(device=st.st_dev, inode=st.st_ino)
        subprocess.run([BIN / "roomtoned", *arguments], stderr=out, timeout=30, check=False,
                       env={**os.environ, "JOURNAL_STREAM": stream})
    return path.read_text()


def test_lines_have_priorities_where_stderr_is_the_journal(tmp_path):
    (tmp_path / "state").write_text("a file")
    arguments = ("--state", tmp_path / "state")
    assert log_of(tmp_path / "a", "{device}:{inode}", *arguments).startswith("<3>roomtoned: state")
    # The variable is inherited by whatever a unit starts, also with its stderr elsewhere.
    for other in ("{device}:1", "nonsense", ""):
        assert log_of(tmp_path / "b", other, *arguments).startswith("roomtoned: state")


def test_a_busy_morning_is_no_news(tmp_path, exhibit):
    """What visitors and staff do all day leaves the log alone."""
    s = Server(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)
    code = s.group()["code"]
    before = s.log_text().count("\n")

    async def go():
        for _ in range(20):
            async with Client(s) as c:
                await c.join(code)
                await c.ask_time()
        async with Client(s) as c:
            await c.staff()
            for i in range(30):
                await c.command("goto", cue=i % 3)
            await c.send("nonsense")
        async with Client(s) as c:
            await c.hello(role="visitor", code="000000000")
    asyncio.run(go())
    for path in ("/", "/nowhere", "/api/v1/groups", "/healthz"):
        s.request("GET", path)
    s.request("GET", "/", headers={"Host": "stranger.example"})
    assert s.log_text().count("\n") - before <= 2, s.log_text()
    s.stop()
