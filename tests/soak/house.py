# SPDX-License-Identifier: Apache-2.0
"""The house of a soak: one server that dies and lives again, what everybody in it knows, and what is measured of it."""
import asyncio
import os
import pathlib
import signal
import subprocess
import time

from faults import SHIM, FaultyServer
from harness import BIN, Server, raw_ns, short_exhibit, wait_until
from kill import Life, first_look, look
from ledger import Ledger

SANITIZED = bool(os.environ.get("ROOMTONE_SANITIZE"))
IN_STEP_US = 5000 if SANITIZED else 1000  # of what a player says of itself, as in tests/system/test_players.py
NEWEST_S = 10 if SANITIZED else 2         # I5
SETTLE_S = 8                              # of a player after it was moved, or has lost the server
GROUPS = 6


class House:
    def __init__(self, folder, seed):
        self.folder, self.seed = pathlib.Path(folder), seed
        self.ledger = Ledger()
        self.users, self.backups, self.joins = {}, 0, 0
        self.open = asyncio.Event()       # people may come
        self.life, self.connected, self.overview = 0, set(), None
        self.again = {}                   # cmd_id: (group, message), unanswered at the last death
        self.newest = {}                  # group: (epoch, rev) that was acknowledged in this life
        self.low, self.high, self.trips = None, None, []
        self.last_disturbed = self.fault_over = 0.0
        self.fault_on = False
        self.errors_us, self.rest, self.players = [], [], []
        kind = FaultyServer if SHIM.exists() and not SANITIZED else Server
        subprocess.run([BIN / "roomtonectl", "certificate", "make", "--dir", self.folder / "tls"], check=True,
                       stdout=subprocess.DEVNULL)
        self.server = kind(self.folder / "state", config=self._settings())
        self.faults = getattr(self.server, "faults", None)

    def _settings(self):
        return (f"[time]\ntrust_clock = yes\n[limits]\nsources_max_mb = 2\n[debug]\nforget_every = 100\n"
                f"[backup]\nkeep = 2\ndir = {self.folder}/backups-{self.backups}\n"
                f"[tls]\nlisten = 127.0.0.1:0\ncertificate = {self.folder}/tls/server.crt\n"
                f"key = {self.folder}/tls/server.key\n")

    def change_settings(self):
        """Another folder for backups; the last one is thrown away."""
        old = self.folder / f"backups-{self.backups}"
        for file in old.glob("*"):
            file.unlink(missing_ok=True)
        self.backups += 1
        self.server.config.write_text(self._settings())
        return self.folder / f"backups-{self.backups}"

    @property
    def port(self):
        return self.server.port

    # --- its beginning

    def furnish(self):
        s = self.server.start().login()
        s.import_exhibit(short_exhibit())
        for user in ("ann", "ben"):
            self.users[user] = f"the key of {user}, a long one"
            a = s.request("POST", "/api/v1/users", {"user": user, "role": "viewer", "password": self.users[user]})
            assert a.status == 201, a.body
        a = s.request("PUT", "/api/v1/tours/hall", {"title": {"en": "Hall"}, "cues": [{"track": "loom", "on_end": "loop"}]})
        assert a.status == 200, a.body
        for i in range(1, GROUPS):
            a = s.request("POST", "/api/v1/groups", {"name": f"Group {i}", "id": f"g{i}", "tour": "weavers"})
            assert a.status == 201, a.body
        a = s.request("POST", "/api/v1/groups", {"name": "Hall", "id": "hall", "tour": "hall"})
        assert a.status == 201, a.body
        found = {g["id"]: g for g in s.request("GET", "/api/v1/groups").json["groups"]}
        self.hall = found["hall"]
        self.groups = [g for name, g in sorted(found.items()) if name != "hall"]
        self.kept = set(found)
        assert s.stop() == 0
        first_look(self.ledger, s.state)
        for name, ppm in (("left", 60), ("right", -45)):
            log = open(self.folder / f"{name}.log", "wb")
            self.players.append(subprocess.Popen(
                [BIN / "roomtone-player", "--server", s.url, "--group", self.hall["code"], "--device", f"null:ppm={ppm}",
                 "--name", name, "--lang", "de", "--cache", self.folder / f"cache-{name}"], stdout=log, stderr=log))
            log.close()
        self.server.start()

    # --- what people tell it

    def acked(self, m):
        at = (m["epoch"], m["rev"])
        self.newest[m["group"]] = max(at, self.newest.get(m["group"], (0, 0)))

    def time_told(self, x):
        self.low = x.low if self.low is None else max(self.low, x.low)
        self.high = x.high if self.high is None else min(self.high, x.high)
        assert self.low <= self.high, "I12: house time moved"
        self.trips = self.trips[-20000:] + [x.round_trip]

    def disturbed(self):
        self.last_disturbed = time.monotonic()

    def faulty(self, after_s=10):
        """Whether a fault is on, or was so recently that answers may still be of it."""
        return self.fault_on or time.monotonic() < self.fault_over + after_s

    # --- its end

    async def end_life(self, how, dice):
        """Dies, is looked at, and lives again."""
        loop = asyncio.get_running_loop()
        if how == "clean":
            await self.all_leave()
            self.rest.append(await loop.run_in_executor(None, self.descriptors_at_rest))
            code = await loop.run_in_executor(None, self.server.stop)
            assert code == 0, f"the server ended with {code}"
        else:
            assert self.server.process.poll() is None, f"the server ended by itself: {self.server.process.returncode}"
            self.open.clear()
            self.ending.set_result(None)
            await loop.run_in_executor(None, self.server.stop, signal.SIGKILL)
            await self.nobody_here()
        self.settle()
        if how == "kills":
            for _ in range(dice.randint(1, 4)):
                await loop.run_in_executor(None, self.dies_while_it_starts, dice.random() * 0.03)
        await loop.run_in_executor(None, self.server.start)
        self.begun()

    def begun(self):
        self.life += 1
        self.born = time.monotonic()
        self.newest.clear()
        self.ending = asyncio.get_running_loop().create_future()
        self.disturbed()
        self.fresh = descriptors(self.server.process.pid)
        self.fresh_targets = ", ".join(targets(self.server.process.pid))
        self.open.set()

    def dies_while_it_starts(self, after_s):
        life = Life(self.server.state, self.port)
        time.sleep(after_s)
        life.kill()
        life.bury()

    async def all_leave(self):
        """Everybody goes; those who stall are woken."""
        self.open.clear()
        self.ending.set_result(None)
        for m in list(self.connected):
            if not m.left:
                m.writer.transport.resume_reading()
                m.writer.transport.close()
        await self.nobody_here()

    async def nobody_here(self):
        for m in list(self.connected):
            m.writer.transport.resume_reading()
        end = time.monotonic() + 30
        while self.connected:
            assert time.monotonic() < end, f"{len(self.connected)} connections outlive the server"
            await asyncio.sleep(0.02)

    def descriptors_at_rest(self):
        """(at the life's beginning, now that nobody is there). The players stay, and what asked over HTTP may linger."""
        end = time.monotonic() + 30
        while (now := descriptors(self.server.process.pid)) > self.fresh + len(self.players) + 1 and time.monotonic() < end:
            time.sleep(0.2)
        if now > self.fresh + len(self.players) + 1:
            print(f"at rest it had open: {', '.join(targets(self.server.process.pid))}; fresh: {self.fresh_targets}", flush=True)
        return self.fresh + len(self.players), now

    def settle(self):
        """After a death: what is on disk against what was said; what cannot be asked again is forgotten."""
        look(self.ledger, self.server.state, self.kept)
        tops = self.ledger.tops
        self.ledger.shown = {k: v for k, v in self.ledger.shown.items() if k[1:] >= tops[k[0]]}
        self.ledger.open = {c: x for c, x in self.ledger.open.items() if "fence" not in x[1] and x[1]["do"] != "claim"}
        self.again = dict(self.ledger.open)

    async def ask_again(self, member, groups):
        """Staff repeat what was left without an answer when the server died."""
        for cmd_id, (group, message) in list(self.again.items()):
            if group in groups:
                del self.again[cmd_id]
                await member.repeat(cmd_id, group, message)

    # --- what is watched

    async def watch_newest(self):
        """I5: what is acknowledged is soon heard by everybody who is there."""
        while True:
            await self.open.wait()
            life, wanted, there = self.life, dict(self.newest), set(self.connected)
            await asyncio.sleep(NEWEST_S)
            for m in there & self.connected if life == self.life else ():
                if m.group in wanted and not m.stalled and m.name in self.ledger.last:
                    assert self.ledger.last[m.name] >= wanted[m.group], \
                        f"I5: {m.name} stands at {self.ledger.last[m.name]}, acknowledged was {wanted[m.group]}"

    async def watch_players(self):
        """Both are in step, except just after the hall was moved or the server died."""
        heard = {}
        while True:
            await asyncio.sleep(1)
            for p in self.players:
                assert p.poll() is None, f"a player ended: {p.returncode}"
            calm = time.monotonic() - self.last_disturbed
            if not self.open.is_set() or not self.overview or calm < SETTLE_S:
                continue
            hall = next((g for g in self.overview["groups"] if g["id"] == "hall"), None)
            for r in (x["report"] for x in (hall or {}).get("members", ()) if x["role"] == "kiosk" and "report" in x):
                if r["playing"] == "sound" and r.get("servo") == "lock" and heard.get(r["dac_ppb"]) != r["at"]:
                    heard[r["dac_ppb"]] = r["at"]
                    self.errors_us.append(abs(r["error_us"]))

    async def sample(self, began, interval_s, samples):
        while True:
            if self.open.is_set():
                try:
                    samples.append(self.figures(began))
                except (OSError, AttributeError):
                    pass  # it died meanwhile
            await asyncio.sleep(interval_s)

    def figures(self, began):
        now = time.monotonic()
        pid, state = self.server.process.pid, self.server.state
        found = {"t": now - began, "life": self.life, "age": now - self.born,
                 "memory": memory(pid), "fds": descriptors(pid), "threads": threads(pid),
                 "wal": size(state / "roomtone.db-wal"), "db": size(state / "roomtone.db"),
                 "content": size(state / "content"), "sources": size(state / "sources"),
                 "incoming": size(state / "incoming"), "state": size(state),
                 "backups": size(self.folder / f"backups-{self.backups}"), "log": size(f"{state}.log")}
        found["player"] = max(memory(p.pid) for p in self.players)
        found["player_fds"] = max(descriptors(p.pid) for p in self.players)
        found["player_log"] = size(self.folder / "left.log")
        return found

    async def fault(self, which, seconds):
        """The disk is bad for so long, and soon after that the server says that all is well."""
        if not self.faults:
            return False
        import errno
        name, value = {"full": ("full", 1), "read_only": ("write_errno", errno.EROFS),
                       "sync_fails": ("sync_errno", errno.EIO), "slow": ("sync_us", 30_000)}[which]
        self.fault_on = which != "slow"
        setattr(self.faults, name, value)
        await asyncio.sleep(seconds)
        setattr(self.faults, name, 0)
        await asyncio.to_thread(wait_until, self.saves, "the end of a fault")
        self.fault_over = time.monotonic() if self.fault_on else self.fault_over
        self.fault_on = False
        return True

    def saves(self):
        return self.server.request("GET", "/healthz").json["storage"] == "ok"

    def close(self):
        """Ends what is left, by its id."""
        self.server.stop(signal.SIGKILL)
        for p in self.players:
            p.terminate()
            try:
                p.wait(timeout=30)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def memory(pid):
    """What is its own, bytes: heap, stacks, what it changed of its files. Pages of programs and libraries are left out:
    a share of them (PSS) grows by MiB when a neighbour that has them too ends."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    raise OSError


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def targets(pid):
    """What its descriptors are."""
    found = []
    for fd in os.scandir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(fd.path).split(":[")[0])
        except OSError:
            pass  # closed meanwhile
    return sorted(found)


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def size(where):
    """Bytes of a file, or of all files in a folder."""
    where = pathlib.Path(where)
    try:
        if where.is_file():
            return where.stat().st_size
        return sum(size(p) for p in where.iterdir())
    except FileNotFoundError:
        return 0
