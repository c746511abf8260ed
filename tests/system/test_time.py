# SPDX-License-Identifier: Apache-2.0
"""House time over reboots, with a wall clock that is right, dead, or set later; and over a server that
was put aside. A reboot is played by giving the anchor of the stopped server another boot's name."""
import contextlib
import datetime
import signal
import sqlite3
import time

import pytest

from faults import FaultyServer, needs_shim
from harness import position, raw_ns, wait_until

HOUR_US = 3600 * 1_000_000
pytestmark = needs_shim


@pytest.fixture
def box(tmp_path, exhibit):
    s = FaultyServer(tmp_path / "state", config="[time]\ntrust_clock = yes\n").start().login()
    s.import_exhibit(exhibit)
    yield s
    s.stop()


def health(box):
    return box.request("GET", "/healthz").json


def reboot(box, realtime_us):
    """The box goes off, and comes back as another boot with its wall clock moved."""
    box.stop(signal.SIGKILL)
    with contextlib.closing(sqlite3.connect(box.state / "roomtone.db")) as db, db:
        db.execute("UPDATE clock_anchor SET boot_id='an earlier boot'")
        house, known = db.execute("SELECT house_us, realtime_us FROM clock_anchor").fetchone()
    box.faults.realtime_us = realtime_us
    # By a guess as much time has passed as this machine is up, and sessions may have ended.
    box.start().login()
    box.ctl("login", "admin", "--password-file", box.state / "first-password")
    return house, known


def running(box, group="demo"):
    return wait_until(lambda: (s := box.group(group)["state"])["mode"] == "running" and s, "running")


def test_hour_off_with_a_good_clock_is_an_hour_of_house_time(box):
    box.command("play")
    before = running(box)
    begun = raw_ns()
    h = health(box)
    house, _ = reboot(box, HOUR_US)
    after = health(box)
    off = HOUR_US + (raw_ns() - begun) // 1000
    assert after["time"] == {**after["time"], "trusted": True, "guessed": False}
    assert after["clock_epoch"] == h["clock_epoch"] + 1 and after["status"] == "ok"
    assert HOUR_US - 1_000_000 < after["house_now"] - h["house_now"] < off + 1_000_000
    # The tour went on without the box: an hour later it is over, and since when is known.
    ended = wait_until(lambda: (s := box.group()["state"])["mode"] == "ended" and s, "the end")
    assert before["vec"]["t0"] < ended["vec"]["t0"] < before["vec"]["t0"] + HOUR_US


def test_dead_clock_is_a_guess_and_groups_may_wait(box):
    box.endless()
    box.ctl("group", "duplicate", "demo", "Waits", "--id", "waits")
    box.ctl("group", "set", "waits", "after_reboot=hold")
    for group in ("demo", "waits"):
        box.command("play", group)
        running(box, group)
    began = box.group("waits")["state"]
    h = health(box)
    house, _ = reboot(box, -int(time.time() * 1e6))  # 1970
    after = health(box)
    assert after["house_now"] > h["house_now"]
    assert after["status"] == "degraded" and after["time"]["guessed"]
    assert not after["time"]["trusted"] and "wall" not in after["time"]
    held = wait_until(lambda: (s := box.group("waits")["state"])["mode"] == "held" and s, "held")
    # Where it certainly was: at the last anchor, or at its beginning when that was before.
    assert (held["cue"], held["vec"]["p0"]) == position(began, house)
    other = box.group("demo")["state"]
    assert position(other, after["house_now"])[1] > 0 or other["mode"] == "ended"
    assert "guessed" in box.ctl("status").stdout
    # Held once: who starts it now is not held again by the next restart.
    box.command("play", "waits")
    running(box, "waits")
    box.stop(signal.SIGKILL)
    box.start()
    assert box.group("waits")["state"]["mode"] == "running"


def test_clock_set_later_moves_nothing_but_schedules(box):
    _, known = reboot(box, -int(time.time() * 1e6))
    box.ctl("group", "schedule", "demo", "daily 00:00-23:59/1min start:1")
    box.command("play")
    before = running(box)
    assert "due" not in (g := box.group()) or g["due"] == g["state"]["vec"]["t0"] + g["state"]["dur"]
    h = health(box)
    box.faults.realtime_us = 0  # NTP has come
    after = wait_until(lambda: (x := health(box))["time"]["trusted"] and x, "trust")
    assert after["house_now"] - h["house_now"] < 10_000_000
    assert after["clock_epoch"] == h["clock_epoch"]
    assert after["time"]["wall"] >= known
    now = box.group()["state"]
    assert now["vec"] == before["vec"] or now["vec"]["t0"] > before["vec"]["t0"]
    # ... and the schedule knows the next minute.
    wait_until(lambda: box.group().get("due", 1e18) - health(box)["house_now"] < 61_000_000,
               "the next minute")


def test_an_evening_without_a_time_server_stops_no_schedule(tmp_path):
    box = FaultyServer(tmp_path / "state", config="[debug]\nforget_every = 100\n")
    try:
        box.faults.synced = 1
        box.start().login()
        box.request("POST", "/api/v1/groups", {"name": "Demo", "id": "demo"})
        box.command("configure", schedule=["daily 00:00-23:59/1min stop"])
        wait_until(lambda: "due" in box.group(), "the next minute")
        assert health(box)["time"]["source"] == "synchronised"
        box.faults.synced = 0  # seven hours and a half after the last word of a time server
        box.stop(signal.SIGKILL)
        box.start()
        assert health(box)["time"]["source"] == "holdover" and health(box)["time"]["trusted"]
        assert "due" in box.group() and "anew" not in box.log_text()
        box.faults.realtime_us = HOUR_US
        wait_until(lambda: health(box)["time"]["source"] != "holdover", "that the clock was set")
    finally:
        box.stop()


def test_what_staff_say_is_the_time_until_the_box_knows_better(tmp_path):
    box = FaultyServer(tmp_path / "state", config="[time]\ntrust_clock = yes\n").start().login()
    try:
        _, known = reboot(box, -int(time.time() * 1e6))
        assert not health(box)["time"]["trusted"]
        box.request("POST", "/api/v1/groups", {"name": "Demo", "id": "demo"})
        box.command("configure", schedule=["daily 00:00-23:59/1min stop"])
        assert "due" not in box.group()
        h = health(box)
        for wrong in (0, 1_000_000, 5e15, "noon", None):
            assert box.request("PUT", "/api/v1/setup/clock", {"wall": wrong}).status == 400
        # Said wrong first, and then right: the last word is as good as the first. (What was due in a future that
        # was none counts as done, so the schedule is looked at after a past.)
        wall = int(time.time() * 1e6)
        for said in (wall - 9 * HOUR_US, wall):
            a = box.request("PUT", "/api/v1/setup/clock", {"wall": said}).json["time"]
            assert a["trusted"] and a["source"] == "told" and abs(a["wall"] - said) < 2_000_000
        after = health(box)
        assert after["house_now"] - h["house_now"] < 10_000_000 and after["clock_epoch"] == h["clock_epoch"]
        wait_until(lambda: box.group().get("due", 1e18) - health(box)["house_now"] < 61_000_000, "the next minute")
        box.request("PUT", "/api/v1/setup/clock", {"wall": wall + 9 * HOUR_US})
        a = box.request("PUT", "/api/v1/setup/clock", {"wall": int(time.time() * 1e6)}).json["time"]
        assert a["trusted"] and abs(a["wall"] - time.time() * 1e6) < 2_000_000
        # Somebody sets the machine's clock right: it is not corrected twice.
        box.faults.realtime_us = 0
        wait_until(lambda: "what staff said is the time goes on" in box.log_text(), "that it was seen")
        a = health(box)["time"]
        assert a["source"] == "told" and abs(a["wall"] - time.time() * 1e6) < 2_000_000
        # It holds over a restart of the program, and ends with the next boot.
        box.stop(signal.SIGKILL)
        box.start()
        a = health(box)["time"]
        assert a["source"] == "told" and abs(a["wall"] - time.time() * 1e6) < 2_000_000
        reboot(box, -int(time.time() * 1e6))
        assert health(box)["time"]["source"] == "none"
    finally:
        box.stop()


def test_server_that_was_put_aside_is_where_it_should_be(box):
    box.command("play")
    state = running(box)
    h = health(box)
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    box.process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)  # this long is what is tested
    box.process.send_signal(signal.SIGCONT)
    after = health(box)
    aside = (time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - began) // 1000
    assert 1_400_000 < after["house_now"] - h["house_now"] < aside + 1_000_000
    assert after["clock_epoch"] == h["clock_epoch"]
    assert box.group()["state"]["vec"] == state["vec"] or box.group()["state"]["cue"] > state["cue"]


def restart(box, zone):
    box.stop(signal.SIGKILL)
    box.config.write_text(f"[time]\ntrust_clock = yes\nzone = {zone}\n")
    box.start()


def awake(box):
    return box.request("GET", "/api/v1/status").json["groups"]


def test_another_zone_reaches_those_that_sleep(box):
    """Ten o'clock is two hours nearer after the restart, and nobody looks at the group."""
    ten = datetime.datetime.now(datetime.UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    ten = int((ten + datetime.timedelta(days=1)).timestamp()) * 1_000_000
    box.faults.realtime_us = ten - 10_000_000 - int(time.time() * 1e6)
    restart(box, "UTC")
    box.ctl("group", "schedule", "demo", "daily 10:00 start:2")
    h = health(box)
    at = h["house_now"] + ten - h["time"]["wall"]
    wait_until(lambda: abs(box.group()["due"] - at - 2 * HOUR_US) < 10_000_000, "ten o'clock of UTC")
    restart(box, "UTC")
    assert awake(box) == 0
    restart(box, "Etc/GMT-2")  # as POSIX has it: two hours ahead
    restart(box, "Etc/GMT-2")  # whatever the first had done by then
    wait_until(lambda: awake(box) == 1, "the group to be woken")
    state = running(box)
    assert abs(state["vec"]["t0"] - at) < 1_000_000 and state["cue"] == 2
