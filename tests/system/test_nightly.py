# SPDX-License-Identifier: Apache-2.0
"""Backups that the server makes by itself: when, how many stay, what becomes of failures, and that a
new box lives on from one."""
import os
import shutil
import signal
import subprocess
import time

import pytest

from faults import EIO, FaultyServer, needs_shim
from harness import BIN, Server, wait_until

DAY_US = 24 * 3600 * 10**6


def settings(folder, keep=2, more=""):
    # The hour is not while the test runs: it would make one more.
    at = time.strftime("%H:%M", time.localtime(time.time() + 12 * 3600))
    return f"[time]\ntrust_clock = yes\n[backup]\ndir = {folder}\nkeep = {keep}\nat = {at}\n{more}"


def numbers(folder):
    return sorted(int(p.name.split("-")[1]) for p in folder.glob("roomtone-*.backup"))


def sign_in(server, password):
    """None while it starts anew, or knows another password."""
    try:
        a = server.request("POST", "/api/v1/login", {"user": "admin", "password": password})
    except OSError:
        return None
    return a.json["session"] if a.status == 200 else None


@pytest.fixture
def house(tmp_path, exhibit):
    s = FaultyServer(tmp_path / "state", config=settings(tmp_path / "backups"))
    yield s
    s.stop()


@needs_shim
def test_one_a_day_and_the_newest_stay_and_a_new_box_lives_on(house, tmp_path, exhibit):
    backups = tmp_path / "backups"
    house.start().login()
    # There is none yet: the box was off at the hour.
    wait_until(lambda: numbers(backups) == [1], "the first backup")
    house.import_exhibit(exhibit)
    code = house.group()["code"]
    assert house.request("GET", "/healthz").json["backup"]["state"] == "ok"
    for n, kept in ((2, [1, 2]), (3, [2, 3])):
        house.faults.realtime_us += DAY_US
        wait_until(lambda: numbers(backups) == kept, f"the backup of day {n}")
    # The same day, started anew: it is done for today.
    house.stop(signal.SIGKILL)
    house.start().login()
    wait_until(lambda: house.request("GET", "/api/v1/status").json["uptime_s"] >= 3, "two looks")
    assert numbers(backups) == [2, 3]
    assert sorted(p.name for p in backups.iterdir()) == [p.name for p in sorted(backups.glob("roomtone-*"))]
    newest = max(backups.iterdir())
    assert newest.stat().st_mode & 0o777 == 0o600
    shown = house.ctl("status").stdout
    assert "newest backup: 20" in shown, shown
    metrics = house.request("GET", "/metrics").body.decode()
    assert "\nroomtone_backup_failing 0\n" in metrics
    assert f"\nroomtone_backup_last_timestamp_seconds {int(newest.stat().st_mtime)}\n" in metrics
    password = house.password

    new = Server(tmp_path / "new").start().login()
    new.ctl("login", "admin", "--password-file", new.state / "first-password")
    shutil.copytree(house.state / "content", new.state / "content", dirs_exist_ok=True)
    assert "1 groups are being restored" in new.ctl("restore", newest).stdout
    new.session = wait_until(lambda: sign_in(new, password), "the new box with the old password")
    assert new.group()["code"] == code
    assert new.command("play").status == 200
    new.stop()


def test_what_cannot_be_made_is_told_and_made_good(tmp_path):
    s = Server(tmp_path / "state", config=settings("/proc/no-such-place")).start().login()
    health = wait_until(lambda: (h := s.request("GET", "/healthz").json)["status"] != "ok" and h, "the failure")
    assert health["backup"] == {"state": "failing"}
    assert "No such file" in s.request("GET", "/api/v1/status").json["backup"]["why"]
    assert "no backup in /proc/no-such-place: No such file" in s.log_text()
    s.config.write_text(settings(tmp_path / "backups"))
    s.process.send_signal(signal.SIGHUP)
    wait_until(lambda: numbers(tmp_path / "backups") == [1], "a backup in the right place")
    wait_until(lambda: s.request("GET", "/healthz").json["backup"]["state"] == "ok", "health")
    assert s.stop() == 0


@needs_shim
def test_a_short_fault_of_the_disk_costs_seconds(tmp_path):
    s = FaultyServer(tmp_path / "state", config="[time]\ntrust_clock = yes\n")
    where = s.state / "backups"
    s.start()
    try:
        s.faults.sync_errno = EIO
        s.config.write_text(settings(where))
        s.process.send_signal(signal.SIGHUP)
        wait_until(lambda: f"no backup in {where}: storage_failed" in s.log_text(), "the failure")
        assert numbers(where) == []
        s.faults.heal()
        wait_until(lambda: numbers(where) == [1], "the second try")
        wait_until(lambda: "backups are made again" in s.log_text(), "that it is told")
    finally:
        s.stop()


def test_a_disk_without_room_is_left_alone(tmp_path, small_disk):
    where = small_disk("24m")
    s = Server(tmp_path / "state", config=settings(where))
    try:
        s.start()
        wait_until(lambda: "there is no room for it" in s.log_text(), "the refusal")
        assert list(where.iterdir()) == []
    finally:
        s.stop()


def test_old_backups_give_way_to_a_new_one(tmp_path, small_disk):
    where = small_disk("90m")
    for n in (1, 2, 3):
        old = where / f"roomtone-00000{n}-2025-01-0{n}.backup"
        old.write_bytes(bytes(10 << 20))
        os.utime(old, (n, n))
    (where / ".part").write_bytes(bytes(10 << 20))
    s = Server(tmp_path / "state", config=settings(where, keep=14))
    try:
        s.start()
        wait_until(lambda: numbers(where) == [2, 3, 4], "a new one instead of the oldest")
        assert "no backup" not in s.log_text()
    finally:
        s.stop()


def test_settings_that_make_no_sense(tmp_path):
    for key, value in (("at", "24:00"), ("at", "3:30"), ("dir", "backups"), ("keep", "0")):
        config = tmp_path / "a.ini"
        config.write_text(f"[backup]\n{key} = {value}\n")
        r = subprocess.run([BIN / "roomtoned", "--config", config, "--check-config"], capture_output=True,
                           text=True, check=False)
        assert r.returncode == 1 and f"{config}:2: {key}" in r.stderr
