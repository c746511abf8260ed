# SPDX-License-Identifier: Apache-2.0
"""The bad network, between clients and a server that sends back what it gets."""
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from rig import TESTS, Relay

# The most that weather does each way, and what a busy machine may add.
WORST_S, BUSY_S = 0.030, 2.0


class Echo:
    """TCP and UDP on the same port, in threads."""

    def __init__(self):
        for _ in range(20):
            self.tcp = socket.create_server(("127.0.0.1", 0))
            self.port = self.tcp.getsockname()[1]
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.udp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.tcp.close()
        for work in self.accept, self.datagrams:
            threading.Thread(target=work, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self.stream, args=[connection], daemon=True).start()

    @staticmethod
    def stream(connection):
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    def datagrams(self):
        while True:
            data, sender = self.udp.recvfrom(65536)
            self.udp.sendto(data, sender)


@pytest.fixture(scope="module")
def echo():
    return Echo()


@pytest.fixture
def relay(echo):
    made = []

    def make(*options):
        made.append(Relay(echo.port, *options))
        return made[-1]
    yield make
    for r in made:
        r.stop()


def tcp(relay):
    s = socket.create_connection(("127.0.0.1", relay.port), timeout=30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def udp(relay):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", relay.port))
    s.settimeout(30)
    return s


def receive(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        assert part, "ended early"
        data += part
    return data


def test_a_stream_arrives_whole_and_in_order(relay):
    r = relay("--seed", 3)
    sent = random.Random(3).randbytes(3_000_000)
    with tcp(r) as s:
        threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR)),
                         daemon=True).start()
        assert receive(s, len(sent)) == sent
        assert s.recv(1) == b"", "the end comes too"


def test_delays_are_those_of_the_weather(relay):
    r = relay("--seed", 5)
    with tcp(r) as s, udp(r) as u:
        for ask, answer in ((s.sendall, lambda: receive(s, 8)), (u.send, lambda: u.recv(100))):
            took = []
            for i in range(60):
                began = time.monotonic()
                ask(i.to_bytes(8, "big"))
                assert int.from_bytes(answer(), "big") == i
                took.append(time.monotonic() - began)
            assert max(took) < 2 * WORST_S + BUSY_S
            assert sum(took) / len(took) > 0.002
            assert max(took) - min(took) > 0.002


def test_datagrams_overtake_each_other_and_some_are_lost(relay):
    r = relay("--seed", 2, "--loss", 0.2)
    with udp(r) as u:
        for i in range(300):
            u.send(i.to_bytes(8, "big"))
            time.sleep(0.0005)  # spread: not a condition
        got = []
        u.settimeout(2)
        try:
            while True:
                got.append(int.from_bytes(u.recv(100), "big"))
        except TimeoutError:
            pass
    assert 100 < len(got) < 280
    assert got != sorted(got) and len(set(got)) == len(got)


def test_udp_blocked(relay):
    r = relay("--no-udp", "--calm")
    with tcp(r) as s, udp(r) as u:
        u.send(b"anybody?")
        s.sendall(b"there")
        assert receive(s, 5) == b"there"
        u.settimeout(0.3)
        with pytest.raises(TimeoutError):
            u.recv(100)


def test_clients_do_not_hear_each_other(relay):
    r = relay("--calm")
    clients = [udp(r) for _ in range(20)]
    for i, u in enumerate(clients):
        u.send(bytes([i]))
    for i, u in enumerate(clients):
        assert u.recv(10) == bytes([i])
        u.close()


def test_nobody_there_and_too_many(relay, echo):
    lonely = Relay(1)
    try:
        with tcp(lonely) as s:
            assert s.recv(1) == b""
    finally:
        lonely.stop()
    r = relay("--calm")
    many = [tcp(r) for _ in range(40)]
    answered = 0
    for s in many:
        try:
            s.sendall(b"x")
            answered += s.recv(1) == b"x"
        except OSError:
            pass
    for s in many:  # only now: a place left early goes to one who still waits at the door
        s.close()
    assert answered == 32
    # Their places become free again.
    end = time.monotonic() + 30
    while True:
        with tcp(r) as s:
            try:
                s.sendall(b"y")
                if s.recv(1) == b"y":
                    break
            except OSError:
                pass
        assert time.monotonic() < end


def test_it_ends_with_its_parent():
    parent = subprocess.Popen(
        [sys.executable, "-c", f"""
import subprocess, sys, time
p = subprocess.Popen([{str(TESTS / 'jitter_relay')!r}, "1"])
print(p.pid, flush=True)
time.sleep(600)"""], stdout=subprocess.PIPE, text=True)
    first, second = parent.stdout.readline(), parent.stdout.readline()
    assert {"ready"} & {first.split()[0], second.split()[0]}
    parent.send_signal(signal.SIGKILL)
    # The relay holds the pipe too: it ends when both are gone.
    assert parent.stdout.read() == ""
    parent.wait()
