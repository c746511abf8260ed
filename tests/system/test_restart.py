# SPDX-License-Identifier: Apache-2.0
"""The server is killed: nothing acknowledged is lost, house time goes on, the show is in place."""
import asyncio
import signal

from harness import Client, position, raw_ns, wait_until


async def house_offset(client):
    """House time minus CLOCK_MONOTONIC_RAW in ns: the best of some exchanges, and its bound."""
    best = None
    for _ in range(20):
        t1, t2, t3, t4, epoch = await client.ask_time()
        offset, rtt = ((t2 - t1) + (t3 - t4)) // 2, (t4 - t1) - (t3 - t2)
        if best is None or rtt < best[1]:
            best = (offset, rtt, epoch)
    return best


def test_killed_server_comes_back_as_if_nothing_had_happened(house):
    s = house

    async def before():
        async with Client(s) as staff:
            await staff.staff()
            ack = await staff.command("play")
            return ack, await house_offset(staff)

    async def after(ack):
        async with Client(s) as c:
            state = await c.join(s.group()["code"])
            return state, await house_offset(c)

    ack, (offset, bound, epoch) = asyncio.run(before())
    s.stop(signal.SIGKILL)
    s.start()
    state, (offset2, bound2, epoch2) = asyncio.run(after(ack))
    assert epoch2 == epoch
    assert abs(offset2 - offset) <= (bound + bound2) // 2 + 1000
    assert state["rev"] >= ack["rev"]
    # It plays where it would have been.
    house = (raw_ns() + offset2) // 1000
    assert position(state, house) == (0, house - ack["at"]) or house < ack["at"]


def test_acknowledged_commands_survive_kill_at_any_moment(house):
    s = house

    async def burst():
        acked = []
        async with Client(s) as staff:
            await staff.staff()
            for i in range(15):
                m = await staff.command("goto", cue=i % 3)
                assert m["type"] == "ack", m
                acked.append(m)
                await asyncio.sleep(0.055)
            # One more is under way when the server dies.
            await staff.send({"type": "command", "group": "demo", "cmd_id": f"{i:032x}",
                              "do": "goto", "cue": 1})
            s.stop(signal.SIGKILL)
        return acked

    for _ in range(3):
        acked = asyncio.run(burst())
        s.start()
        assert s.group()["state"]["rev"] >= acked[-1]["rev"]
        again = s.request("POST", "/api/v1/groups/demo/commands",
                          {"do": "goto", "cue": (len(acked) - 1) % 3},
                          {"Idempotency-Key": acked[-1]["cmd_id"]})
        assert again.json["duplicate"] and again.json["rev"] == acked[-1]["rev"]


def test_cue_that_ended_while_the_server_was_down_ended_on_time(house):
    s = house
    s.command("play")
    state = wait_until(lambda: (g := s.group()["state"])["mode"] == "running" and g, "running")
    ack = s.command("seek", position=state["dur"] - 400_000).json
    s.stop(signal.SIGKILL)
    s.start()
    end = ack["at"] + 400_000
    state = wait_until(lambda: (g := s.group()["state"])["cue"] == 1 and g, "the second cue")
    assert state["mode"] == "running"
    assert state["vec"] == {"p0": 0, "t0": end, "rate": 1}


def test_goodbye_is_said_and_clients_can_come_back(house):
    s = house

    async def go():
        async with Client(s) as c:
            await c.join(s.group()["code"])
            loop = asyncio.get_running_loop()
            stop = loop.run_in_executor(None, s.stop)
            bye = await c.receive("bye")
            assert bye["reason"] == "restarting" and bye["retry_ms"] > 0
            assert await stop == 0
        s.start()
        async with Client(s) as c:
            await c.join(s.group()["code"])
    asyncio.run(go())


def test_sleeping_groups_wake_for_a_visitor(house):
    s = house
    s.stop()
    s.start()
    assert s.request("GET", "/api/v1/status").json["groups"] == 0

    async def go():
        async with Client(s) as c:
            await c.join(code)
    code = s.request("GET", "/api/v1/groups").json["groups"][0]["code"]
    asyncio.run(go())
    assert s.request("GET", "/api/v1/status").json["groups"] == 1
