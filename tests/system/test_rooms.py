# SPDX-License-Identifier: Apache-2.0
"""What a room promises beyond playing: it comes back, is led, does things by itself, is rewound."""
import asyncio
import datetime
import http.client
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

import pytest

from harness import BIN, Client, new_id, wait_until


def state(server, group="demo"):
    return server.group(group)["state"]


def link_of(server, kind="link", group="demo"):
    return server.group(group)[kind].rsplit("/", 1)[1]


# --- visitors who come back ---


OPEN = []


def run(scene):
    """Plays a scene, and closes every socket it opened."""
    async def whole():
        try:
            return await scene
        finally:
            await asyncio.gather(*(c.__aexit__() for c in OPEN))
            OPEN.clear()
    return asyncio.run(whole())


async def visit(server, session=None, lang=None, role="visitor", **fields):
    """Joins and returns (client, welcome, token or None)."""
    c = await Client(server).__aenter__()
    OPEN.append(c)
    hello = {"role": role, **fields}
    if "link" not in hello:
        hello["link"] = link_of(server, "guide_link" if role == "guide" else "link")
    if session:
        hello["session"] = session
    if lang:
        hello["lang"] = lang
    m = await c.hello(**hello)
    assert m["type"] == "welcome", m
    token = None if m.get("resumed") else (await c.receive("session"))["token"]
    return c, m, token


def test_phone_comes_back_as_the_same_visitor(house):
    async def before():
        c, welcome, token = await visit(house, lang="de", name="Ana")
        assert not welcome.get("resumed")
        await c.send({"type": "keep", "trim": -35000, "lang": "fr"})
        await c.command("play")  # refused, but answered: so "keep" was taken before
        house.request("GET", "/api/v1/groups")  # and one round through the store
        return welcome["member"], token

    async def after(member, token):
        c, welcome, _ = await visit(house, session=token)
        assert welcome["resumed"] and welcome["member"] == member
        assert welcome["lang"] == "fr" and welcome["trim"] == -35000
        assert house.group()["members"][0]["name"] == "Ana"
        # Another phone is another visitor; so is one with a token that nobody knows.
        _, other, _ = await visit(house)
        _, strange, _ = await visit(house, session="x" * 43)
        assert len({member, other["member"], strange["member"]}) == 3
        await c.send({"type": "forget"})
        await c.command("play")
        house.group()

    async def forgotten(member, token):
        _, welcome, _ = await visit(house, session=token)
        assert welcome["member"] != member

    member, token = run(before())
    house.stop(signal.SIGKILL)
    # The file alone brings nobody back.
    assert token.encode() not in (house.state / "roomtone.db").read_bytes()
    house.start()
    run(after(member, token))
    run(forgotten(member, token))


def test_session_belongs_to_its_group_and_role(house):
    house.ctl("group", "duplicate", "demo", "Other", "--id", "other")

    async def go():
        _, welcome, token = await visit(house)
        _, elsewhere, _ = await visit(house, session=token, link=link_of(house, group="other"))
        assert elsewhere["member"] != welcome["member"]
        _, guide, _ = await visit(house, session=token, role="guide")
        assert guide["member"] != welcome["member"] and guide["role"] == "guide"
    run(go())


def test_three_hundred_first_joins_at_once_wake_one_room(house):
    house.stop(signal.SIGKILL)
    house.start()
    async def one():
        c = await Client(house).__aenter__()
        m = await c.hello(role="visitor", link=link)
        await c.__aexit__()
        return m["type"]

    async def go():
        return await asyncio.gather(*(one() for _ in range(300)))
    link = house.request("GET", "/api/v1/groups").json["groups"][0]["link"].rsplit("/", 1)[1]
    assert house.request("GET", "/api/v1/status").json["groups"] == 0
    assert set(asyncio.run(go())) == {"welcome"}
    assert house.request("GET", "/api/v1/status").json["groups"] == 1


# --- guides ---


def test_one_guide_leads_and_staff_come_first(house):
    async def go():
        a, wa, _ = await visit(house, role="guide", name="Anna")
        b, wb, _ = await visit(house, role="guide", name="Ben")
        phone, _, _ = await visit(house)
        refused = await a.command("play")
        assert refused["code"] == "fenced"
        ack = await a.command("claim")
        assert ack["type"] == "ack" and ack["fence"] == 1
        shown = await phone.receive("state", where=lambda m: "guide" in m)
        assert shown["guide"] == wa["member"] and shown["guide_name"] == "Anna"
        held = await b.command("claim")
        assert held["code"] == "lease_held" and held["retryable"] and held["retry_ms"] > 0
        assert (await b.command("play", fence=1))["code"] == "fenced"
        assert (await a.command("play", fence=1))["type"] == "ack"
        assert (await a.command("renew", fence=1))["fence"] == 1
        for op, fields in (("stop_now", {}), ("load", {"tour": "demo"}), ("configure", {}),
                           ("restore", {"to": [1, 1]})):
            assert (await a.command(op, fence=1, **fields))["code"] == "forbidden", op
        assert (await phone.command("play"))["code"] == "forbidden"
        ack = await a.command("hand_over", member=wb["member"], fence=1)
        assert ack["fence"] == 2
        assert (await a.command("pause", fence=1))["code"] == "fenced"
        assert (await b.command("pause", fence=2))["type"] == "ack"
        # Staff need no lease, and take it away.
        assert house.command("play").status == 200
        assert house.ctl("group", "release", "demo").returncode == 0
        assert (await b.command("pause", fence=2))["code"] == "fenced"
        # Old frames, replayed: nothing happens.
        rev = state(house)["rev"]
        for _ in range(15):
            assert (await a.command("next", fence=1))["code"] == "fenced"
        assert state(house)["rev"] == rev
    run(go())


def test_lease_and_its_fence_survive_a_kill(house):
    async def before():
        a, wa, token = await visit(house, role="guide", name="Anna")
        assert (await a.command("claim"))["fence"] == 1
        return wa["member"], token

    async def after(member, token):
        b, _, _ = await visit(house, role="guide", name="Ben")
        assert (await b.command("claim"))["code"] == "lease_held"
        a, welcome, _ = await visit(house, session=token, role="guide")
        assert welcome["member"] == member
        assert (await a.command("renew", fence=1))["type"] == "ack"
        assert (await a.command("next", fence=1))["type"] == "ack"
    member, token = run(before())
    house.stop(signal.SIGKILL)
    house.start()
    run(after(member, token))


# --- what groups do by themselves ---


def in_some_seconds(seconds):
    """A rule that fires then, local time of this machine, and the wall clock of it in us. Not at a full
    minute: such a rule is told back without its seconds."""
    at = datetime.datetime.fromtimestamp(int(time.time()) + seconds)
    at += datetime.timedelta(seconds=at.second == 0)
    return f"daily {at:%H:%M:%S} start:1", int(at.timestamp()) * 1_000_000


@pytest.fixture
def not_at_midnight():
    while datetime.datetime.now().strftime("%H:%M") == "23:59":
        time.sleep(1)


@pytest.mark.usefixtures("not_at_midnight")
def test_show_begins_at_its_hour_announced_ahead_also_over_a_kill(house):
    rule, wall = in_some_seconds(8)
    house.ctl("group", "schedule", "demo", rule)
    assert house.group()["plan"]["schedule"] == [rule]
    announced = wait_until(lambda: (s := state(house)).get("next") and s, "the announcement")
    assert announced["mode"] != "running" and announced["next"]["mode"] == "running"
    # The box dies before the hour and comes back after it.
    house.stop(signal.SIGKILL)
    while time.time() * 1e6 < wall + 300_000:
        time.sleep(0.05)
    house.start()
    s = wait_until(lambda: (s := state(house))["mode"] == "running" and s, "the show")
    assert s["cue"] == 1 and s["vec"]["t0"] == announced["next"]["at"]
    # It was the right instant.
    now = house.request("GET", "/healthz").json
    assert abs((s["vec"]["t0"] - now["house_now"]) - (wall - now["time"]["wall"])) < 50_000
    rev = s["rev"]
    assert state(house)["rev"] == rev  # once
    history = house.request("GET", "/api/v1/groups/demo/history").json["changes"]
    assert [c["do"] for c in history].count("schedule") == 1


@pytest.mark.usefixtures("not_at_midnight")
def test_sleeping_group_is_woken_for_its_show(house):
    rule, _ = in_some_seconds(100)
    house.ctl("group", "schedule", "demo", rule)
    house.ctl("group", "duplicate", "demo", "Other", "--id", "other", "--schedule")
    house.ctl("group", "schedule", "demo", "none")
    # After a kill nobody is awake but those with something to do within a minute.
    house.stop(signal.SIGKILL)
    house.start()
    assert house.request("GET", "/api/v1/status").json["groups"] == 0
    assert house.group("other")["due"] > 0


def test_group_is_reset_when_everybody_has_gone(house):
    house.ctl("group", "set", "demo", "when_empty=hold", "empty_after_s=10")
    house.command("play")

    async def go():
        c, _, _ = await visit(house)
        await c.__aexit__()
    run(go())
    left = wait_until(lambda: (g := house.group()).get("due") and g["visitors"] == 0 and g, "empty")
    # Killed meanwhile: the hour stands.
    house.stop(signal.SIGKILL)
    house.start()
    s = wait_until(lambda: (s := state(house))["mode"] == "held" and s, "the hold")
    assert left["state"]["mode"] in ("running", "ready")
    held = [c for c in house.request("GET", "/api/v1/groups/demo/history").json["changes"]
            if c["state"]["mode"] == "held"]
    assert held and s["vec"]["p0"] > 0


# --- rewind ---


def test_history_restore_and_undo(house):
    house.ctl("group", "set", "demo", "when_empty=reset")
    house.command("goto", cue=2)
    before = wait_until(lambda: (g := house.group())["state"]["cue"] == 2 and g, "the third cue")
    house.ctl("group", "set", "demo", "when_empty=continue", "after_reboot=hold")
    house.ctl("group", "schedule", "demo", "daily 10:00 start", "daily 18:00 stop")
    later = house.group()
    rows = house.request("GET", "/api/v1/groups/demo/history").json["changes"]
    assert rows[0]["actor"] == "admin" and rows[0]["do"] == "configure"
    assert rows[0]["event"]["schedule"] == ["daily 10:00 start", "daily 18:00 stop"]
    assert rows[-1]["do"] == "create"
    point = f"{before['state']['epoch']}.{before['state']['rev']}"
    house.ctl("group", "restore", "demo", point)
    back = house.group()
    assert back["plan"] == before["plan"] and back["state"]["cue"] == 2
    assert back["state"]["epoch"] == before["state"]["epoch"] + 1
    house.ctl("group", "restore", "demo", f"{later['state']['epoch']}.{later['state']['rev']}")
    assert house.group()["plan"] == later["plan"]
    assert house.ctl("group", "restore", "demo", "9.9", check=False).returncode == 1
    assert house.ctl("group", "restore", "demo", "yesterday", check=False).returncode == 1
    assert "restore" in house.ctl("group", "history", "demo").stdout


def test_restore_to_a_time_counts_the_playing_since(house):
    house.command("play")
    s = wait_until(lambda: (s := state(house))["mode"] == "running" and s, "running")
    wait_until(lambda: house.request("GET", "/healthz").json["house_now"] > s["vec"]["t0"] + 2_000_000,
               "two seconds of play")
    house.command("stop_now")
    ack = house.command("restore", to_time=s["vec"]["t0"] + 1_500_000)
    assert ack.status == 200, ack.body
    back = state(house)
    assert (back["mode"], back["cue"], back["vec"]["p0"]) == ("held", 0, 1_500_000)
    # The same command again: the same answer, no second effect.
    again = house.request("POST", "/api/v1/groups/demo/commands",
                          {"do": "restore", "to_time": s["vec"]["t0"] + 1_500_000},
                          {"Idempotency-Key": ack.json["cmd_id"]})
    assert again.json["duplicate"] and state(house)["epoch"] == back["epoch"]


def test_copy_has_its_own_life(house):
    house.ctl("group", "schedule", "demo", "daily 10:00 start")
    house.command("play")
    copy = house.request("POST", "/api/v1/groups/demo/duplicate", {"name": "Rehearsal"})
    assert copy.status == 201, copy.body
    copy, original = copy.json, house.group()
    assert copy["tour"] == original["tour"] and copy["state"]["mode"] == "ready"
    assert copy["plan"]["schedule"] == []
    for key in ("id", "code", "link", "guide_link"):
        assert copy[key] != original[key]
    house.command("goto", group=copy["id"], cue=2)
    assert state(house)["cue"] == 0
    house.stop(signal.SIGKILL)
    house.start()
    assert state(house, copy["id"])["rev"] >= 1
    assert house.request("POST", "/api/v1/groups/nobody/duplicate", {"name": "X"}).status == 404


def test_conflict_answers_with_what_is_so(house):
    s = state(house)
    answer = house.command("next", if_rev=[s["epoch"], s["rev"] + 7])
    assert answer.status == 409 and answer.json["code"] == "conflict"
    assert answer.json["state"]["rev"] == s["rev"]


# --- hibernation ---

ROOMS = 10_000


def resident_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_ms(house):
    """What it computes from exec to the first answer, the best of five. By the clock on the wall, which a busy
    machine spoils: tests/bench/rooms.py."""
    times = []
    for _ in range(5):
        house.stop(signal.SIGKILL)
        house.start()
        assert house.group()["id"] == "demo"  # a room was woken and answered
        threads = pathlib.Path(f"/proc/{house.process.pid}/task").iterdir()
        times.append(sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e6)
    return min(times)


def test_ten_thousand_sleeping_rooms_cost_rows(house):
    """A house of 10,000 groups against the same house with one: start, memory, CPU, waking."""
    if os.environ.get("ROOMTONE_SANITIZE"):
        pytest.skip("figures of a sanitizer say nothing")
    alone_ms = start_ms(house)
    alone_kb = resident_kb(house.process.pid)
    house.stop(signal.SIGTERM)
    house.multiply(ROOMS, due_us="9007199254740991-n",
                   schedule="'0 daily 03:00 start' || char(10)")
    full_ms = start_ms(house)
    full_kb, pid = resident_kb(house.process.pid), house.process.pid
    assert house.request("GET", "/api/v1/status").json["groups"] == 1
    began = cpu_s(pid)
    time.sleep(3)
    idle_cpu = (cpu_s(pid) - began) / 3

    async def enter(link):
        async with Client(house) as c:
            await c.ask_time()  # the socket is up: what follows is the room's waking
            t = time.monotonic()
            m = await c.hello(role="visitor", link=link)
            assert m["type"] == "welcome"
            return (time.monotonic() - t) * 1000

    def commit():
        t = time.monotonic()
        assert house.command("seek", position=1000).status == 200
        return (time.monotonic() - t) * 1000

    async def wakes():
        """Of rooms that sleep; and of one that is awake, and commits, to know what this machine and its disk are
        like meanwhile: who wakes waits for what the store is at."""
        awake = link_of(house)
        each = [(await enter(f"link-{n}"), await enter(awake), commit()) for n in range(1, 201)]
        return [sorted(times) for times in zip(*each)]
    times, awake, commits = asyncio.run(wakes())
    print(f"\nstart {alone_ms:.1f} ms with 1 room, {full_ms:.1f} ms with {ROOMS};"
          f" memory {alone_kb} kB, {full_kb} kB; idle {idle_cpu * 100:.2f} % of a core;"
          f" wake p50 {times[100]:.2f} ms p99 {times[197]:.2f} ms, of one awake {awake[100]:.2f} and {awake[197]:.2f},"
          f" a commit {commits[100]:.2f} and {commits[197]:.2f}")
    assert full_kb - alone_kb < 5 * 1024
    assert idle_cpu < 0.02
    # The whole database is checked at each start: a row more is some microseconds.
    assert full_ms < alone_ms + 60
    # Nine of ten, and what the machine does besides is not the room's waking.
    assert times[180] <= max(20, 3 * awake[180], 3 * commits[180])


def test_strange_names_make_no_rooms(house):
    names = ["..", "%2e%2e", "a'b", "demo--", "-demo", "DEMO", "x" * 64, "x" * 300, "a b", "\u2603",
             "'; DROP TABLE room; --"]
    before = len(house.request("GET", "/api/v1/groups").json["groups"])
    connection = http.client.HTTPConnection("127.0.0.1", house.port)
    for i in range(2000):
        name = names[i % len(names)] if i % 3 else f"no-{new_id()}"
        connection.request("POST", f"/api/v1/groups/{urllib.parse.quote(name)}/commands",
                           b'{"do":"play"}', {"Authorization": f"Bearer {house.session}",
                                              "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert 400 <= answer.status < 500, (name, answer.status)
    assert len(house.request("GET", "/api/v1/groups").json["groups"]) == before
    assert state(house)["mode"] == "ready"
    assert house.request("GET", "/api/v1/status").json["groups"] == 1


def test_settings_of_time_are_checked(tmp_path):
    for text, word in (("[time]\nzone = Mars/Olympus\n", "zone"),
                       ("[time]\ntrust_clock = perhaps\n", "trust_clock")):
        (tmp_path / "x.ini").write_text(text)
        r = subprocess.run([BIN / "roomtoned", "--check-config", "--config", tmp_path / "x.ini"],
                           capture_output=True, text=True)
        assert r.returncode == 1 and word in r.stderr
