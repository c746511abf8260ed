# SPDX-License-Identifier: Apache-2.0
"""Those who are in the house all day: they come and go, sleep, stall, lead and command, each by dice of their own."""
import asyncio
import itertools
import json
import random
import secrets

from crowd import OPS, Person
from harness import PATIENCE, new_id, raw_ns
from ticker import Exchange, exchange, frame, question

# What a room may answer to a command that came at a bad time: that is no fault.
REFUSALS = {"bad_state", "out_of_range", "conflict", "busy", "fenced", "lease_held", "forbidden"}
REPORT = {"type": "report", "playing": "silent", "ready": True, "lang": "de"}


class Refused(ConnectionError):
    """A hello that a fault of the disk did not let in."""


class Member(Person):
    """One connection: what it hears goes to the ledger, whatever is not as it should be ends the run."""

    def __init__(self, house, name, group, /, **hello):
        super().__init__(name, hello, house.ledger)
        self.house, self.group = house, group
        self.token = self.fence = None
        self.listening = self.writer = None
        self.stalled = self.left = False
        self.outside = set()  # commands that leave nothing on disk
        self.sequence = itertools.count(1)

    async def connect(self, port):
        self.life = self.house.life
        try:
            await super().connect(port)
        except asyncio.IncompleteReadError as e:
            raise ConnectionError("the server went away") from e
        self.house.connected.add(self)

    async def _listen(self):
        """Until the connection is gone."""
        try:
            while True:
                opcode, data = await self._receive()
                if opcode == 9:
                    self.writer.write(frame(10, data))
                elif opcode == 2:
                    self.house.time_told(Exchange(exchange(data, raw_ns())))
                elif opcode == 1:
                    self._hear(json.loads(data))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.house.connected.discard(self)

    def _hear(self, m):
        kind = m["type"]
        if kind == "session":
            self.token = m["token"]
        elif kind == "house":
            self.house.overview = m
        elif kind in ("ack", "error") and m.get("cmd_id") in self.outside:
            self.outside.remove(m["cmd_id"])
            assert kind == "ack" or self.expected(m["code"]), m
        elif kind == "error":
            assert self.expected(m["code"]), f"{self.name} got {m}"
            if "cmd_id" not in m and not self.welcome.done():
                self.welcome.set_exception(Refused(m["code"]))
                return
            super()._hear(m)
        else:
            if kind == "ack":
                self.fence = m.get("fence", self.fence)
                self.house.acked(m)
            super()._hear(m)

    def expected(self, code):
        return code in REFUSALS or (code.startswith("storage_") and self.house.faulty())

    def ask_time(self):
        self.writer.write(question(next(self.sequence), raw_ns()))

    def do(self, do, group, **fields):
        """A command of which the ledger takes note."""
        self.command(f"{secrets.randbits(128):032x}", group, {"do": do, **fields})

    def aside(self, do, **fields):
        """One that the history knows nothing of."""
        cmd_id = new_id()
        self.outside.add(cmd_id)
        self.say({"type": "command", "group": self.group, "cmd_id": cmd_id, "do": do, **fields})

    def here(self):
        """Raises what went wrong while listening, or that the connection is gone."""
        if self.listening.done():
            self.listening.result()
            raise ConnectionError(f"{self.name} lost the server")

    async def stay(self, seconds, beat=None, every=1.0):
        """Is there for so long, doing beat() now and then."""
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            self.here()
            if beat:
                beat()
            await asyncio.wait({self.listening}, timeout=min(every, left))

    def drop(self):
        """The run is over, wherever it is: it may be in the middle of coming."""
        if self.listening:
            self.listening.cancel()
        if self.writer:
            self.writer.transport.abort()

    async def leave(self, rudely=False):
        self.left = True
        if rudely:
            self.writer.transport.abort()
        else:
            self.writer.write(frame(8, b"\x03\xe8"))
        await asyncio.wait({self.listening}, timeout=PATIENCE)
        self.writer.close()
        self.listening.result()


async def alone(house, member, story):
    """A story of one connection. The connection may be lost with the server, and not otherwise."""
    try:
        await member.connect(house.port)
        await story(member)
        await member.leave()
    except Refused:
        await member.leave(rudely=True)
        await asyncio.sleep(1)
    except ConnectionError:
        assert house.life != member.life or not house.open.is_set() or member.stalled, \
            f"{member.name} lost a server that lives"
    except asyncio.CancelledError:
        member.drop()
        raise


async def visitor(house, n):
    """Comes, listens in one of many ways, goes, and comes again as the same or as somebody else."""
    dice = random.Random(f"{house.seed} visitor {n}")
    name, token, group, kept = f"visitor {n}", None, None, None
    while True:
        await house.open.wait()
        if not token:
            group = dice.choice(house.groups)
            house.ledger.last.pop(name, None)
        came = {"session": token} if token else {"name": f"Ida {n}"}
        m = Member(house, name, group["id"], role="visitor", code=group["code"], lang="de", **came)

        async def story(m):
            if token and not (house.faulty() and "resumed" not in m.welcome.result()):
                # With a disk that cannot be read everybody is let in, as somebody new.
                assert m.welcome.result().get("resumed"), f"{name} came back as another"
                assert m.welcome.result()["member"] == kept, f"{name} was {kept}"
            await STORIES[dice.choice(list(STORIES))](house, m, dice)
        await alone(house, m, story)
        house.joins += 1
        if m.token:
            token, kept = m.token, m.welcome.result()["member"]
        if dice.random() < 0.3:
            token = None
        await asyncio.sleep(dice.random() * 3)


async def listens(house, m, dice):
    def beat():
        m.say(REPORT)
        m.ask_time()
        what = dice.random()
        if what < 0.05:
            m.say({"type": "react", "what": "clap"})
        elif what < 0.1:
            m.say({"type": "hand", "up": what < 0.08})
        elif what < 0.13:
            m.say({"type": "keep", "lang": "en", "trim": dice.randrange(-500, 500)})
    await m.stay(3 + dice.random() * 20, beat)


async def sleeps(house, m, dice):
    await m.stay(5 + dice.random() * 25)


async def stalls(house, m, dice):
    """Reads nothing for a while, and perhaps for too long."""
    m.stalled = True
    m.writer.transport.pause_reading()
    await asyncio.wait({house.ending}, timeout=2 + dice.random() * 14)
    m.writer.transport.resume_reading()


async def vanishes(house, m, dice):
    await m.stay(1 + dice.random() * 5, lambda: m.say(REPORT))
    await m.leave(rudely=True)


STORIES = {"listens": listens, "sleeps": sleeps, "stalls": stalls, "vanishes": vanishes}


async def guest(house, group):
    """Is in the group as long as the server lives; the witness that all is heard."""
    while True:
        await house.open.wait()
        m = Member(house, f"guest of {group['id']}", group["id"], role="visitor", code=group["code"])

        def beat():
            m.ask_time()
            m.say(REPORT)
        await alone(house, m, lambda m: m.stay(1e9, beat))


async def guide(house, n):
    """Takes the lead of a group for a while, moves it, and gives it back or just goes."""
    dice = random.Random(f"{house.seed} guide {n}")
    while True:
        await house.open.wait()
        group = dice.choice(house.groups)
        name = f"guide {n}"
        house.ledger.last.pop(name, None)
        m = Member(house, name, group["id"], role="guide", link=group["guide_link"].rsplit("/", 1)[1], name="Zoë")

        async def story(m):
            m.do("claim", group["id"])

            def beat():
                if m.fence is not None:
                    m.aside("renew", fence=m.fence)
                    m.do(*dice.choice([("play",), ("pause",), ("next",), ("prev",)]), group["id"], fence=m.fence)
            await m.stay(4 + dice.random() * 20, beat, 2.0)
            if m.fence is not None and dice.random() < 0.7:
                m.do("release", group["id"], fence=m.fence)
                await m.stay(0.5)
        await alone(house, m, story)
        await asyncio.sleep(dice.random() * 4)


async def staff(house, n, groups, per_second):
    """Has the overview open and moves its groups; after a death asks again what was left without an answer."""
    dice = random.Random(f"{house.seed} staff {n}")
    while True:
        await house.open.wait()
        m = Member(house, f"staff {n}", None, role="staff", session=house.server.session)

        async def story(m):
            mine = {g["id"] for g in groups}
            await house.ask_again(m, mine)
            while True:
                await m.stay(dice.expovariate(per_second))
                m.here()
                command(m, dice, dice.choice(groups)["id"])
        await alone(house, m, story)


def command(m, dice, group):
    what = dice.random()
    if what < 0.04:
        m.do("load", group, tour="weavers", cue=0, keep=True)
    elif what < 0.07:
        minute = dice.randrange(24 * 60)
        m.do("configure", group, schedule=[f"daily 00:00-23:59/1min {dice.choice(['start', 'hold'])}",
                                           f"daily {minute // 60:02}:{minute % 60:02} stop"])
    elif what < 0.09:
        m.do("configure", group, schedule=[])
    else:
        do = dice.choice(OPS)
        fields = {"seek": {"position": dice.randrange(5_000_000)}, "goto": {"cue": dice.randrange(3)}}
        m.do(do, group, **fields.get(do, {}))


async def hall_keeper(house, group):
    """The hall is moved seldom, so that its loudspeakers have time to be in step."""
    dice = random.Random(f"{house.seed} hall")
    while True:
        await house.open.wait()
        m = Member(house, "keeper", None, role="staff", session=house.server.session)

        async def story(m):
            await house.ask_again(m, {group["id"]})
            while True:
                m.do("play", group["id"])
                m.do("seek", group["id"], position=dice.randrange(2_000_000))
                house.disturbed()
                await m.stay(15 + dice.random() * 20)
        await alone(house, m, story)
