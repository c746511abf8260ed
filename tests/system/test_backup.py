# SPDX-License-Identifier: Apache-2.0
"""Backup and restore of a box that is in use; kill -9 in the middle; files that are no backups."""
import asyncio
import hashlib
import random
import signal
import sqlite3
import threading
import time

import pytest

from harness import Client, Server, wait_until


def state_of(server, group="demo"):
    g = server.group(group)
    return {k: g[k] for k in ("id", "name", "code", "link", "tour")}, g["state"]


def position(state):
    return state["mode"], state["cue"], state.get("tour")


def restarted(server, times):
    wait_until(lambda: server.log_text().count("the backup is in its place") >= times,
               "the restore")

    def serves():
        try:
            return server.request("GET", "/healthz").status == 200
        except OSError:
            return False
    wait_until(serves, "the box to be back")


def settled(server):
    """Its state once nothing is pending any more (nothing here runs)."""
    return wait_until(lambda: (lambda s: s if "next" not in s else None)(state_of(server)[1]),
                      "the change to be in force")


def at_cue(server, cue):
    assert server.command("goto", cue=cue).status == 200
    state = settled(server)
    assert state["cue"] == cue
    return state


class Load:
    """Commands to a group, one after the other, until stopped; keeps what was acknowledged."""

    def __init__(self, server, group):
        self.server, self.group, self.acked, self.stopping = server, group, [], False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        seconds = 0
        while not self.stopping:
            seconds = (seconds + 1) % 4
            a = self.server.command("seek", self.group, position=seconds * 1000000)
            if a.status == 200:
                self.acked.append(a.json["rev"])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()


@pytest.fixture
def house(tmp_path, exhibit):
    s = Server(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)
    s.command("stop_now")
    yield s
    s.stop()


def revisions(path, group="demo"):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        row = db.execute("SELECT epoch,rev FROM room WHERE id=?", (group,)).fetchone()
        last = db.execute("SELECT epoch,rev FROM history WHERE room_id=?"
                          " ORDER BY epoch DESC, rev DESC", (group,)).fetchone()
        assert row == last
        for table in ("login", "visit"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        return row
    finally:
        db.close()


def test_a_backup_under_load_and_the_way_back(house, tmp_path):
    file, before = tmp_path / "b.db", tmp_path / "before.db"
    with Load(house, "demo") as load:
        wait_until(lambda: len(load.acked) > 5, "some commands")
        first = load.acked[-1]
        house.ctl("backup", file)
        last = load.acked[-1]
        wait_until(lambda: len(load.acked) > 5 and load.acked[-1] > last + 3, "it to go on")
    assert not file.with_name("b.db.part").exists()
    assert file.stat().st_mode & 0o777 == 0o600
    epoch, rev = revisions(file)
    assert first <= rev <= last + 2 and load.acked == sorted(set(load.acked))
    assert house.session.encode() not in file.read_bytes()
    assert hashlib.sha256(house.session.encode()).digest() not in file.read_bytes()

    # What comes after the backup goes away with the restore, and comes back with its undoing.
    settled(house)
    at_cue(house, 1)
    made = house.request("POST", "/api/v1/groups", {"name": "Late"}).json["id"]
    who, late = state_of(house)
    now = house.request("GET", "/healthz").json
    port = house.port
    said = house.ctl("restore", file).stdout
    assert "groups are being restored" in said and "content files" not in said
    restarted(house, 1)
    assert house.request("GET", "/api/v1/status").status == 401  # nobody is signed in any more
    house.login()
    assert house.port == port
    same, state = state_of(house)
    assert same == who
    assert state["epoch"] == late["epoch"] + 1
    assert (state["cue"], state["tour"]) == (0, late["tour"])
    assert house.request("GET", f"/api/v1/groups/{made}").status == 404
    then = house.request("GET", "/healthz").json
    assert then["clock_epoch"] == now["clock_epoch"] and then["house_now"] > now["house_now"]
    assert house.command("seek", position=2000000).json["epoch"] == state["epoch"]

    before.write_bytes((house.state / "snapshots/before-restore-1.db").read_bytes())
    answer = house.request("PUT", "/api/v1/backup", before.read_bytes())
    assert answer.status == 202 and answer.json["groups"] == 2
    restarted(house, 2)
    house.login()
    same, state = state_of(house)
    assert same == who and state["epoch"] == late["epoch"] + 2
    assert position(state) == position(late)
    assert house.request("GET", f"/api/v1/groups/{made}").status == 200


def test_members_are_told_and_get_the_restored_state(house, tmp_path):
    house.ctl("backup", tmp_path / "b.db")
    at_cue(house, 1)

    async def members():
        async with Client(house) as c:
            state = await c.join(house.group()["code"])
            assert state["cue"] == 1
            await asyncio.to_thread(house.ctl, "restore", tmp_path / "b.db")
            bye = await c.receive("bye")
            assert bye["reason"] == "restarting"
        restarted(house, 1)
        house.login()
        async with Client(house) as c:
            after = await c.join(house.group()["code"])
            assert (after["epoch"], after["cue"]) == (state["epoch"] + 1, 0)
            assert after["clock_epoch"] == state["clock_epoch"]

    asyncio.run(members())


def test_a_running_group_sounds_on_where_the_timeline_is(house, tmp_path):
    """House time goes on, so a group that ran when the backup was made has run since."""
    ack = house.command("play").json
    wait_until(lambda: house.request("GET", "/healthz").json["house_now"] > ack["at"], "the start")
    running = wait_until(lambda: (lambda s: s if s["mode"] == "running" else None)(
        state_of(house)[1]), "the start")
    house.ctl("backup", tmp_path / "b.db")
    house.command("stop_now")
    house.ctl("restore", tmp_path / "b.db")
    restarted(house, 1)
    house.login()
    _, state = state_of(house)
    assert state["mode"] == "running" and state["epoch"] == running["epoch"] + 1
    assert state["cue"] > running["cue"] or state["vec"] == running["vec"]


def test_what_is_no_backup_is_refused_and_the_group_goes_on(house, tmp_path):
    good = house.request("GET", "/api/v1/backup")
    assert good.status == 200
    assert good.headers["Content-Type"] == "application/vnd.sqlite3"
    assert "attachment" in good.headers["Content-Disposition"]
    rng = random.Random(4)
    flipped = bytearray(good.body)
    flipped[rng.randrange(4096, len(flipped))] ^= 16
    files = [good.body[:-1], good.body[:5000], bytes(flipped), b"no database", b"\0" * 9000,
             good.body[:16] + rng.randbytes(8176)]
    with Load(house, "demo") as load:
        for i, content in enumerate(files):
            answer = house.request("PUT", "/api/v1/backup", content)
            assert (answer.status, answer.json["code"]) == (422, "bad_backup"), i
            assert answer.json["detail"]
        said = len(load.acked)
        wait_until(lambda: len(load.acked) > said + 3, "the group to go on")
    assert load.acked == sorted(set(load.acked))
    assert house.request("PUT", "/api/v1/backup", b"").json["code"] == "bad_backup"
    (tmp_path / "bad.db").write_bytes(files[0])
    r = house.ctl("restore", tmp_path / "bad.db", check=False)
    assert r.returncode == 1 and "bad_backup" in r.stderr
    assert not (house.state / "roomtone.db.restore").exists()
    assert not (house.state / "snapshots").exists()
    assert not list((house.state / "uploads").iterdir())
    house.session = None
    assert house.request("GET", "/api/v1/backup").status == 401
    assert house.request("PUT", "/api/v1/backup", good.body).status == 401


def test_killed_in_the_middle_it_is_the_old_state_or_the_new_one(house, tmp_path):
    """kill -9 at instants all over a restore, as long as one takes here, and once when it was promised."""
    seen = set()
    at_cue(house, 0)
    backup = house.request("GET", "/api/v1/backup").body
    begun = time.monotonic()
    assert house.request("PUT", "/api/v1/backup", backup).status == 202
    whole = time.monotonic() - begun
    restarted(house, 1)
    house.login()
    for i in range(12):
        old = at_cue(house, 1)
        sender = threading.Thread(target=lambda: _quietly(house, backup))
        killer = threading.Event()
        sender.start()
        killer.wait(whole * i / 9)  # not a wait for something: the instant of the cut
        if i == 11:
            sender.join()
        house.stop(signal.SIGKILL)
        sender.join()
        house.start()
        house.login()
        _, state = state_of(house)
        restored = state["epoch"] > old["epoch"]
        seen.add(restored)
        if restored:
            assert state["cue"] == 0 and state["rev"] == 1
        else:
            assert (state["epoch"], state["rev"], state["cue"]) == (old["epoch"], old["rev"], 1)
        assert not (house.state / "roomtone.db.restore").exists()
    assert True in seen


def _quietly(server, body):
    try:
        server.request("PUT", "/api/v1/backup", body)
    except OSError:
        pass  # it was killed; that is what the test is about
