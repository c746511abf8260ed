# SPDX-License-Identifier: Apache-2.0
"""Play, pause, seek, next, stop; late join; order and idempotence, over real sockets."""
import asyncio

from harness import Client, new_id, position


async def house_now(client):
    t1, t2, t3, t4, _ = await client.ask_time()
    return (t2 + t3) // 2000


def run(demo, story):
    """A story with staff and two listeners already in the group."""
    async def go():
        async with Client(demo) as staff, Client(demo) as a, Client(demo) as b:
            await staff.staff()
            await a.join(demo.group()["code"])
            await b.join(demo.group()["code"], role="kiosk", name="left")
            await story(staff, a, b)
    asyncio.run(go())


async def both(a, b, rev):
    """The state of a revision, the same for both."""
    x = await a.receive("state", where=lambda m: m["rev"] >= rev)
    y = await b.receive("state", where=lambda m: m["rev"] >= rev)
    while x["rev"] < y["rev"]:
        x = await a.receive("state")
    while y["rev"] < x["rev"]:
        y = await b.receive("state")
    assert x == y
    return x


def test_play_reaches_all_before_it_is_due(demo):
    async def story(staff, a, b):
        for _ in range(4):  # once at least: 150 ms are little for this program, on a machine with much to do
            ack = await staff.command("play")
            assert ack["type"] == "ack", ack
            state = await both(a, b, ack["rev"])
            now = await house_now(a)
            if now < ack["at"]:
                break
            await staff.command("stop_now")
        assert state["next"]["at"] == ack["at"] > now
        assert state["next"]["mode"] == "running" and state["next"]["cue"] == 0
        # When it is due the new state says what follows the cue.
        state = await a.receive("state", where=lambda m: m["mode"] == "running" and m["rev"] > ack["rev"])
        assert state["vec"] == {"p0": 0, "t0": ack["at"], "rate": 1}
        assert state["next"]["at"] == ack["at"] + state["dur"]
        assert state["next"]["cue"] == 1
        now = await house_now(a)
        assert position(state, now) == (0, now - ack["at"])
    run(demo, story)


def test_pause_and_play_keep_the_position(demo):
    async def story(staff, a, b):
        start = (await staff.command("play"))["at"]
        await a.receive("state", where=lambda m: m["mode"] == "running")
        hold = (await staff.command("pause"))["at"]
        state = await a.receive("state", where=lambda m: m["mode"] == "held")
        assert state["vec"] == {"p0": hold - start, "t0": hold, "rate": 0}
        again = (await staff.command("play"))["at"]
        state = await a.receive("state", where=lambda m: m["vec"]["t0"] == again)
        assert state["mode"] == "running"
        assert state["vec"] == {"p0": hold - start, "t0": again, "rate": 1}
    run(demo, story)


def test_seek_next_prev_goto_stop(demo):
    async def story(staff, a, b):
        await staff.command("play")
        await a.receive("state", where=lambda m: m["mode"] == "running")
        at = (await staff.command("seek", position=3_000_000))["at"]
        state = await a.receive("state", where=lambda m: m["vec"]["t0"] == at)
        assert state["vec"]["p0"] == 3_000_000 and state["mode"] == "running"
        at = (await staff.command("next"))["at"]
        state = await a.receive("state", where=lambda m: m["vec"]["t0"] == at)
        assert state["cue"] == 1 and state["vec"]["p0"] == 0 and state["mode"] == "running"
        at = (await staff.command("prev"))["at"]
        state = await a.receive("state", where=lambda m: m["vec"]["t0"] == at)
        assert state["cue"] == 0
        at = (await staff.command("goto", cue=2))["at"]
        state = await a.receive("state", where=lambda m: m["vec"]["t0"] == at)
        assert state["cue"] == 2
        assert state["next"]["mode"] == "ended"
        assert (await staff.command("next"))["code"] == "out_of_range"
        assert (await staff.command("seek", position=10**12))["code"] == "out_of_range"
        at = (await staff.command("stop"))["at"]
        state = await a.receive("state", where=lambda m: m["vec"]["t0"] == at)
        assert state["cue"] == 0 and state["mode"] == "ready" and "next" not in state
        assert (await staff.command("pause"))["code"] == "bad_state"
    run(demo, story)


def test_cues_chain_and_the_tour_ends(demo):
    async def story(staff, a, b):
        await staff.command("goto", cue=1)
        await a.receive("state", where=lambda m: m["cue"] == 1)
        await staff.command("play")
        state = await a.receive("state", where=lambda m: m["mode"] == "running")
        first = state["next"]["at"]
        await staff.command("seek", position=state["dur"] - 600_000)
        state = await a.receive("state", where=lambda m: m["cue"] == 2 and m["mode"] == "running")
        assert state["vec"]["t0"] < first
        at = (await staff.command("seek", position=state["dur"] - 500_000))["at"]
        state = await a.receive("state", where=lambda m: m["mode"] == "ended")
        assert state["vec"]["t0"] == at + 500_000 and state["vec"]["p0"] == state["dur"]
    run(demo, story)


def test_ack_never_overtakes_the_state_it_acknowledges(demo):
    async def go():
        # Staff do not get room states; a member that is told by HTTP is the witness.
        async with Client(demo) as member:
            await member.join(demo.group()["code"])
            for i in range(10):
                loop = asyncio.get_running_loop()
                ack = await loop.run_in_executor(None, lambda: demo.command("goto", cue=i % 3))
                assert ack.status == 200, ack.body
                # The state is on its way already: it needs no more than the wire.
                state = await member.receive("state", where=lambda m: m["rev"] >= ack.json["rev"],
                                             patience=5)
                assert state["rev"] >= ack.json["rev"]
    asyncio.run(go())


def test_late_joiner_gets_the_same_state(demo):
    async def story(staff, a, b):
        await staff.command("play")
        state = await a.receive("state", where=lambda m: m["mode"] == "running")
        async with Client(demo) as late:
            assert await late.join(demo.group()["code"]) == state
    run(demo, story)


def test_repeated_command_has_one_effect(demo):
    async def story(staff, a, b):
        cmd_id = new_id()
        first = await staff.command("play", cmd_id=cmd_id)
        again = await staff.command("play", cmd_id=cmd_id)
        assert again == {**first, "duplicate": True}
        by_http = demo.request("POST", "/api/v1/groups/demo/commands", {"do": "play"},
                               {"Idempotency-Key": cmd_id})
        assert by_http.json["duplicate"] and by_http.json["rev"] == first["rev"]
        assert (await staff.command("pause", cmd_id=cmd_id))["code"] == "id_conflict"
    run(demo, story)


def test_if_rev_guards_against_a_change_meanwhile(demo):
    async def story(staff, a, b):
        state = demo.group()["state"]
        old = [state["epoch"], state["rev"]]
        assert (await staff.command("goto", cue=1, if_rev=old))["type"] == "ack"
        refused = await staff.command("goto", cue=2, if_rev=old)
        assert refused["code"] == "conflict"
    run(demo, story)


def test_asked_instant_is_kept(demo):
    async def story(staff, a, b):
        asked = await house_now(a) + 5_000_000
        assert (await staff.command("play", at=asked))["at"] == asked
        soon = await house_now(a)
        late = (await staff.command("pause", at=soon))["at"]
        assert late >= soon + 150_000
    run(demo, story)


def test_reports_are_shown_to_staff(demo):
    async def story(staff, a, b):
        await b.send({"type": "report", "playing": "sound", "error_us": -7, "rtt_us": 250_000,
                      "lang": "de"})
        house = await staff.receive("house", where=lambda m: any(
            "report" in x for g in m["groups"] for x in g["members"]))
        group = house["groups"][0]
        assert (group["visitors"], group["kiosks"]) == (1, 1)
        kiosk = group["members"][0]
        assert kiosk["name"] == "left" and kiosk["lang"] == "de"
        assert kiosk["report"]["error_us"] == -7
        # A slow kiosk is given its time.
        assert group["lead_us"] >= 270_000
    run(demo, story)
