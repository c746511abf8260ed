# SPDX-License-Identifier: Apache-2.0
"""The programs as services: settings read again, readiness, watchdog, sockets handed over."""
import asyncio
import re
import signal
import subprocess

import pytest

from harness import BIN, Client, Server, wait_until


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
