# SPDX-License-Identifier: Apache-2.0
"""Kiosks and their zones: who is known, what is set, who may, and that it is heard of and stays."""
import asyncio
import base64
import contextlib
import csv
import hashlib
import io
import json
import os
import signal
import sqlite3

from harness import Client, Server, wait_until
from test_players import Player, in_step, reports

STEREO = [{"channel": "left"}, {"channel": "right"}]
PRESET = {"type": "zone", "trim": 0, "gain": 0, "mute": False, "map": STEREO}


def new_key():
    """A device key as it is said, and the id that it has."""
    key = os.urandom(32)
    return (base64.urlsafe_b64encode(key).decode().rstrip("="),
            hashlib.blake2b(key, digest_size=32).hexdigest()[:16])


def kiosks(s):
    return {k["id"]: k for k in s.request("GET", "/api/v1/kiosks").json["kiosks"]}


def change(s, kiosk, **fields):
    return s.request("PATCH", f"/api/v1/kiosks/{kiosk}", fields)


def known(s, kiosk):
    return wait_until(lambda: kiosks(s).get(kiosk), "the kiosk to be known")


async def join(client, device, name="left"):
    """Joins and returns the zone, which must come before the state."""
    m = await client.hello(role="kiosk", code=client.server.group()["code"], name=name,
                           device=device)
    assert m["type"] == "welcome", m
    assert (first := await client.receive())["type"] == "zone", first
    await client.receive("state")
    return first


async def off_loop(f, *a, **b):
    return await asyncio.get_running_loop().run_in_executor(None, lambda: f(*a, **b))


def test_a_kiosk_is_known_by_its_key(demo):
    key, kiosk = new_key()

    async def go():
        async with Client(demo) as c, Client(demo) as nameless, Client(demo) as visitor:
            assert await join(c, key) == PRESET
            shown = await off_loop(known, demo, kiosk)
            assert (shown["name"], shown["group"], shown["online"]) == ("left", "demo", True)
            assert shown["map"] == STEREO and shown["ceiling"] == 0 and "report" not in shown
            await c.send({"type": "report", "playing": "silent", "servo": "lock", "via": "udp",
                          "peak_us": -4, "missing": 2})
            await off_loop(wait_until, lambda: "report" in kiosks(demo)[kiosk], "its report")
            report = kiosks(demo)[kiosk]["report"]
            assert (report["servo"], report["via"], report["peak_us"], report["missing"]) == \
                ("lock", "udp", -4, 2)
            assert [m["kiosk"] for m in demo.group()["members"]] == [kiosk]
            # Without a key, or as somebody else than a kiosk: no zone, and not listed.
            count = len(kiosks(demo))
            await nameless.join(demo.group()["code"], role="kiosk", name="bare")
            await visitor.join(demo.group()["code"], device=new_key()[0])
            assert not [m for m in nameless.inbox + visitor.inbox if m["type"] == "zone"]
            assert len(kiosks(demo)) == count
        await off_loop(wait_until, lambda: not kiosks(demo)[kiosk]["online"], "it to be away")
        assert "report" not in kiosks(demo)[kiosk]
    asyncio.run(go())


def test_what_is_no_key_is_refused(demo):
    async def go():
        async with Client(demo) as c:
            # 43 letters, but two bits more than 32 bytes have.
            m = await c.hello(role="kiosk", code=demo.group()["code"], device="A" * 42 + "B")
            assert (m["type"], m["code"]) == ("error", "bad_message")
            await join(c, new_key()[0])
    asyncio.run(go())


def test_a_zone_is_told_at_once_and_outlives_a_killed_server(server, exhibit):
    server.import_exhibit(exhibit)
    key, kiosk = new_key()
    want = {"type": "zone", "trim": -9911, "gain": -60, "mute": True,
            "map": [{"lang": "de", "channel": "left"}, {"lang": "en", "channel": "mono"}]}

    async def go():
        async with Client(server) as c, Client(server) as other:
            await join(c, key)
            await join(other, new_key()[0])
            await off_loop(known, server, kiosk)
            answer = await off_loop(change, server, kiosk, trim=-9911, gain=-60, mute=True,
                                    name="Hall, left",
                                    map=[{"lang": "de", "channel": "left"}, None])
            assert answer.status == 200 and answer.json["name"] == "Hall, left"
            first = await c.receive("zone")
            assert (first["trim"], first["map"][1]) == (-9911, STEREO[1])
            await off_loop(change, server, kiosk, map=[None, {"lang": "en", "channel": "mono"}])
            assert await c.receive("zone") == want
            assert not [m for m in other.inbox if m["type"] == "zone"]
        await off_loop(server.stop, signal.SIGKILL)
        await off_loop(server.start)
        async with Client(server) as c:
            assert await join(c, key) == want
    asyncio.run(go())


def test_bad_input_is_refused_and_changes_nothing(demo):
    key, kiosk = new_key()

    async def go():
        async with Client(demo) as c:
            await join(c, key)
            before = await off_loop(known, demo, kiosk)
            for bad in ({"trim": 500_001}, {"trim": 1.5}, {"gain": 1}, {"gain": -601},
                        {"gain": "loud"}, {"ceiling": 1}, {"mute": 1}, {"map": STEREO[:1]},
                        {"map": [{"lang": "DE", "channel": "left"}, None]},
                        {"map": [{"channel": "up"}, None]}, {"map": {}}, {"name": "x" * 81},
                        {"name": "a\u0007"}, {"trim": 5, "gain": 5}):
                answer = await off_loop(change, demo, kiosk, **bad)
                assert (answer.status, answer.json["code"]) == (400, "bad_message"), bad
            for body in (b"", b"[]", b"{", b'{"trim":1,"trim":2}'):
                answer = demo.request("PATCH", f"/api/v1/kiosks/{kiosk}", body)
                assert answer.json["code"] == "bad_json", body
            for strange in ("0" * 16, kiosk + "0", kiosk[:-1], kiosk.upper() + "x", "%2e%2e"):
                assert change(demo, strange, trim=5).status == 404
                assert demo.request("DELETE", f"/api/v1/kiosks/{strange}").status == 404
                assert demo.request("GET", f"/api/v1/kiosks/{strange}").status == 404
            assert kiosks(demo)[kiosk] == before
            assert not [m for m in c.inbox if m["type"] == "zone"]
    asyncio.run(go())


def test_the_ceiling_is_for_admins(tmp_path, exhibit):
    s = Server(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)
    s.stop()
    with contextlib.closing(sqlite3.connect(s.state / "roomtone.db")) as db, db:
        db.execute("INSERT INTO user(name,password,role) SELECT 'carla', password, 'curator' FROM user")
    s.start()
    admin = s.session
    carla = s.request("POST", "/api/v1/login", {"user": "carla", "password": s.password}).json
    assert carla["role"] == "curator"
    key, kiosk = new_key()

    async def go():
        async with Client(s) as c:
            await join(c, key)
            await off_loop(known, s, kiosk)
            assert (await off_loop(change, s, kiosk, ceiling=-120)).status == 200
            assert (await c.receive("zone"))["gain"] == -120
            s.session = carla["session"]
            for refused in (change(s, kiosk, ceiling=0), change(s, kiosk, gain=0, ceiling=-119),
                            s.request("DELETE", f"/api/v1/kiosks/{kiosk}")):
                assert (refused.status, refused.json["code"]) == (403, "forbidden")
            assert change(s, kiosk, gain=-10, trim=1000).status == 200
            zone = await c.receive("zone")
            assert (zone["gain"], zone["trim"]) == (-120, 1000)
            assert change(s, kiosk, gain=-200).status == 200
            assert (await c.receive("zone"))["gain"] == -200
            s.session = None
            assert change(s, kiosk, gain=0).status == 401
            s.session = admin
            assert s.request("DELETE", f"/api/v1/kiosks/{kiosk}").status == 204
            assert await c.receive("zone") == PRESET
            assert kiosk not in kiosks(s)
            assert change(s, kiosk, gain=0).status == 404
        async with Client(s) as c:
            assert await join(c, key) == PRESET
            await off_loop(known, s, kiosk)
    asyncio.run(go())
    s.stop()


def test_the_command_line(demo):
    key, kiosk = new_key()
    demo.ctl("login", "--password-file", demo.state / "first-password")

    def js(*a):
        return json.loads(demo.ctl("--json", "kiosk", *a).stdout)

    def fails(*a):
        r = demo.ctl("kiosk", *a, check=False)
        assert r.returncode == 1 and r.stderr.count("\n") == 1, r
        return r.stderr

    async def go():
        async with Client(demo) as c:
            await join(c, key, name="shelf")
            await off_loop(known, demo, kiosk)
            assert kiosk in demo.ctl("kiosk", "list").stdout
            assert js("set", kiosk, "--metres", "3.4")["trim"] == -9911
            assert js("set", kiosk, "--trim", "-2.915", "--gain", "-6.5")["trim"] == -2915
            k = js("set", kiosk, "--ceiling", "-12", "--mute", "on", "--left", "de", "--name",
                   "Hall")
            assert (k["gain"], k["ceiling"], k["mute"], k["name"]) == (-65, -120, True, "Hall")
            assert k["map"] == [{"lang": "de", "channel": "left"}, {"channel": "right"}]
            assert js("set", kiosk, "--mute", "off", "--right", ":none")["map"][1] == \
                {"channel": "none"}
            assert js("set", kiosk, "--left", "en:mono")["map"] == \
                [{"lang": "en", "channel": "mono"}, {"channel": "none"}]
            assert "not a number" in fails("set", kiosk, "--gain", "loud")
            assert "neither on nor off" in fails("set", kiosk, "--mute", "maybe")
            assert "not an output" in fails("set", kiosk, "--left", "de:up")
            assert "not a kiosk's id" in fails("show", "../groups")
            assert "bad_message" in fails("set", kiosk, "--gain", "3")
            await c.send({"type": "report", "playing": "sound", "servo": "lock", "via": "ws",
                          "at": 5, "error_us": -7, "dac_ppb": -45120})
            await off_loop(wait_until, lambda: "report" in kiosks(demo)[kiosk], "its report")
            table = demo.ctl("kiosk", "watch", kiosk, "--for", "1").stdout.splitlines()
            assert len(table) == 2 and "Hall" in table[1] and "-45.12" in table[1]
            rows = list(csv.DictReader(io.StringIO(
                demo.ctl("kiosk", "watch", "--for", "2", "--csv").stdout)))
            mine = [r for r in rows if r["kiosk"] == kiosk]
            assert len(mine) == 2
            assert (mine[0]["error_us"], mine[0]["servo"], mine[0]["via"]) == ("-7", "lock", "ws")
            demo.ctl("kiosk", "forget", kiosk)
            assert kiosk not in kiosks(demo)
            assert "not_found" in fails("show", kiosk)
    asyncio.run(go())


def test_a_player_is_set_while_it_plays(tmp_path, exhibit):
    s = Server(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)
    s.command("play")
    code = s.group()["code"]
    p = Player(s, tmp_path, "left", "null:ppm=60", code)
    try:
        kiosk = wait_until(lambda: list(kiosks(s)), "the player to be known")[0]

        def report():
            return reports(s).get("left")

        def settled():
            return wait_until(lambda: (r := report()) and in_step(r) and r, "it in step", 60)
        before = settled()

        # A small trim: it is off by that much, and glides.
        change(s, kiosk, trim=3000)
        wait_until(lambda: report()["peak_us"] > 1500, "the new trim to count")
        # A large one, loudness and another map: it is in step again at once, and nothing counts.
        change(s, kiosk, trim=-20_000, gain=-125, mute=True,
               map=[{"lang": "de", "channel": "mono"}, {"lang": "en", "channel": "left"}])
        said = "trim -20000 us, gain -12.5 dB, muted"
        wait_until(lambda: said in p.log.read_text(), "the zone")
        wait_until(lambda: abs(report()["peak_us"]) < 1000 and in_step(report()), "in step again")
        after = settled()
        assert after["jumps"] == before["jumps"] and after["xruns"] == before["xruns"]
        assert after["missing"] == before["missing"]
        # What must be heard earlier must be known earlier.
        assert after["prep_us"] >= before["prep_us"] + 15_000

        # Both languages were fetched for it.
        tour = s.request("GET", f"/content/{s.group()['state']['tour']}.json").json
        variants = {v["lang"]: v["opus"] for v in tour["cues"][0]["track"]["variants"]}
        cache = tmp_path / "cache-left"
        wait_until(lambda: all((cache / f"{variants[l]}.opus").exists() for l in ("de", "en")),
                   "both languages")

        # It holds when the kiosk is switched on before the server is.
        assert p.stop() == 0
        s.stop()
        p = Player(s, tmp_path, "left", "null", code)
        wait_until(lambda: p.log.read_text().count(said) == 2, "the kept zone")
    finally:
        assert p.stop() == 0, p.log.read_text()
        s.stop()
