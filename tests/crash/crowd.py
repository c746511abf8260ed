# SPDX-License-Identifier: Apache-2.0
"""Clients over WebSocket: staff that command, guests that listen. They come back after each death of
the server as the same people, and tell the ledger all they do and hear."""
import asyncio
import json
import struct

from harness import raw_ns
from ticker import exchange, frame, question, upgrade

OPS = ["play"] * 3 + ["pause"] * 2 + ["seek"] * 4 + ["goto"] * 2 + ["next", "prev", "stop"]


class Person:
    """One who connects again and again."""

    def __init__(self, name, hello, ledger):
        self.name, self.hello, self.ledger = name, hello, ledger
        self.exchanges = []

    async def connect(self, port):
        self.first = True  # no state on this connection yet
        self.retries = {}  # cmd_id: future of the answer
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(upgrade(port))
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        self.welcome = asyncio.get_running_loop().create_future()
        self.listening = asyncio.create_task(self._listen())
        self.say({"type": "hello", "v": 1, **self.hello})
        await self.heard(self.welcome)

    async def heard(self, future):
        """Waits for an answer. What breaks while listening, be it a breach, is raised here."""
        await asyncio.wait({future, self.listening}, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            self.listening.result()
            raise ConnectionError(f"{self.name} lost the server")
        return future.result()

    def say(self, message):
        self.writer.write(frame(1, json.dumps(message).encode()))

    def ask_time(self):
        self.writer.write(question(len(self.exchanges), raw_ns()))

    def command(self, cmd_id, group, message):
        self.ledger.send(cmd_id, group, message)
        self.say({"type": "command", "group": group, "cmd_id": cmd_id, **message})

    async def repeat(self, cmd_id, group, message):
        """The same again, until its answer."""
        answer = self.retries[cmd_id] = asyncio.get_running_loop().create_future()
        self.say({"type": "command", "group": group, "cmd_id": cmd_id, **message})
        await self.heard(answer)

    async def _receive(self):
        head = await self.reader.readexactly(2)
        length = head[1]
        assert length < 127
        if length == 126:
            length = struct.unpack(">H", await self.reader.readexactly(2))[0]
        return head[0] & 15, await self.reader.readexactly(length)

    async def _listen(self):
        """Until the server is gone; what had arrived by then is heard."""
        try:
            while True:
                opcode, data = await self._receive()
                if opcode == 2:
                    self.exchanges.append(exchange(data, raw_ns()))
                elif opcode == 1:
                    self._hear(json.loads(data))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    def _hear(self, m):
        if m["type"] == "welcome":
            self.welcome.set_result(m)
        elif m["type"] == "state":
            self.ledger.hear_state(self.name, m, self.first)
            self.first = False
        elif m["type"] in ("ack", "error"):
            assert m.get("cmd_id") in self.ledger.sent, m
            retry = self.retries.pop(m["cmd_id"], None)
            self.ledger.hear_answer(m, retry is not None)
            if retry:
                retry.set_result(m)

    async def gone(self):
        """After the server's death: hears the rest, and lets go."""
        await self.listening
        self.writer.close()


class Crowd:
    """Four of staff, who command two groups each, and a guest in each group."""

    def __init__(self, rng, groups, session, ledger):
        self.rng, self.ledger = rng, ledger
        self.groups = [g["id"] for g in groups]
        self.staff = [Person(f"staff {i}", {"role": "staff", "session": session}, ledger)
                      for i in range(4)]
        self.guests = [Person(f"guest of {g['id']}", {"role": "visitor", "code": g["code"]}, ledger)
                       for g in groups]
        self.acked = []  # some that were acknowledged, to be asked again

    @property
    def people(self):
        return self.staff + self.guests

    def one_of_staff(self, group):
        return self.staff[self.groups.index(group) % len(self.staff)]

    def command(self):
        group = self.rng.choice(self.groups)
        message = {"do": self.rng.choice(OPS)}
        if message["do"] == "seek":
            message["position"] = self.rng.randrange(5_000_000)
        if message["do"] == "goto":
            message["cue"] = self.rng.randrange(3)
        cmd_id = f"{self.rng.getrandbits(128):032x}"
        self.one_of_staff(group).command(cmd_id, group, message)
        if self.rng.random() < 0.1:
            self.acked.append((cmd_id, group, message))

    async def come_back(self, port):
        """Connects all, and asks again what was left without an answer and some of the rest."""
        await asyncio.gather(*(p.connect(port) for p in self.people))
        again = {c: (g, m) for c, (g, m) in self.ledger.open.items()}
        again.update({c: (g, m) for c, g, m in self.acked[-3:] if c in self.ledger.acks})
        await asyncio.gather(*(self.one_of_staff(g).repeat(c, g, m)
                               for c, (g, m) in again.items()))

    async def live(self, span, per_second, burst, kill):
        """`span` seconds of commands, then kill(). With a burst: each of staff sends one more in
        the last milliseconds, so that the kill meets their commit."""
        loop = asyncio.get_running_loop()
        end = loop.time() + span
        self.guests[0].ask_time()
        at = [loop.time() + self.rng.random() * span for _ in range(round(span * per_second))]
        if burst:
            at += [end - self.rng.random() * 0.008 for _ in self.staff]
        for when in sorted(at):
            await asyncio.sleep(when - loop.time())
            self.command()
            self.guests[0].ask_time()
        await asyncio.sleep(end - loop.time())
        for p in self.people:
            if p.listening.done():
                p.listening.result()  # a breach that was heard
        kill()
        await asyncio.gather(*(p.gone() for p in self.people))
