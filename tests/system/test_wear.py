# SPDX-License-Identifier: Apache-2.0
"""What a house costs its card: bytes and syncs per change, measured with 50 groups that run, and from
these what a busy hour of them comes to."""
import asyncio
import pathlib
import re
import time

import pytest

from harness import Client, Server, wait_until

GROUPS = 50
MB = 1_000_000
# A busy hour of one group: a cue ends every three minutes, somebody presses play or pause every ten,
# ten phones join. And the clock's anchor, once a minute for the house.
CUES, COMMANDS, JOINS, ANCHORS = 20, 6, 10, 60


@pytest.fixture(scope="module")
def house(tmp_path_factory, exhibit):
    s = Server(tmp_path_factory.mktemp("wear") / "state", config="[time]\ntrust_clock = yes\n")
    s.start().login().import_exhibit(exhibit)
    s.stop()
    s.multiply(GROUPS)
    yield s.start()
    s.stop()


def figure(s, name):
    text = s.request("GET", "/metrics").body.decode()
    return float(re.search(rf"^roomtone_{name} (\S+)$", text, re.M)[1])


def read(s):
    written = int(re.search(r"^wchar: (\d+)", pathlib.Path(f"/proc/{s.process.pid}/io").read_text(), re.M)[1])
    return (figure(s, "state_written_bytes_total"), figure(s, "state_sync_seconds_count"), written)


def changes(s):
    return sum(g["state"]["rev"] for g in s.request("GET", "/api/v1/groups").json["groups"])


def per(before, after, n):
    return tuple((b - a) / n for a, b in zip(before, after))


def test_a_busy_hour_of_fifty_groups(house):
    s, ids = house, [f"r-{i + 1}" for i in range(GROUPS)]

    # Somebody presses play and pause; enough of it that the log is moved into the database once.
    n, rounds, before = 0, 0, read(s)
    while n < 8 * GROUPS or rounds % 2 or read(s)[0] - before[0] < 4.2 * 2**20:
        assert rounds < 40, "no checkpoint is in it"
        for i in ids:  # one that came to its end meanwhile refuses; what its end cost counts as commands'
            n += s.command("pause" if rounds % 2 else "play", group=i).status == 200
        rounds += 1
    command = per(before, read(s), n)

    # Phones join and go.
    async def join():
        async with Client(s) as c:
            await c.join(code)
    code, before = s.group()["code"], read(s)
    for _ in range(100):
        asyncio.run(join())
    joined = per(before, read(s), 100)

    # Cues end by themselves, at instants of their own.
    for i in ids:
        assert s.command("seek", group=i, position=0).status == 200
        assert s.command("play", group=i).status == 200
        time.sleep(0.05)  # the groups are to be apart, so that none shares another's sync
    wait_until(lambda: all(g["state"]["mode"] in ("running", "ended")
                           for g in s.request("GET", "/api/v1/groups").json["groups"]
                           if g["id"] in ids), "50 groups that play")
    begun, before = changes(s), read(s)
    wait_until(lambda: changes(s) - begun >= GROUPS, "cues that end")
    cue = per(before, read(s), changes(s) - begun)

    hour = tuple(GROUPS * (CUES * cue[i] + COMMANDS * command[i] + JOINS * joined[i]) + ANCHORS * extra
                 for i, extra in ((0, 2100), (1, 1)))
    print(f"a cue's end {cue[0]:.0f} bytes, {cue[1]:.2f} syncs; a command {command[0]:.0f}, {command[1]:.2f};"
          f" a join {joined[0]:.0f}, {joined[1]:.2f}; an hour {hour[0] / MB:.1f} MB, {hour[1]:.0f} syncs")
    assert 0 < hour[0] <= 20 * MB
    # The kernel counts the same, and some words to sockets and the log.
    assert command[0] <= command[2] <= 1.3 * command[0] + 2000
    shown = s.ctl("status").stdout
    assert re.search(r"written to the disk: [1-9]\d*\.\d MB in \d+ syncs", shown), shown


def test_a_house_in_which_nothing_happens_writes_nothing(tmp_path):
    s = Server(tmp_path / "state").start().login()
    before = read(s)
    time.sleep(2)
    after = read(s)
    s.stop()
    assert after[0] - before[0] <= 2 * 2100, "more than the clock's anchor"
