# SPDX-License-Identifier: Apache-2.0
"""Joining, and everything a hostile or clumsy phone may send."""
import asyncio
import random
import socket

import pytest
import websockets

from harness import PATIENCE, Client, Server, new_id, wait_until


def wrong_code(right):
    """A code with a right check digit that is not `right`: two digits slipped so that they cancel."""
    rng = random.Random(5)
    while True:
        digits = list(right)
        i, j = rng.sample(range(9), 2)
        digits[i], digits[j] = rng.choice("0123456789"), rng.choice("0123456789")
        code = "".join(digits)
        if code != right and damm(code) == 0:
            return code


def damm(code):
    table = ["0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
             "3674209581", "5869720134", "8945362017", "9438617205", "2581436790"]
    at = 0
    for c in code:
        at = int(table[at][int(c)])
    return at


def test_code_with_spaces_and_link_both_join(demo):
    async def go():
        code = demo.group()["code"]
        async with Client(demo) as a, Client(demo) as b:
            state = await a.join(f"{code[:3]} {code[3:6]} {code[6:]}", lang="de")
            m = await b.hello(role="visitor", link=demo.group()["link"].removeprefix("/j/"))
            assert m["group"] == "demo" and m["role"] == "visitor"
            assert (await b.receive("state")) == state
    asyncio.run(go())


def test_wrong_code_keeps_the_connection(demo):
    async def go():
        code = demo.group()["code"]
        async with Client(demo) as c:
            m = await c.hello(role="visitor", code=code[:-1] + str((int(code[-1]) + 1) % 10))
            assert m["code"] == "code_slip"
            m = await c.hello(role="visitor", code="12")
            assert m["code"] == "code_slip"
            m = await c.hello(role="visitor", code=wrong_code(code))
            assert m["code"] == "wrong_code"
            m = await c.hello(role="visitor", link="nobody-has-this-link")
            assert m["code"] == "wrong_code"
            await c.join(code)
            m = await c.hello(role="visitor", code=code)
            assert m["code"] == "bad_message"
    asyncio.run(go())


def test_guessing_is_limited_and_links_still_work(tmp_path):
    s = Server(tmp_path / "state", config="[limits]\nwrong_codes_per_minute = 3\n").start().login()
    group = s.request("POST", "/api/v1/groups", {"name": "Hall"}).json

    async def go():
        async with Client(s) as c:
            wrong = wrong_code(group["code"])
            codes = [(await c.hello(role="visitor", code=wrong))["code"] for _ in range(5)]
            assert codes == ["wrong_code"] * 3 + ["too_many_guesses"] * 2
            # Not even the right one is looked at now, or guessing would go on.
            m = await c.hello(role="visitor", code=group["code"])
            assert m["code"] == "too_many_guesses" and m["retryable"]
            m = await c.hello(role="visitor", link=group["link"].removeprefix("/j/"))
            assert m["type"] == "welcome"
    try:
        asyncio.run(go())
    finally:
        s.stop()


BAD = [
    ("", "bad_json"),
    ("{", "bad_json"),
    ("[1]", "bad_json"),
    ('{"type":"hello","type":"hello"}', "bad_json"),
    ("[" * 5000, "bad_json"),
    ('{"type":"sing"}', "unknown_type"),
    ('{"type":"state","group":"demo"}', "bad_message"),
    ('{"type":"report","playing":"sound","rtt_us":1.5}', "bad_message"),
    ('{"type":"hello","v":9,"role":"visitor","code":"1"}', "bad_version"),
    ("x" * (16 * 1024), "bad_json"),
    (b"not a time question", "bad_message"),
]


def test_bad_messages_get_a_code_and_the_connection_stays(demo):
    async def go():
        before = demo.group()["state"]
        async with Client(demo) as c:
            await c.join(demo.group()["code"])
            for text, code in BAD:
                await c.send(text)
                m = await c.receive("error")
                assert m["code"] == code, (text[:60], m)
                await asyncio.sleep(0.06)  # 20 messages a second are allowed
            await c.ask_time()
        assert demo.group()["state"] == before
    asyncio.run(go())


def test_visitors_and_kiosks_may_not_command(demo):
    async def go():
        code = demo.group()["code"]
        before = demo.group()["state"]
        async with Client(demo) as stranger, Client(demo) as v, Client(demo) as k:
            assert (await stranger.command("play"))["code"] == "unauthorized"
            await stranger.send({"type": "report", "playing": "sound"})
            assert (await stranger.receive("error"))["code"] == "unauthorized"
            await v.join(code)
            await k.join(code, role="kiosk", name="left")
            for c in (v, k):
                for do in ("play", "pause", "next", "prev", "stop", "stop_now"):
                    m = await c.command(do)
                    assert m["code"] == "forbidden" and m["cmd_id"]
                    await asyncio.sleep(0.06)
            m = await stranger.hello(role="staff", session="guess")
            assert m["code"] == "unauthorized"
        assert demo.group()["state"] == before
    asyncio.run(go())


def test_unknown_group_is_said(demo):
    async def go():
        async with Client(demo) as c:
            await c.staff()
            assert (await c.command("play", group="nowhere"))["code"] == "unknown_group"
    asyncio.run(go())
    assert demo.command("play", group="nowhere").json["code"] == "unknown_group"


def test_flood_is_slowed_and_neighbours_do_not_notice(demo):
    async def go():
        async with Client(demo) as flood, Client(demo) as other:
            await other.join(demo.group()["code"])
            try:
                for _ in range(400):
                    await flood.send('{"type":"report","playing":"sound"}')
                codes = set()
                for _ in range(60):
                    codes.add((await flood.receive("error"))["code"])
                assert "too_fast" in codes
            except websockets.ConnectionClosed:
                pass  # it did not read its answers: closed
            t1, t2, t3, t4, _ = await other.ask_time()
            assert t4 - t1 < 1_000_000_000
    asyncio.run(go())


def raw_exchange(server, request):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
        s.sendall(request)
        data = b""
        try:
            while chunk := s.recv(4096):
                data += chunk
                if b"\r\n\r\n" in data:
                    break
        except ConnectionResetError:
            pass
        return data


H2C = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    "Upgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
    "Sec-WebSocket-Protocol: roomtone.v1\r\n\r\n"
)


@pytest.mark.parametrize("upgrade", ["h2c", "H2C", "foo", "websocket2", "h2c, websocket"])
def test_no_upgrade_but_websocket(hall, upgrade):
    answer = raw_exchange(hall, H2C.format(port=hall.port, upgrade=upgrade).encode())
    assert b"101" not in answer.split(b"\r\n")[0], answer
    # An HTTP/2 preface straight away gets nowhere either.
    answer = raw_exchange(hall, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9)
    assert b" 101 " not in answer and not answer.startswith(b"\0\0")
    assert hall.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("headers,path,subprotocols", [
    ({"Origin": "http://evil.example"}, "/ws", ["roomtone.v1"]),
    ({"Origin": "null"}, "/ws", ["roomtone.v1"]),
    ({}, "/", ["roomtone.v1"]),
    ({}, "/ws", None),
    ({}, "/ws", ["chat"]),
])
def test_strangers_sockets_are_refused(hall, headers, path, subprotocols):
    async def go():
        with pytest.raises((websockets.InvalidHandshake, ConnectionError, OSError, EOFError)):
            await websockets.connect(f"ws://127.0.0.1:{hall.port}{path}", extra_headers=headers,
                                     subprotocols=subprotocols, open_timeout=10)
    asyncio.run(go())


def test_our_own_page_may_connect(demo):
    async def go():
        async with Client(demo, {"Origin": demo.url}) as c:
            await c.join(demo.group()["code"])
    asyncio.run(go())


def test_full_house_takes_no_more(tmp_path):
    s = Server(tmp_path / "state", config="[limits]\nmax_members = 3\n").start()

    async def go():
        async with Client(s), Client(s), Client(s):
            with pytest.raises((websockets.InvalidHandshake, ConnectionError, OSError, EOFError)):
                async with Client(s):
                    pass
        async with Client(s) as again:
            await again.ask_time()
    try:
        asyncio.run(go())
    finally:
        s.stop()


def test_a_full_house_says_so_and_keeps_room_for_those_it_needs(tmp_path, exhibit):
    s = Server(tmp_path / "state", config="[limits]\nmax_members = 42\n").start().login()
    s.import_exhibit(exhibit)
    code = s.group()["code"]

    async def go():
        inside = [await Client(s).__aenter__() for _ in range(40)]
        for c in inside:
            await c.join(code)
        known = (await inside[0].receive("session"))["token"]
        async with Client(s) as late:
            assert (await late.hello(role="visitor", code=code))["code"] == "house_full"
            await asyncio.wait_for(late.ws.wait_closed(), PATIENCE)  # its socket is not kept
        async with Client(s) as kiosk, Client(s) as staff:
            await kiosk.join(code, role="kiosk")
            await staff.staff()
        await inside[0].__aexit__()
        wait_until(lambda: s.group()["visitors"] == 39, "a free seat")
        async with Client(s) as late:
            await late.join(code)
            async with Client(s) as back:  # the house is full again, but was theirs
                await back.join(code, session=known)
        for c in inside[1:]:
            await c.__aexit__()
    try:
        asyncio.run(go())
    finally:
        s.stop()
