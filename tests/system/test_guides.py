# SPDX-License-Identifier: Apache-2.0
"""Between a group and its guide: PIN, hands, reactions, "ready?", and taking a mistake back."""
import asyncio
import signal
import time

from harness import Client, new_id, position, wait_until

PIN = "471108"
REPORT = {"type": "report", "playing": "silent"}


def link_of(server, kind="link", group="demo"):
    return server.group(group)[kind].rsplit("/", 1)[1]


class Scene:
    """Sockets that are closed together."""

    def __init__(self, server):
        self.server, self.open = server, []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await asyncio.gather(*(c.__aexit__() for c in self.open))

    async def join(self, role="visitor", **fields):
        """(client, welcome)"""
        c = await Client(self.server).__aenter__()
        self.open.append(c)
        if "link" not in fields and "code" not in fields:
            fields["link"] = link_of(self.server, "guide_link" if role == "guide" else "link")
        m = await c.hello(role=role, **fields)
        assert m["type"] == "welcome", m
        return c, m

    async def lead(self, name="Zoë"):
        """A guide who has the lease: (client, welcome, fence)."""
        c, m = await self.join("guide", name=name)
        return c, m, (await c.command("claim"))["fence"]


def play(scene, server):
    async def whole():
        async with Scene(server) as s:
            await scene(s)
    asyncio.run(whole())


def set_pin(server, pin, status=204):
    answer = server.request("PUT", "/api/v1/groups/demo/guide-pin", {"pin": pin})
    assert answer.status == status, answer.body


def stored_pin(server):
    return b"$argon2id$" in b"".join(p.read_bytes() for p in server.state.glob("roomtone.db*"))


async def say_pin(c, pin):
    await c.send({"type": "lead", "pin": pin})
    return await c.receive(where=lambda m: m["type"] in ("welcome", "error"))


def test_pin_makes_a_guide_who_stays_one(house):
    house.ctl("group", "guide-pin", "demo", PIN)
    assert stored_pin(house)
    session = {}

    async def with_pin(s):
        code = house.group()["code"]
        c, before = await s.join(code=code, name="Ana")
        assert before["pin"] is True and "link" not in before
        token = (await c.receive("session"))["token"]
        assert (await say_pin(c, "000000"))["code"] == "wrong_pin"
        assert (await c.command("claim"))["code"] == "forbidden"
        m = await say_pin(c, PIN)
        assert m["role"] == "guide" and m["member"] == before["member"]
        assert m["code"] == code and m["link"] == house.group()["link"] and "pin" not in m
        fence = (await c.command("claim"))["fence"]
        assert (await c.command("play", fence=fence))["type"] == "ack"
        assert house.group()["state"]["guide_name"] == "Ana"
        assert (await say_pin(c, PIN))["code"] == "forbidden"  # one already
        session.update(token=token, member=before["member"], code=code)

    async def back(s):
        # By the visitors' code, with the session alone: the PIN is asked once a day.
        c, m = await s.join(code=session["code"], session=session["token"])
        assert m["resumed"] and m["role"] == "guide" and m["member"] == session["member"]
        # Whoever brings no such session is a visitor.
        _, other = await s.join(code=session["code"])
        assert other["role"] == "visitor"

    play(with_pin, house)
    house.stop(signal.SIGKILL)
    house.start()
    play(back, house)


def test_pin_is_removed_and_guessing_it_is_limited(house):
    for bad in ("", "12345", "1234567890123", "12345a", "١٢٣٤٥٦"):
        set_pin(house, bad, 400)
    assert house.request("PUT", "/api/v1/groups/nowhere/guide-pin", {"pin": PIN}).status == 404
    set_pin(house, PIN)

    async def go(s):
        c, _ = await s.join()
        codes = [(await say_pin(c, "999999"))["code"] for _ in range(12)]
        assert codes[:10] == ["wrong_pin"] * 10 and "too_many_guesses" in codes[10:]
        # Not even the right one is looked at, unless it comes with the one guess more there is each six seconds.
        for _ in range(3):
            while (await say_pin(c, "999999"))["code"] != "too_many_guesses":
                pass
            m = await say_pin(c, PIN)
            if m["type"] == "error":
                break
            c, _ = await s.join()
        assert m["code"] == "too_many_guesses" and m["retryable"]
        # Codes and links are others' business.
        await s.join(code=house.group()["code"])
        assert house.request("DELETE", "/api/v1/groups/demo/guide-pin").status == 204
        other, m = await s.join()
        assert "pin" not in m
        assert (await say_pin(other, PIN))["code"] == "wrong_pin"
        await other.send({"type": "lead", "pin": "12"})
        assert (await other.receive("error"))["code"] == "bad_message"
        async with Client(house) as stranger:
            assert (await say_pin(stranger, PIN))["code"] == "unauthorized"
    play(go, house)


def test_guide_sees_the_group_once_a_second_and_names_of_nobody(house):
    async def go(s):
        g, _, _ = await s.lead()
        phones = [(await s.join(name=f"Phone {i}"))[0] for i in range(4)]
        seen = await g.receive("audience", where=lambda m: m["visitors"] == 4)
        assert seen["waiting"] == 4 and seen["guides"][0]["name"] == "Zoë" and not seen["hands"]
        await phones[0].send({**REPORT, "ready": True})
        await phones[1].send({**REPORT, "playing": "fetching"})
        await phones[2].send({**REPORT, "playing": "sound", "error_us": 60_000})
        seen = await g.receive("audience", where=lambda m: m["ready"] == 2)
        assert (seen["loading"], seen["waiting"], seen["astray"]) == (1, 1, 1)
        assert "Phone" not in str(seen)
        # A storm of reactions is one message a second, and the counts are exact.
        begun, sent = time.monotonic(), 0
        while time.monotonic() < begun + 3:
            await phones[3].send({"type": "react", "what": "clap"})
            sent += 1
            await asyncio.sleep(0.1)
        await phones[3].command("play")
        seconds = time.monotonic() - begun
        slow = [m for m in phones[3].inbox if m["type"] == "error" and m["code"] == "too_fast"]
        assert 7 <= sent - len(slow) <= 6 + seconds  # five at once, then one a second
        told = 1
        while (await g.receive("audience"))["reactions"]["clap"] < sent - len(slow):
            told += 1
        assert told <= 2 + time.monotonic() - begun
        assert (await phones[0].command("play"))["code"] == "forbidden"
        assert not [m for m in phones[0].inbox if m["type"] == "audience"]
    play(go, house)


def test_hands_are_raised_lowered_and_gone_with_their_owner(house):
    async def go(s):
        g, _, _ = await s.lead()
        a, wa = await s.join(name="Ida")
        b, wb = await s.join()
        rev = house.group()["state"]["rev"]
        await a.send({"type": "hand", "up": True})
        assert await a.receive("hand") == {"type": "hand", "up": True, "number": 1}
        await b.send({"type": "hand", "up": True})
        assert (await b.receive("hand"))["number"] == 2
        seen = await g.receive("audience", where=lambda m: m["hands_up"] == 2)
        assert seen["hands"] == [{"member": wa["member"], "number": 1, "name": "Ida"},
                                 {"member": wb["member"], "number": 2}]
        await g.send({"type": "hand", "up": False, "member": wa["member"]})
        assert (await a.receive("hand"))["up"] is False
        # Nobody else lowers a hand that is not theirs: it is their own that they lower.
        await a.send({"type": "hand", "up": False, "member": wb["member"]})
        await a.receive("hand")
        seen = await g.receive("audience", where=lambda m: m["hands_up"] == 1)
        assert seen["hands"][0]["number"] == 2
        await g.send({"type": "hand", "up": True})
        assert (await g.receive("error"))["code"] == "forbidden"
        await b.ws.close()
        await g.receive("audience", where=lambda m: m["hands_up"] == 0 and m["visitors"] == 1)
        assert house.group()["state"]["rev"] == rev
    play(go, house)


def test_ready_is_asked_of_visitors_and_not_too_often(house):
    async def go(s):
        g, _, _ = await s.lead()
        a, _ = await s.join()
        k, _ = await s.join("kiosk", name="left")
        for _ in range(5):
            await g.send({"type": "ask"})
        await a.receive("ask")
        await a.send({"type": "ask"})
        assert (await a.receive("error"))["code"] == "forbidden"
        await k.send({"type": "ask"})
        assert (await k.receive("error"))["code"] == "forbidden"
        assert not [m for m in a.inbox + k.inbox if m["type"] == "ask"]
        await k.send({"type": "hand", "up": True})
        assert (await k.receive("error"))["code"] == "forbidden"
    play(go, house)


def test_mistaken_next_is_taken_back_exactly_once(house):
    async def go(s):
        g, _, fence = await s.lead()
        await g.command("play", fence=fence)
        await g.command("seek", position=3_000_000, fence=fence)
        now = house.request("GET", "/api/v1/status").json["house_now"]
        before = house.group()["state"]
        ack = await g.command("next", fence=fence)
        cue, heard = position({k: v for k, v in before.items()}, ack["at"])
        assert cue == 0 and heard >= 3_000_000 and ack["at"] > now
        undo = new_id()
        fields = {"cue": cue, "position": heard, "fence": fence}
        first = await g.command("goto", cmd_id=undo, **fields)
        again = await g.command("goto", cmd_id=undo, **fields)
        assert again == {**first, "duplicate": True}
        moved = await g.command("goto", cmd_id=undo, **{**fields, "position": heard + 1})
        assert moved["code"] == "id_conflict"
        shown = house.group()["state"]
        part = shown["next"] if "next" in shown and shown["next"]["at"] == first["at"] else shown
        assert part["cue"] == 0 and part["mode"] == "running" and part["vec"]["p0"] == heard
        # Going on two seconds before the pause is one command as well.
        await g.command("pause", fence=fence)
        held = house.group()["state"]
        held = held.get("next", held)["vec"]["p0"]
        await g.command("play", position=held - 2_000_000, fence=fence)
        shown = house.group()["state"]
        assert shown.get("next", shown)["vec"]["p0"] == held - 2_000_000
        assert (await g.command("goto", cue=0, position=10**12, fence=fence))["code"] == "out_of_range"
    play(go, house)


def test_guide_who_is_gone_is_away(house):
    async def go(s):
        g, m, fence = await s.lead("Anna")
        other, _ = await s.join("guide", name="Ben")
        phone, _ = await s.join()
        seen = await other.receive("audience", where=lambda m: len(m["guides"]) == 2)
        assert "away" not in seen
        await g.ws.close()
        seen = await other.receive("audience", where=lambda m: "away" in m)
        assert [p["name"] for p in seen["guides"]] == ["Ben"]
        # Visitors hear of it after a while; who comes then, at once; and that it is over.
        assert (await phone.receive("guide"))["away"] is True
        late, _ = await s.join()
        assert (await late.receive("guide", patience=5))["away"] is True
        assert (await other.command("claim"))["type"] == "ack"
        for c in (phone, late):
            assert (await c.receive("guide", patience=5))["away"] is False
    play(go, house)


def test_link_as_a_picture_needs_no_login(house):
    answer = house.request("GET", f"{house.group()['link']}/qr.svg", headers={"Cookie": "x=y"})
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.body == house.request("GET", "/api/v1/groups/demo/qr.svg").body
    for token in ("a" * 65, "a%20b", "%3Cscript%3E"):
        assert house.request("GET", f"/j/{token}/qr.svg").status == 404


def test_sockets_that_close_while_a_pin_is_looked_at(house):
    set_pin(house, PIN)

    async def go(s):
        for _ in range(6):
            c, _ = await s.join()
            await c.send({"type": "lead", "pin": PIN})
            await c.ws.close()
        c, _ = await s.join()
        assert (await say_pin(c, PIN))["role"] == "guide"
    play(go, house)
    wait_until(lambda: house.group()["visitors"] == 0, "everybody gone")
