# SPDX-License-Identifier: Apache-2.0
"""Kiosks that bring no code: who shows which key, who is adopted, whom a kiosk obeys."""
import asyncio
import json
import os
import secrets
import subprocess
import sys
import time

import pytest

from devices import Device
from harness import BIN, Client, Server, wait_until
from networks import cable, why_not
from test_kiosks import off_loop
from test_units import PLAYER, SANDBOX, SERVER, no_seccomp


def confined(unit):
    """What runs a program within what its unit allows; a sanitizer asks for more."""
    plain = not no_seccomp and not os.environ.get("ROOMTONE_SANITIZE")
    return [sys.executable, str(SANDBOX), str(unit)] if plain else []


class Kiosk:
    """A player without a group, and without an address if none is given."""

    def __init__(self, tmp_path, name, server=None, device="null", before=(), environment=None):
        self.log = tmp_path / f"{name}.log"
        self.cache = tmp_path / f"cache-{name}"
        where = ["--server", server.url] if server else []
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*before, str(BIN / "roomtone-player"), *where, "--device", device, "--name", name,
                 "--lang", "de", "--cache", str(self.cache)], stdout=log, stderr=log,
                env=environment)

    def text(self):
        return self.log.read_text()

    def wait_for(self, words, times=1):
        wait_until(lambda: self.text().count(words) >= times, f"{words!r} in {self.log}", 60)

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


@pytest.fixture
def house(server):
    """A running server with a group and nothing to play."""
    assert server.request("POST", "/api/v1/groups", {"name": "demo"}).json["id"] == "demo"
    return server


def listed(s):
    answer = s.request("GET", "/api/v1/kiosks").json
    return {k["id"]: k for k in answer["kiosks"]}, {k["id"]: k for k in answer["new"]}


def adopt(s, kiosk, group="demo", **fields):
    return s.request("POST", f"/api/v1/kiosks/{kiosk}/adopt", {"group": group, **fields})


def second_group(s):
    answer = s.request("POST", "/api/v1/groups/demo/duplicate", {"name": "second"})
    assert answer.status == 201, answer.body
    return answer.json["id"]


def test_a_kiosk_is_adopted_plays_moves_and_is_forgotten(server, exhibit, tmp_path):
    house = server
    house.import_exhibit(exhibit)
    p = Kiosk(tmp_path, "hall", house)
    try:
        new = wait_until(lambda: listed(house)[1], "the new kiosk")
        kiosk = next(iter(new))
        assert (new[kiosk]["name"], new[kiosk]["online"]) == ("hall", True)
        # It may wait for days: it is none of those who are sent away when they say nothing for a minute.
        assert "\nroomtone_connections_waiting 0\n" in house.request("GET", "/metrics").body.decode()
        p.wait_for(f"does not know this kiosk ({kiosk}): staff may adopt it")
        # It is found by ear before it is taken in.
        assert house.request("POST", f"/api/v1/kiosks/{kiosk}/identify").status == 204
        p.wait_for("chirping")
        assert adopt(house, kiosk, group="nowhere").json["code"] == "unknown_group"
        assert kiosk in listed(house)[1]
        answer = adopt(house, kiosk, name="Hall, left")
        assert answer.status == 200, answer.body
        assert (answer.json["name"], answer.json["place"]) == ("Hall, left", "demo")
        p.wait_for("joined demo")
        house.command("play")
        wait_until(lambda: any(m.get("report", {}).get("playing") == "sound"
                               for m in house.group()["members"]), "it to sound", 60)
        assert house.request("POST", f"/api/v1/kiosks/{kiosk}/identify").status == 204
        p.wait_for("chirping", 2)
        known, new = listed(house)
        assert kiosk in known and not new
        # Elsewhere, on the same socket.
        other = second_group(house)
        house.request("PATCH", f"/api/v1/kiosks/{kiosk}", {"place": other})
        p.wait_for(f"joined {other}")
        wait_until(lambda: not house.group()["members"], "demo to be empty")
        # It is there again after both were off, and is no stranger.
        assert p.stop() == 0
        house.stop()
        house.start()
        p = Kiosk(tmp_path, "hall", house)
        p.wait_for(f"joined {other}", 2)
        pin = json.loads((p.cache / "house-hall.json").read_text())
        assert pin["port"] == house.port
        # Forgotten, it is new again, and belongs to nobody.
        assert house.request("DELETE", f"/api/v1/kiosks/{kiosk}").status == 204
        wait_until(lambda: kiosk in listed(house)[1], "it to be new again")
        wait_until(lambda: not (p.cache / "house-hall.json").exists(), "the pin to go")
    finally:
        assert p.stop() == 0, p.text()


def test_a_pinned_kiosk_obeys_no_other_house(house, tmp_path):
    p = Kiosk(tmp_path, "hall", house)
    rogue = Server(tmp_path / "rogue")
    try:
        kiosk = next(iter(wait_until(lambda: listed(house)[1], "the new kiosk")))
        adopt(house, kiosk)
        p.wait_for("joined demo")
        p.wait_for("the time comes over UDP")
        # Another box at the same address and port.
        house.stop()
        rogue.port = house.port
        rogue.start().login()
        p.wait_for("is another house than the one this kiosk belongs to: not obeyed")
        assert not any(listed(rogue))
        rogue.stop()
        house.start()
        p.wait_for("joined demo", 2)
        assert p.text().count("house time began anew") == 0
    finally:
        rogue.stop()
        assert p.stop() == 0, p.text()


def test_who_does_not_hold_the_key_is_not_listed(house):
    async def go():
        async with Client(house) as c:
            device = Device()
            nonce, m = await device.hello(c)
            await c.send({"type": "proof", "mac": Device().mac("kiosk", nonce, m)})
            assert (await c.receive("error"))["code"] == "wrong_proof"
            await c.send({"type": "proof", "mac": device.mac("kiosk", nonce, m)})
            assert (await c.receive("error"))["code"] == "bad_message"  # one try a hello
            nonce, m = await device.hello(c)
            await c.send({"type": "proof", "mac": m["mac"]})  # the house's own, sent back
            assert (await c.receive("error"))["code"] == "wrong_proof"
            assert device.id not in (await off_loop(listed, house))[1]
            assert (await device.come(c))["type"] == "new"
            assert device.id in (await off_loop(listed, house))[1]
            assert (await device.hello(c))[1]["code"] == "bad_message"  # it waits already
            for bad in ({"nonce": ""}, {"nonce": "x"}, {"nonce": "0" * 31}, {"run": "1"},
                        {"link": "a", "code": "1"}, {"device": ""}):
                async with Client(house) as other:
                    assert (await Device().hello(other, **bad))[1]["code"] == "bad_message", bad
    asyncio.run(go())


def test_the_command_line_adopts(house):
    house.ctl("login", "--password-file", house.state / "first-password")

    async def go():
        device = Device()
        async with Client(house) as c:
            assert (await device.come(c))["type"] == "new"
            text = house.ctl("kiosk", "list").stdout
            assert device.id in text and "new, at 127.0.0.1" in text
            house.ctl("kiosk", "identify", device.id)
            await c.receive("identify")
            assert "unknown_group" in house.ctl("kiosk", "adopt", device.id, "x", check=False).stderr
            answer = house.ctl("--json", "kiosk", "adopt", device.id, "demo", "--name", "Shelf")
            assert json.loads(answer.stdout)["name"] == "Shelf"
            assert (await c.receive("welcome"))["group"] == "demo"
            house.ctl("kiosk", "identify", device.id)
            await c.receive("identify")
            house.ctl("kiosk", "forget", device.id)
            assert (await c.receive("bye"))["reason"] == "forgotten"
    asyncio.run(go())


def test_a_second_machine_with_the_same_key_is_flagged_and_not_obeyed(house):
    async def go():
        device, clone = Device(), None
        clone = Device(device.secret)
        async with Client(house) as first, Client(house) as second, Client(house) as claim:
            assert (await device.come(first))["type"] == "new"
            assert (await off_loop(adopt, house, device.id)).status == 200
            await first.receive("welcome")
            assert (await clone.come(second))["code"] == "cloned"
            # One that merely names the key, with the group's code, is not let in either.
            m = await claim.hello(role="kiosk", code=house.group()["code"], device=device.key)
            assert m["code"] == "cloned"

            async def alive():
                await first.send({"type": "report", "playing": "idle"})
                await asyncio.sleep(0.1)
                return (await off_loop(listed, house))[0][device.id].get("cloned")
            while not (double := await alive()):
                pass
            assert (double["here"], double["other"]) == ("127.0.0.1", "127.0.0.1")
            async with Client(house) as staff:
                await staff.staff()
                seen = await staff.receive("house", where=lambda m: m["cloned"])
                assert seen["cloned"][0]["id"] == device.id
            # The same program on a new socket is itself.
            async with Client(house) as again:
                assert (await device.come(again))["type"] == "welcome"
                assert (await first.receive("bye"))["reason"] == "replaced"
        assert "is here twice" in house.log_text()
    asyncio.run(go())


def test_a_kiosk_with_a_code_shows_its_key_too(house):
    async def go():
        async with Client(house) as c:
            device = Device()
            m = await device.come(c, code=house.group()["code"])
            assert (m["type"], m["group"]) == ("welcome", "demo")
            await off_loop(wait_until, lambda: device.id in listed(house)[0], "it to be known")
            assert device.id not in listed(house)[1]
    asyncio.run(go())


def test_places_for_new_kiosks_are_few(server):
    house = server
    async def go():
        many, begun = [Client(house) for _ in range(9)], time.monotonic()
        for c in many:
            await c.__aenter__()
        ends = [(await Device().come(c)).get("code", "new") for c in many]
        assert ends == ["new"] * 8 + ["house_full"]
        for c in many:
            await c.__aexit__()
        # Who is away makes room, until too many strangers came in a minute.
        codes = []
        while codes[-5:] != ["too_fast"] * 5:
            async with Client(house) as c:
                codes.append((await Device().come(c)).get("code", "new"))
        # 64 a minute: as many at once, and one more each second that it took.
        minutes = (time.monotonic() - begun) / 60
        assert codes[:64 - 9] == ["new"] * (64 - 9) and set(codes) == {"new", "too_fast"}, codes
        assert codes.count("new") <= 64 * (1 + minutes) - 9, codes
        known, new = await off_loop(listed, house)
        assert len(new) == 32 and not known
        one = next(iter(new))
        assert house.request("POST", f"/api/v1/kiosks/{one}/identify").status == 404
        assert house.request("DELETE", f"/api/v1/kiosks/{one}").status == 204
        assert one not in listed(house)[1]
        assert adopt(house, secrets.token_hex(8)).status == 404
    asyncio.run(go())


class Found(Server):
    """A house in a network of its own."""
    listen = "0.0.0.0"
    before = confined(SERVER)

    def __init__(self, state, network):
        super().__init__(state, environment=network.environment)
        self.network = network

    @property
    def address(self):
        return self.network.address


def named(path):
    """The house's id, as the network is told."""
    return wait_until(lambda: [line.rpartition("(")[2].rstrip(")\n") for line in
                               path.read_text().splitlines() if "knows this house" in line],
                      "the house to be announced")[-1]


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
@pytest.mark.skipif(os.environ.get("ROOMTONE_SANITIZE") == "thread",
                    reason="libdbus is not built for the thread sanitizer, which then sees races in it")
def test_a_player_finds_its_house_and_follows_it(tmp_path):
    with cable(tmp_path) as (hall, shelf):
        house = Found(tmp_path / "house", hall)
        rival = Found(tmp_path / "rival", shelf)
        players = []

        def player(name):
            players.append(Kiosk(tmp_path, name, before=[*shelf.command, *confined(PLAYER)],
                                 environment=shelf.environment))
            return players[-1]
        try:
            # Without a bus the house runs, says so, and tries again.
            with hall.inside():
                house.start()
                wait_until(lambda: "no Avahi" in house.log_text(), "it to say so")
                house.stop()
                hall.start_bus()
                hall.start_avahi()
                house.start().login()
                answer = house.request("POST", "/api/v1/groups", {"name": "Hall"})
                assert answer.status == 201, answer.body
            # With a bus and no daemon the player waits for one.
            shelf.start_bus()
            p = player("left")
            p.wait_for("no Avahi (its daemon does not run)")
            shelf.start_avahi()
            identity = named(tmp_path / "house.log")
            p.wait_for(f"a house is at 10.77.0.1:{house.port} ({identity})")
            with hall.inside():
                new = wait_until(lambda: listed(house)[1], "the new kiosk")
                kiosk = next(iter(new))
                assert new[kiosk]["address"] == "10.77.0.2"
                assert adopt(house, kiosk, group="hall").status == 200
            p.wait_for("joined hall")

            # The house gets another address: the network says which.
            hall.move("10.77.0.9")
            p.wait_for("joined hall", 2)
            wait_until(lambda: json.loads((p.cache / "house-left.json").read_text())["host"] == "10.77.0.9",
                       "the new address to be kept")

            # A second house: who belongs to the first one stays, who belongs to none waits.
            with shelf.inside():
                rival.start().login()
            p.wait_for(f"({named(tmp_path / 'rival.log')})")
            other = player("right")
            other.wait_for("several houses are here")
            with hall.inside():
                assert not listed(house)[1] and listed(house)[0][kiosk]["online"]
                house.stop()
            with shelf.inside():
                p.wait_for("the server is gone")
                assert not any(listed(rival))
                rival.stop()
            with hall.inside():
                house.start()
            p.wait_for("joined hall", 3)
            # With one house left it asks that one.
            other.wait_for("staff may adopt it")
        finally:
            codes = [p.stop() for p in players]
            house.stop()
            rival.stop()
        assert codes == [0, 0], [p.text() for p in players]
