#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Group commit on a slow card: many rooms, each a command a second, an fsync of 20 ms."""
import asyncio
import pathlib
import random
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
from faults import FaultyServer  # noqa: E402
from harness import Client  # noqa: E402

ROOMS, SECONDS, FSYNC_US = 200, 10, 20_000


async def load(server, rooms, interval):
    """Each room gets a command per interval; the times from sending to its ack, in ms."""
    times = []

    async def one(client):
        await asyncio.sleep(random.uniform(0, interval))
        fence = (await client.command("claim", None))["fence"]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            await client.command("renew", None, fence=fence)  # writes nothing
            client.inbox.clear()
            began = time.monotonic()
            answer = await client.command("goto", None, fence=fence, cue=random.randrange(3))
            assert answer["type"] == "ack", answer
            times.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(max(0, began + interval - time.monotonic()))
        await client.command("renew", None, fence=fence)
        await client.command("release", None, fence=fence)

    clients = []
    for n in range(1, rooms + 1):
        c = await Client(server).__aenter__()
        # Guides, not staff: those are told of the whole house, which is much to read for a script.
        await c.hello(role="guide", link=f"guide-{n}")
        clients.append(c)
    await asyncio.gather(*(one(c) for c in clients))
    await asyncio.gather(*(c.__aexit__() for c in clients))
    return sorted(times)


def main():
    with tempfile.TemporaryDirectory() as where:
        server = FaultyServer(pathlib.Path(where) / "state")
        server.start().login()
        server.import_exhibit(pathlib.Path(sys.argv[1]))
        server.stop()
        server.multiply(ROOMS)
        server.start()
        for label, delay in (("this disk", 0), ("fsync of 20 ms", FSYNC_US)):
            server.faults.sync_us = delay
            before, began = server.faults.syncs, time.monotonic()
            times = asyncio.run(load(server, ROOMS, 1.0))
            rate = (server.faults.syncs - before) / (time.monotonic() - began)
            print(f"{ROOMS} rooms, a command a second each, {label:<16} ack median "
                  f"{times[len(times) // 2]:6.1f} ms   p99 {times[int(len(times) * 0.99)]:6.1f} ms"
                  f"   {rate:5.1f} fsyncs/s")
        server.stop()


if __name__ == "__main__":
    main()
