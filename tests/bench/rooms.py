#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What rooms cost: start and waking with 10,000 of them, and a week's alarms at once."""
import asyncio
import contextlib
import pathlib
import signal
import sqlite3
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
from harness import Client, Server, wait_until  # noqa: E402

ROOMS = 10_000
WEEK_US = 7 * 24 * 3600 * 1_000_000


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(len(values) * q))]


def start_ms(server):
    """From exec to the first answer of a room, which had to be woken for it."""
    began = time.monotonic()
    server.start()
    server.group()
    return (time.monotonic() - began) * 1000


def starts(server, label):
    times = []
    for _ in range(15):
        server.stop(signal.SIGKILL)
        times.append(start_ms(server))
    print(f"start to the first room's answer, {label:<22} "
          f"median {statistics.median(times):6.1f} ms   max {max(times):6.1f} ms")


def wakes(server):
    async def wake(n):
        async with Client(server) as c:
            await c.ask_time()  # the socket is up: what follows is the room's waking
            began = time.monotonic()
            assert (await c.hello(role="visitor", link=f"link-{n}"))["type"] == "welcome"
            return (time.monotonic() - began) * 1000

    async def all_of_them():
        return [await wake(n) for n in range(1, 501)]
    times = asyncio.run(all_of_them())
    print(f"waking a sleeping room, one at a time           "
          f"median {statistics.median(times):6.2f} ms   p99 {quantile(times, 0.99):6.2f} ms")


def jobs(server):
    text = server.request("GET", "/metrics").body.decode()
    return float(next(line.split()[1] for line in text.splitlines()
                      if line.startswith("roomtone_store_jobs_total")))


def storm(server):
    """Every room is running and a week overdue: all are to end where arithmetic says."""
    server.stop(signal.SIGKILL)
    server.multiply(ROOMS, due_us="1000", mode="2", rate="1", cue="0", p0_us="0",
                    t0_us=f"t0_us-{WEEK_US}")
    began = time.monotonic()
    server.start()
    # A read and a change of every room, and the pages of the list of them.
    last, took = 0, 0
    while time.monotonic() - began < 120:
        now = jobs(server)
        if now == last and now >= 2 * ROOMS:
            break
        last, took = now, time.monotonic() - began
        time.sleep(0.1)
    server.stop(signal.SIGKILL)
    with contextlib.closing(sqlite3.connect(server.state / "roomtone.db")) as db:
        left = db.execute("SELECT count(*) FROM room WHERE id LIKE 'r-%' AND mode<>4").fetchone()
        ends = db.execute("SELECT count(DISTINCT t0_us) FROM room WHERE id LIKE 'r-%'").fetchone()
    assert left == (0,) and ends == (1,), (left, ends)
    print(f"{ROOMS} rooms a week overdue, all caught up       {took:6.2f} s")


def main():
    with tempfile.TemporaryDirectory() as where:
        server = Server(pathlib.Path(where) / "state", config="[time]\ntrust_clock = yes\n")
        server.start().login()
        exhibit = pathlib.Path(sys.argv[1])
        server.import_exhibit(exhibit)
        starts(server, "1 room")
        server.stop(signal.SIGKILL)
        server.multiply(ROOMS)
        starts(server, f"{ROOMS} on disk")
        wakes(server)
        server.stop(signal.SIGKILL)
        fresh = Server(pathlib.Path(where) / "storm", config="[time]\ntrust_clock = yes\n")
        fresh.start().login()
        fresh.import_exhibit(exhibit)
        storm(fresh)


if __name__ == "__main__":
    main()
