# SPDX-License-Identifier: Apache-2.0
"""The load generator of `./dev bench hub` counts right, and fails where a delivery is missing."""
import asyncio
import json
import subprocess

import pytest
import websockets
from harness import BIN, Server, short_exhibit

HUB = BIN.parent / "tests" / "hub"
WORK = ("--rooms", 2, "--members", 3, "--warm", 0.2, "--for", 0.6)


def hub(port, *more):
    return subprocess.run([str(HUB), "load", "--port", str(port), *map(str, WORK + more)],
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("hub") / "state",
                    config="[limits]\nmessages_per_second = 10000\nexempt = 127.0.0.0/8\n")
    server.start().login()
    server.import_exhibit(short_exhibit())
    server.stop()
    server.multiply(2)
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("how", [("--flight", 1), ("--flight", 8)])
def test_all_in_flight_is_heard_by_each(house, how):
    done = hub(house.port, *how)
    figures = json.loads(done.stdout)
    assert done.returncode == 0 and figures["missing"] == figures["errors"] == 0, done.stderr
    # Those at the edges of what is measured count on one side and not on the other.
    edge = 3 * 2 * 8
    assert figures["commands"] > 0
    assert abs(figures["heard"] - 3 * figures["commands"]) <= edge
    assert 0 < figures["messages"] <= figures["heard"] + edge


def test_planned_commands_arrive_at_each(house):
    done = hub(house.port, "--rate", 20, "--ask", 20)
    figures = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    # 0.6 s of 20 a second, in two rooms of three.
    assert figures["last_us"]["count"] == 2 * 12
    assert figures["arrival_us"]["count"] == 3 * 2 * 12
    assert 0 < figures["arrival_us"]["p50"] <= figures["last_us"]["max"]
    assert figures["ask_us"]["count"] >= 20


async def serve_all_but_one(socket, members):
    """A hub that tells one member of each room nothing of the commands."""
    async for text in socket:
        m = json.loads(text)
        if m["type"] == "hello":
            room = members.setdefault(m["link"].split("-")[1], [])
            room.append(socket)
            await socket.send('{"type":"state","vec":{"p0":0}}')
            continue
        if m["do"] == "seek":
            for other in members[m["group"].split("-")[1]][:-1]:
                await other.send('{"type":"state","vec":{"p0":%d}}' % m["position"])
        await socket.send('{"type":"ack","cmd_id":"%s","fence":1}' % m["cmd_id"])


def test_a_missing_delivery_is_a_failure():
    async def run():
        members = {}
        async with websockets.serve(lambda s: serve_all_but_one(s, members), "127.0.0.1", 0,
                                    subprotocols=["roomtone.v1"], compression=None) as server:
            port = server.sockets[0].getsockname()[1]
            return await asyncio.to_thread(hub, port, "--flight", 1)
    done = asyncio.run(run())
    assert done.returncode == 1
    assert json.loads(done.stdout)["missing"] > 0 and "missing" in done.stderr
