# SPDX-License-Identifier: Apache-2.0
"""Guessing from everywhere at once, and what a copy of the disk or of the log gives away."""
import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import secrets
import threading
import time

import pytest
import websockets

from harness import Client, Server
from test_join import wrong_code

PIN = "20406080"


def ask_from(server, address, method, path, body=None):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30,
                                                       source_address=(address, 0))) as c:
        c.request(method, path, json.dumps(body) if body else None)
        a = c.getresponse()
        return a.status, a.read()


def sign_in(server):
    """Whether it was let in, and how long that took, s."""
    begun = time.monotonic()
    status, _ = ask_from(server, "127.0.0.1", "POST", "/api/v1/login", {"user": "admin", "password": server.password})
    return status == 200, time.monotonic() - begun


def test_staff_get_in_while_fifty_addresses_guess(hall, twin):
    over = threading.Event()
    looked_at = []

    def guess(n):
        while not over.is_set():
            status, _ = ask_from(hall, f"127.0.1.{n}", "POST", "/api/v1/login", {"user": "admin", "password": f"guess {n}"})
            if status in (200, 401):
                looked_at.append(status)
            over.wait(0.1)  # fifty programs are one here, on two processors
    with concurrent.futures.ThreadPoolExecutor(50) as crowd:
        for n in range(1, 51):
            crowd.submit(guess, n)
        try:
            for _ in range(3):
                # Three seconds where a password takes its tenth of one; a machine that has other things to do, the
                # fifty of this test among them, is slower for everybody.
                there, seconds = sign_in(twin)
                assert there
                begun, longest = time.monotonic(), max(3, 10 * seconds)
                while not sign_in(hall)[0]:
                    assert time.monotonic() - begun < longest
                    time.sleep(0.05)
                assert time.monotonic() - begun < longest
        finally:
            over.set()
    assert 200 not in looked_at and looked_at


class From(Client):
    """A socket from an address of its own."""

    def __init__(self, server, address):
        super().__init__(server)
        self.source = address

    async def __aenter__(self):
        self.ws = await websockets.connect(f"ws://127.0.0.1:{self.server.port}/ws", subprotocols=["roomtone.v1"],
                                           ping_interval=None, compression=None, local_addr=(self.source, 0))
        return self


def test_codes_and_pins_are_limited_in_the_whole_house(tmp_path):
    s = Server(tmp_path / "state", config="[limits]\nwrong_codes_per_minute = 5\n").start().login()
    group = s.request("POST", "/api/v1/groups", {"name": "Hall", "id": "hall"}).json
    assert s.request("PUT", "/api/v1/groups/hall/guide-pin", {"pin": PIN}).status == 204

    async def one(n, said):
        async with From(s, f"127.0.2.{n}") as c:
            m = await c.hello(role="visitor", code=wrong_code(group["code"]))
            said["codes"].append(m["code"])
            m = await c.hello(role="visitor", link=group["link"].removeprefix("/j/"))
            assert m["type"] == "welcome", "who has the link comes in meanwhile"
            await c.send({"type": "lead", "pin": "999999"})
            m = await c.receive(where=lambda m: m["type"] == "error")
            said["pins"].append(m["code"])

    async def crowd(said):
        for at in range(0, 200, 50):
            await asyncio.gather(*(one(n, said) for n in range(at + 1, at + 51)))
    said = {"codes": [], "pins": []}
    begun = time.monotonic()
    try:
        asyncio.run(crowd(said))
    finally:
        s.stop()
    minutes = (time.monotonic() - begun) / 60
    assert len(said["codes"]) == 200 and set(said["codes"]) <= {"wrong_code", "too_many_guesses"}
    assert said["codes"].count("wrong_code") <= 5 * (1 + minutes) + 1
    assert said["pins"].count("wrong_pin") <= 10 * (1 + minutes) + 1
    assert set(said["pins"]) <= {"wrong_pin", "too_many_guesses", "busy"}


def test_ten_thousand_guessed_addresses_of_content(hall):
    c = http.client.HTTPConnection("127.0.0.1", hall.port, timeout=10)
    real = next((hall.state / "content").iterdir()).name
    stem, ending = real.split(".")
    near = [f"{stem[:i]}{'0' if stem[i] != '0' else '1'}{stem[i + 1:]}.{ending}" for i in range(64)]
    for name in near + [f"{secrets.token_hex(32)}.{ending}" for _ in range(10_000)] + ["", ".", "index.html", "*", stem]:
        c.request("GET", f"/content/{name}")
        a = c.getresponse()
        assert a.status in (404, 429), name
        a.read()
    c.request("GET", f"/content/{real}")
    assert c.getresponse().status == 200
    c.close()


# Where each may stand on the disk and in the log. What staff show to people (codes, links) is kept as it is
# shown; the rest as a hash, or not at all.
MAY_STAND = {"code": {"db"}, "link": {"db"}, "guide link": {"db"}, "first password": {"first-password"}, "password": set(),
             "session": set(), "csrf": set(), "visitor's session": set(), "guide PIN": set(), "wrong password": set()}


@pytest.fixture
def used(tmp_path):
    s = Server(tmp_path / "state").start().login()
    s.secrets = {"first password": s.password, "password": "four weavers at one loom", "guide PIN": PIN,
                 "wrong password": "five weavers at two looms"}
    s.request("POST", "/api/v1/users", {"user": "anna", "role": "curator", "password": s.secrets["password"]})
    login = s.request("POST", "/api/v1/login", {"user": "anna", "password": s.secrets["password"]}).json
    s.secrets |= {"session": login["session"], "csrf": login["csrf"]}
    s.request("POST", "/api/v1/login", {"user": "anna", "password": s.secrets["wrong password"]})
    group = s.request("POST", "/api/v1/groups", {"name": "Hall", "id": "hall"}).json
    group |= s.request("GET", "/api/v1/groups/hall").json
    s.secrets |= {"code": group["code"], "link": group["link"].split("/")[-1], "guide link": group["guide_link"].split("/")[-1]}
    s.request("PUT", "/api/v1/groups/hall/guide-pin", {"pin": PIN})

    async def visit():
        async with Client(s) as c:
            await c.join(group["code"])
            return (await c.receive("session"))["token"]
    s.secrets["visitor's session"] = asyncio.run(visit())
    s.stop()
    return s


def test_the_disk_and_the_log_have_no_more_than_the_table_allows(used):
    places = {}
    for file in [p for p in used.state.rglob("*") if p.is_file()]:
        places[str(file)] = ("db" if "roomtone.db" in file.name else file.name, file.read_bytes())
    places["log"] = ("log", used.log_text().encode())
    assert set(used.secrets) == set(MAY_STAND)
    for what, secret in used.secrets.items():
        found = {place for place, data in places.values() if secret.encode() in data}
        assert found <= MAY_STAND[what], (what, found)
    assert "db" in {p for p, d in places.values() if used.secrets["link"].encode() in d}, "it looks where they are"
