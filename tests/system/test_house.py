# SPDX-License-Identifier: Apache-2.0
"""One command for many groups; what staff see of kiosks, phones and the box."""
import asyncio

from devices import Device
from harness import Client, wait_until
from test_kiosks import off_loop

ONES = ["one", "three", "two"]


def three_more(s):
    for name in ONES:
        answer = s.request("POST", "/api/v1/groups", {"id": name, "name": name, "tour": "weavers"})
        assert answer.status == 201, answer.json


def mode(s, group):
    return s.group(group)["state"]["mode"]


def order(s, do, **more):
    answer = s.request("POST", "/api/v1/house/commands", {"do": do, **more})
    assert answer.status == 200, answer.json
    return sorted(m["group"] for m in answer.json["moved"]), answer.json["failed"]


def all_are(s, what):
    wait_until(lambda: {mode(s, g) for g in ("demo", *ONES)} == {what}, f"all groups to be {what}")


def test_a_house_is_silenced_and_goes_on_where_it_was(server, exhibit):
    server.import_exhibit(exhibit)
    three_more(server)
    everybody = ["demo", *ONES]
    assert order(server, "silence") == ([], [])  # nothing sounds
    assert order(server, "play") == (everybody, [])
    all_are(server, "running")
    assert order(server, "play") == ([], [])  # nothing to do
    # Those named, and what keeps one from it keeps no other.
    moved, failed = order(server, "pause", groups=["one", "nobody", "three"])
    assert moved == ["one", "three"]
    assert failed == [{"group": "nobody", "code": "unknown_group"}]
    wait_until(lambda: mode(server, "three") == "held", "a group to be held")
    moved, failed = order(server, "silence")
    assert (moved, failed) == (["demo", "two"], [])
    all_are(server, "held")
    places = [server.group(g)["state"]["vec"]["p0"] for g in everybody]
    assert all(p > 0 for p in places), "each keeps its place"
    assert order(server, "pause", groups=["demo"])[1] == [{"group": "demo", "code": "bad_state"}]
    assert order(server, "stop") == (everybody, [])
    all_are(server, "ready")


def test_what_was_about_to_begin_does_not(server, exhibit):
    server.import_exhibit(exhibit)
    later = server.request("GET", "/api/v1/status").json["house_now"] + 20_000_000
    assert server.command("play", at=later).status == 200
    assert order(server, "silence") == (["demo"], [])
    wait_until(lambda: "next" not in server.group()["state"], "nothing to be planned")
    assert mode(server, "demo") == "ready"


def test_it_outlives_a_kill(server, exhibit):
    server.import_exhibit(exhibit)
    three_more(server)
    order(server, "play")
    all_are(server, "running")
    order(server, "silence", groups=["two"])
    server.stop(9)
    server.start()
    wait_until(lambda: mode(server, "two") == "held", "the silence that was told")
    assert mode(server, "one") == "running"


def test_what_is_no_order_changes_nothing(server, exhibit):
    server.import_exhibit(exhibit)
    for body in ({}, {"do": "dance"}, {"do": "play", "groups": "demo"}, {"do": "play", "groups": [5]},
                 {"do": "play", "groups": ["../demo"]}, {"do": "play", "groups": ["x"] * 10001}):
        assert server.request("POST", "/api/v1/house/commands", body).status == 400, body
    assert mode(server, "demo") == "ready"
    assert order(server, "play", groups=[]) == ([], [])


def test_ctl_silences(server, exhibit):
    server.import_exhibit(exhibit)
    three_more(server)
    assert "two: at" in server.ctl("house", "play").stdout
    assert "demo: at" in server.ctl("house", "pause", "demo").stdout
    assert "one: at" in server.ctl("house", "silence").stdout
    assert "no group was moved" in server.ctl("house", "silence").stdout


def test_a_tone_is_told_to_the_one_and_only_in_a_group(server, exhibit):
    server.import_exhibit(exhibit)

    async def go():
        one, other = Device(), Device()
        async with Client(server) as a, Client(server) as b:
            code = (await off_loop(server.group))["code"]
            assert (await one.come(a, code=code))["type"] == "welcome"
            assert (await other.come(b, code=code))["type"] == "welcome"
            await off_loop(server.ctl, "kiosk", "tone", one.id)
            await a.receive("tone")
            assert not [m for m in b.inbox if m["type"] == "tone"]
        gone = await off_loop(server.request, "POST", "/api/v1/kiosks/0011223344556677/tone")
        assert gone.status == 404
    asyncio.run(go())


def test_the_last_minutes_of_a_kiosk_are_kept(server, exhibit):
    server.import_exhibit(exhibit)

    async def go():
        one = Device()
        async with Client(server) as c:
            await one.come(c, code=(await off_loop(server.group))["code"])
            assert (await off_loop(server.request, "GET", "/api/v1/traces")).json["kiosks"] == []
            for error, peak in ((3, -9), (5, 2)):
                await c.send({"type": "report", "playing": "sound", "error_us": error, "peak_us": peak,
                              "dac_ppb": -45000, "buffer_ms": 1800, "xruns": 4})

            def kept():
                answer = server.request("GET", "/api/v1/traces").json
                return answer if answer["kiosks"] and -9 in answer["kiosks"][0]["error_us"] else None
            answer = await off_loop(wait_until, kept, "its trace")
            k = answer["kiosks"][0]
            assert (k["id"], answer["every"]) == (one.id, 2_000_000)
            assert len(k["error_us"]) == len(k["dac_ppb"]) == len(k["buffer_ms"]) == len(k["xruns"])
            assert set(k["xruns"]) <= {0, None} and -45000 in k["dac_ppb"]
    asyncio.run(go())


def test_staff_see_phones_and_the_box(server, exhibit):
    server.import_exhibit(exhibit)

    async def go():
        async with Client(server) as staff, \
                Client(server) as near, Client(server) as far:
            await staff.staff()
            code = (await off_loop(server.group))["code"]
            await near.join(code)
            await far.join(code)
            await near.send({"type": "report", "playing": "sound", "error_us": -700})
            await far.send({"type": "report", "playing": "sound", "error_us": 60_000})

            def both(m):
                phones = m["type"] == "house" and m["groups"][0].get("phones")
                return phones and sum(phones["off"]) == 2
            house = await staff.receive(where=both)
            phones = house["groups"][0]["phones"]
            assert phones["off"] == [1, 0, 0, 0, 0, 1, 0] and phones["astray"] == 1
            # Two complain: one turned the sound off; one's line breaks, and it comes back.
            async def until(muted, lost, sound):
                def is_so(m):
                    phones = m["type"] == "house" and m["groups"][0].get("phones")
                    return phones and (phones["muted"], phones["lost"], sum(phones["off"])) == (muted, lost, sound)
                staff.inbox.clear()
                await staff.receive(where=is_so)

            token = (await far.receive("session"))["token"]
            await near.send({"type": "report", "playing": "sound", "error_us": -700, "muted": True})
            await until(1, 0, 2)
            far.ws.transport.abort()
            await until(1, 1, 1)
            async with Client(server) as back:
                await back.join(code, session=token)
                await back.send({"type": "report", "playing": "sound"})
                await until(1, 0, 2)
                await near.send({"type": "report", "playing": "sound"})
                await until(0, 0, 2)
            # Who closes the page has gone, and is not on the way back.
            await until(0, 0, 1)
            box = house["box"]
            assert 0 < box["disk"][0] <= box["disk"][1] and 0 < box["memory"][0] <= box["memory"][1]
            assert box["sockets"] == 3 and box["up"] > 0

            # It was changed for a kiosk: the page asks anew.
            one = Device()
            async with Client(server) as c:
                await one.come(c, code=code)
                seen = house["kiosks_rev"]
                await off_loop(wait_until, lambda: server.request(
                    "PATCH", f"/api/v1/kiosks/{one.id}", {"gain": -60}).status == 200, "it to be set")
                await staff.receive(where=lambda m: m["type"] == "house" and m["kiosks_rev"] > seen)
    asyncio.run(go())
