# SPDX-License-Identifier: Apache-2.0
"""Asks a server the time, over and over, from a process of its own, so that what else a test does
is not measured with it. As a program: ticker.py PORT CODE INTERVAL_MS writes 44-byte records."""
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

RECORD = struct.Struct("<qqqqI")


class Exchange(tuple):
    """t1, t2, t3, t4, clock_epoch; t1 and t4 are CLOCK_MONOTONIC_RAW, t2 and t3 house time, ns."""
    sent = property(lambda x: x[0])
    back = property(lambda x: x[3])
    round_trip = property(lambda x: x[3] - x[0])
    # House time minus RAW lies between these two: the answer was underway in between.
    low = property(lambda x: x[2] - x[3])
    high = property(lambda x: x[1] - x[0])


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


def same_clock(exchanges):
    """True when one constant offset explains all of them: nothing moved house time."""
    return not exchanges or uncertainty_ns(exchanges) >= 0


def uncertainty_ns(exchanges):
    """How well the one offset is known; negative when there is none."""
    return min(x.high for x in exchanges) - max(x.low for x in exchanges)


class Ticker:
    """with Ticker(port, code) as t: ...; t.exchanges grows meanwhile."""

    def __init__(self, port, code, interval_ms=5):
        self.command = [sys.executable, __file__, str(port), code, str(interval_ms)]
        self.exchanges = []

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def _read(self):
        while len(record := self.process.stdout.read(RECORD.size)) == RECORD.size:
            self.exchanges.append(Exchange(RECORD.unpack(record)))

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def between(self, begin_ns, end_ns):
        """Exchanges that were asked in a span of CLOCK_MONOTONIC_RAW."""
        return [x for x in list(self.exchanges) if begin_ns <= x.sent < end_ns]


def frame(opcode, data):
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
    return bytes([0x80 | opcode]) + length + bytes(4) + data  # masked with zeros


def upgrade(port):
    return (f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: roomtone.v1\r\n\r\n").encode()


def question(sequence, t1_ns):
    return frame(2, b"RTQ\x01" + struct.pack("<Iq", sequence, t1_ns))


def exchange(answer, t4_ns):
    """The exchange that an answer received at t4 completes."""
    assert answer[:4] == b"RTA\x01" and len(answer) == 36
    _, t1, t2, t3, epoch = struct.unpack("<IqqqI", answer[4:])
    return Exchange((t1, t2, t3, t4_ns, epoch))


def receive(stream):
    head = stream.read(2)
    if len(head) < 2:
        sys.exit(0)
    length = head[1] & 127
    if length == 126:
        length = struct.unpack(">H", stream.read(2))[0]
    return head[0] & 15, stream.read(length)


def connect(port, code):
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(upgrade(port))
    stream = s.makefile("rb")
    assert re.match(rb"HTTP/1.1 101", stream.readline())
    while stream.readline() != b"\r\n":
        pass
    s.sendall(frame(1, b'{"type":"hello","v":1,"role":"visitor","code":"%s"}' % code.encode()))
    return s, stream


def main(port, code, interval_ms):
    s, stream = connect(int(port), code)
    sequence = 0
    while True:
        sequence += 1
        t1 = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        s.sendall(question(sequence, t1))
        opcode, data = receive(stream)
        while opcode != 2:  # states and pings are not for us
            opcode, data = receive(stream)
        t4 = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        x = exchange(data, t4)
        assert x.sent == t1
        sys.stdout.buffer.write(RECORD.pack(*x))
        sys.stdout.buffer.flush()
        time.sleep(float(interval_ms) / 1000)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (KeyboardInterrupt, BrokenPipeError, ConnectionError):
        os._exit(0)
