# SPDX-License-Identifier: Apache-2.0
"""The time over UDP: a real server and player, with what a network and a stranger on it may do."""
import asyncio
import base64
import csv
import hashlib
import os
import re
import secrets
import select
import signal
import socket
import struct
import subprocess
import threading

import pytest

from harness import BIN, PATIENCE, Client, Server, wait_until

NO_UDP = "[time]\nudp = no\n"
UDP_WORKS = "the time comes over UDP\n"
UDP_BLOCKED = "UDP does not get through"
UDP_LOST = "no answer over UDP any more"
WS, UDP = "ws", "udp"


class Player:
    def __init__(self, url, code, tmp_path):
        self.log = tmp_path / "player.log"
        self.cache = tmp_path / "cache"
        settings = tmp_path / "player.ini"
        self.trace = tmp_path / "trace.csv"
        settings.write_text(f"[player]\nname = hall\ndebug = yes\ntrace = {self.trace}\n")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "roomtone-player"), "--config", str(settings), "--server", url, "--group",
                 code, "--device", "null", "--cache", str(self.cache)], stdout=log, stderr=log)

    def text(self):
        return self.log.read_text()

    def wait_for(self, line, times=1, patience=60):
        wait_until(lambda: self.text().count(line) >= times, f"{line!r}, {times}", patience)

    def seconds(self):
        """What it says of itself, a line a second."""
        return list(csv.DictReader(self.trace.read_text().splitlines()))

    def wait_for_way(self, via):
        n = len(self.seconds())
        wait_until(lambda: any(s["via"] == via for s in self.seconds()[n:]), f"via {via}", 60)

    def udp_ports(self):
        pid = self.process.pid
        links = (os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
        inodes = {m[1] for link in links if (m := re.fullmatch(r"socket:\[(\d+)\]", link))}
        with open("/proc/net/udp", encoding="ascii") as f:
            rows = [line.split() for line in f][1:]
        return [int(r[1].split(":")[1], 16) for r in rows if r[9] in inodes]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


class Relay:
    """The server at another address of this machine: its TCP port goes through as it is, datagrams
    as a test likes. `answers` makes of one answer what is sent on; None swallows all."""

    def __init__(self, port, answers=lambda data: [data]):
        self.port, self.answers = port, answers
        self.over = False
        self.tcp = socket.create_server(("127.0.0.2", port))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.2", port))
        self.behind = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.behind.connect(("127.0.0.1", port))
        self.player = None
        self.pairs = {}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _accept(self):
        a = self.tcp.accept()[0]
        try:
            b = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            a.close()
            return
        self.pairs[a], self.pairs[b] = b, a

    def _pump(self, s):
        if s not in self.pairs:
            return
        try:
            data = s.recv(65536)
            if data:
                self.pairs[s].sendall(data)
                return
        except OSError:
            pass
        other = self.pairs.pop(s)
        del self.pairs[other]
        s.close()
        other.close()

    def _datagram(self, s):
        try:
            if s is self.udp:
                data, self.player = s.recvfrom(2048)
                if self.answers:
                    self.behind.send(data)
            else:
                data = s.recv(2048)
                for out in self.answers(data) if self.answers else []:
                    self.udp.sendto(out, self.player)
        except OSError:
            pass  # the server is not there

    def _run(self):
        while not self.over:
            for s in select.select([self.tcp, self.udp, self.behind, *self.pairs], [], [], 0.1)[0]:
                if s is self.tcp:
                    self._accept()
                elif s in (self.udp, self.behind):
                    self._datagram(s)
                else:
                    self._pump(s)

    def stop(self):
        self.over = True
        self.thread.join()
        for s in (self.tcp, self.udp, self.behind, *self.pairs):
            s.close()


@pytest.fixture
def house(tmp_path, request):
    """A server with a group and no track: what is played does not matter here."""
    s = Server(tmp_path / "state", config=getattr(request, "param", "")).start().login()
    assert s.request("POST", "/api/v1/groups", {"id": "demo", "name": "Demo"}).status == 201
    yield s
    s.stop()


def metric(server, name):
    found = re.search(rf"^roomtone_{name} (\S+)$", server.request("GET", "/metrics").body.decode(), re.M)
    return float(found[1])


def test_a_player_asks_over_udp(house, tmp_path):
    p = Player(house.url, house.group()["code"], tmp_path)
    try:
        p.wait_for(UDP_WORKS)
        p.wait_for_way(UDP)
        assert metric(house, "time_udp_answers_total") > 0
        assert metric(house, "time_udp_refused_total") == 0
        key = p.cache / "device-hall.key"
        assert key.stat().st_mode & 0o777 == 0o600
    finally:
        assert p.stop() == 0
    assert UDP_BLOCKED not in p.text() and UDP_LOST not in p.text()


@pytest.mark.parametrize("house", [NO_UDP], indirect=True)
def test_a_house_without_udp(house, tmp_path):
    p = Player(house.url, house.group()["code"], tmp_path)
    try:
        p.wait_for("the box offers no time over UDP")
        p.wait_for_way(WS)
        assert metric(house, "time_udp_answers_total") == 0
        assert metric(house, "time_answers_total") > 0
    finally:
        assert p.stop() == 0


def test_a_port_that_is_taken_keeps_nobody_waiting(tmp_path):
    s = Server(tmp_path / "state").start()
    s.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", s.port))
        s.start().login()
        assert "no time over UDP" in s.log_text() and "in use" in s.log_text()
        assert s.request("GET", "/healthz").status == 200
    s.stop()


def test_a_server_that_was_killed_is_asked_over_udp_again(house, tmp_path):
    p = Player(house.url, house.group()["code"], tmp_path)
    try:
        p.wait_for(UDP_WORKS)
        house.stop(signal.SIGKILL)
        p.wait_for("the server is gone")
        house.start()
        p.wait_for(UDP_WORKS, times=2)
        p.wait_for_way(UDP)
    finally:
        assert p.stop() == 0
    assert all(s["jumps"] == "0" for s in p.seconds())
    assert "began anew" not in p.text()


def test_udp_that_is_blocked_and_opened_again(house, tmp_path):
    relay = Relay(house.port, answers=None)
    p = Player(f"http://127.0.0.2:{house.port}", house.group()["code"], tmp_path)
    try:
        p.wait_for(UDP_BLOCKED)
        p.wait_for_way(WS)
        relay.answers = lambda data: [data]
        p.wait_for(UDP_WORKS)  # tried again after 30 s
        p.wait_for_way(UDP)
        relay.answers = None
        p.wait_for(UDP_LOST)
        p.wait_for_way(WS)
        assert p.text().count("connecting anew") == 0
    finally:
        relay.stop()
        assert p.stop() == 0
    assert p.text().count(UDP_BLOCKED) == 1
    assert all(s["jumps"] == "0" for s in p.seconds())


def test_forged_and_repeated_answers_move_nothing(house, tmp_path):
    """Beside each true answer: one from an hour ahead, one of another epoch, one with a bit flipped,
    an old one, and one from nowhere; all of them first."""
    kept = []

    def forge(data):
        seq, t1, t2, t3, epoch = struct.unpack("<IqqqI", data[4:36])
        hour = 3_600_000_000_000
        ahead = data[:4] + struct.pack("<IqqqI", seq, t1, t2 + hour, t3 + hour, epoch) + data[36:]
        other = data[:4] + struct.pack("<IqqqI", seq, t1, t2, t3, epoch + 1) + data[36:]
        flipped = bytearray(data)
        flipped[secrets.randbelow(len(data))] ^= 1 << secrets.randbelow(8)
        kept.append(data)
        return [ahead, other, bytes(flipped), kept[len(kept) // 2], secrets.token_bytes(76), data, data]

    relay = Relay(house.port, answers=forge)
    p = Player(f"http://127.0.0.2:{house.port}", house.group()["code"], tmp_path)
    try:
        p.wait_for(UDP_WORKS)
        ports = wait_until(p.udp_ports, "the player's port")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for i in range(2000):
                for port in ports:
                    stranger.sendto(kept[i % len(kept)] if i % 2 else secrets.token_bytes(i % 100),
                                    ("127.0.0.1", port))
        wait_until(lambda: len(p.seconds()) >= 5, "five seconds of it", 60)
        report = wait_until(lambda: house.group()["members"][0].get("report"), "a report")
        now = house.request("GET", "/healthz").json["house_now"]
        assert abs(now - report["at"]) < 60_000_000
        assert p.seconds()[-1]["via"] == UDP
    finally:
        relay.stop()
        assert p.stop() == 0
    assert "began anew" not in p.text() and UDP_LOST not in p.text()
    # Nothing was off by an hour in between either: that would have been a jump.
    assert all(s["jumps"] == "0" for s in p.seconds())
    assert all(abs(float(s["skew_ppm"])) < 200 for s in p.seconds())


# What docs/PROTOCOL.md says, made by somebody who has only read it. X25519 is that of RFC 7748.

PRIME = 2**255 - 19


def x25519(secret, point):
    k = int.from_bytes(secret, "little") & ~7 & (2**255 - 1) | 2**254
    u = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in range(254, -1, -1):
        one = k >> bit & 1
        if one:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a, c * b
        x3, z3 = (da + cb)**2 % PRIME, u * (da - cb)**2 % PRIME
        e = a * a - b * b
        x2, z2 = a * a * b * b % PRIME, e * (a * a + 121665 * e) % PRIME
        if one:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, -1, PRIME) % PRIME).to_bytes(32, "little")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Session:
    def __init__(self, port, secret, public, welcome):
        offer = welcome["time"]
        house = base64.urlsafe_b64decode(offer["key"] + "=")
        self.id = struct.pack("<Q", int(offer["id"], 16))
        shared = hashlib.blake2b(x25519(secret, house) + public + house).digest()
        self.key = hashlib.blake2b(shared + self.id, digest_size=32).digest()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))

    def seal(self, stamp):
        data = stamp + bytes(52 - len(stamp)) + self.id
        return data + hashlib.blake2b(data, key=self.key, digest_size=16).digest()

    def question(self, seq, t1):
        return self.seal(b"RTQ\x01" + struct.pack("<Iq", seq, t1))

    def ask(self, data, patience=PATIENCE):
        """seq, t1, t2, t3, epoch, and an earlier answer's t1 and when it left; None when there is
        no answer."""
        self.socket.settimeout(patience)
        self.socket.send(data)
        try:
            answer = self.socket.recv(2048)
        except TimeoutError:
            return None
        assert len(answer) == len(data) == 76 and answer == self.seal(answer[:52])
        assert answer[:4] == b"RTA\x01"
        return struct.unpack("<IqqqIqq", answer[4:52])


def test_the_protocol_is_as_it_is_written(house):
    async def run():
        secret = secrets.token_bytes(32)
        public = x25519(secret, bytes([9]) + bytes(31))
        async with Client(house) as c, Client(house) as other:
            code = house.group()["code"]
            welcome = await c.hello(role="kiosk", code=code, device=base64url(public))
            s = Session(house.port, secret, public, welcome)
            seq, t1, t2, t3, epoch, *before = s.ask(s.question(3, 1000))
            assert (seq, t1, epoch, before) == (3, 1000, welcome["clock_epoch"], [0, 0])
            assert 0 <= t3 - t2 < 1_000_000_000
            assert abs(t2 // 1000 - welcome["house_now"]) < 60_000_000
            refused = metric(house, "time_udp_refused_total")
            # Once more, forged, of nobody, and of somebody who is not there: not a word.
            wrong = bytearray(s.question(4, 2000))
            wrong[8] ^= 1
            stranger = Session(house.port, secrets.token_bytes(32), public, welcome)
            for data in (s.question(3, 1000), bytes(wrong), b"", stranger.question(9, 9000)):
                s.socket.send(data)
            *head, before_t1, left = s.ask(s.question(5, 3000))
            assert head[0] == 5 and before_t1 == 1000 and t3 <= left < head[2]
            assert metric(house, "time_udp_refused_total") == refused + 4
            # A visitor has no use for it, a kiosk without a key no way.
            assert "time" not in await other.hello(role="kiosk", code=code)
        wait_until(lambda: house.group()["kiosks"] == 0, "the kiosk to leave")
        assert s.ask(s.question(6, 4000), patience=0.3) is None
    asyncio.run(run())


def test_a_stranger_cannot_make_the_server_talk(house):
    """Whatever comes from whom it does not know: no byte comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", house.port))
        def some():
            """The kernel drops what a server that must wait for the processor has no room for."""
            for i in range(100):
                s.send(secrets.token_bytes(76 if i % 2 else i * 14))
            return metric(house, "time_udp_refused_total") > 1000
        wait_until(some, "a thousand to be counted")
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.recv(2048)
