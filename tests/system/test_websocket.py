# SPDX-License-Identifier: Apache-2.0
"""RFC 6455 on our socket, in the groups of the Autobahn test suite: framing, pings, reserved bits, opcodes,
fragments, UTF-8, closing, limits. There is no echo here, so what a good message must bring is what it
brings from us: the time exchange gives back what it was asked with, words that mean nothing get an error,
and the socket stays."""
import contextlib
import itertools
import json
import socket
import struct

import pytest

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LARGEST = 16 * 1024
GOOD = "Kατ-µ@ß- οὐ χρὴ 𐀀".encode()


class Wire:
    """One socket by hand: frames out as they are told, frames in as they come."""

    def __init__(self, server, chop=0):
        self.chop = chop
        self.s = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.sendall(f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: roomtone.v1\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.data += self.s.recv(4096)
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        assert b" 101 " in head and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, head

    def raw(self, data):
        step = self.chop or len(data) or 1
        for i in range(0, len(data), step):
            self.s.sendall(data[i:i + step])
        return self

    def send(self, opcode, payload=b"", fin=True, rsv=0, mask=b"\x37\xfa\x21\x3d"):
        self.raw(frame(opcode, payload, fin, rsv, mask))
        return self

    def flood(self, data):
        """Sends on until the other side has had enough."""
        try:
            self.raw(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def more(self):
        """False at the end of the stream."""
        try:
            got = self.s.recv(65536)
        except ConnectionResetError:
            return False
        self.data += got
        return bool(got)

    def receive(self):
        """(opcode, payload) of a whole frame; None when the stream has ended."""
        while True:
            if len(self.data) >= 2:
                n, at = self.data[1] & 127, 2
                if n == 126 and len(self.data) >= 4:
                    n, at = struct.unpack(">H", self.data[2:4])[0], 4
                assert self.data[0] & 0x80 and not self.data[1] & 0x80 and n < 127 * 1024
                if not (at == 2 and n == 126) and len(self.data) >= at + n:
                    out = self.data[0] & 15, self.data[at:at + n]
                    self.data = self.data[at + n:]
                    return out
            if not self.more():
                return None

    def ask(self, number=7, *cuts):
        """The time, its question cut into frames; what came meanwhile is returned."""
        question = b"RTQ\x01" + struct.pack("<Iq", number, -number)
        edges = [0, *cuts, len(question)]
        for i, (a, b) in enumerate(itertools.pairwise(edges)):
            self.send(BINARY if i == 0 else 0, question[a:b], fin=b == len(question))
        return self.answer(number)

    def answer(self, number=7):
        before = []
        while (got := self.receive()) and got[0] != BINARY:
            before.append(got)
        assert got, f"closed instead of an answer: {before}"
        assert got[1][:16] == b"RTA\x01" + struct.pack("<Iq", number, -number)
        return before

    def closed(self):
        """Everything until the end: the code of its close frame, or None when it came without."""
        code = None
        while got := self.receive():
            if got[0] == CLOSE:
                self.flood(frame(CLOSE, got[1]))
                with contextlib.suppress(OSError):
                    self.s.shutdown(socket.SHUT_WR)
                code = struct.unpack(">H", got[1][:2])[0] if got[1] else 1005
        self.s.close()
        return code


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x37\xfa\x21\x3d", length=None):
    n = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    if not mask:
        return head + payload
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + mask + masked.to_bytes(len(payload), "big")


def errors(frames):
    """The codes of the errors among them; nothing else may be there."""
    assert all(opcode == TEXT for opcode, _ in frames), frames
    messages = [json.loads(p) for _, p in frames]
    assert all(m["type"] == "error" for m in messages), messages
    return [m["code"] for m in messages]


def stays(w, frames=0):
    """What it says in so many frames, and after them nothing but the time."""
    said = [w.receive() for _ in range(frames)]
    assert w.ask(99) == []
    w.s.close()
    return said


# --- 1, framing ---

@pytest.mark.parametrize("chop", [0, 1, 997])
@pytest.mark.parametrize("size", [1, 125, 126, 127, 128, 1000, LARGEST])
def test_text_of_every_length(hall, size, chop):
    w = Wire(hall, chop).send(TEXT, b"x" * size)
    assert errors(stays(w, 1)) == ["bad_json"]


@pytest.mark.parametrize("chop", [0, 1])
def test_the_time_is_asked_in_any_pieces(hall, chop):
    w = Wire(hall, chop)
    for cuts in [(), (1,), (15,), (4, 8), tuple(range(1, 16)), (0, 0, 7)]:
        assert w.ask(5, *cuts) == [], cuts
    assert stays(w) == []


def test_empty_messages_are_messages(hall):
    assert errors(stays(Wire(hall).send(TEXT), 1)) == ["bad_json"]
    assert errors(stays(Wire(hall).send(TEXT, fin=False).send(0, fin=False).send(0), 1)) == ["bad_json"]


# --- 2, pings and pongs ---

@pytest.mark.parametrize("payload", [b"", b"Hello", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125])
@pytest.mark.parametrize("chop", [0, 1])
def test_a_ping_is_answered_with_what_it_said(hall, payload, chop):
    w = Wire(hall, chop).send(PING, payload)
    assert stays(w, 1) == [(PONG, payload)]


def test_pongs_nobody_asked_for_are_nothing(hall):
    assert stays(Wire(hall).send(PONG).send(PONG, b"unsolicited")) == []


def test_pings_in_a_row_are_answered_in_order(hall):
    w = Wire(hall)
    for i in range(10):
        w.send(PING, b"payload-%d" % i)
        assert w.receive() == (PONG, b"payload-%d" % i)
    stays(w)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frames_are_small_and_whole(hall, opcode):
    # Dropped without a word, which RFC 6455 7.1.7 allows.
    assert Wire(hall).send(opcode, b"\x03\xe8" + b"x" * 124).closed() in (1002, None)
    assert Wire(hall).send(opcode, b"\x03\xe8", fin=False).closed() in (1002, None)


# --- 3 and 4, what is reserved ---

@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
def test_reserved_bits_mean_nothing_here(hall, rsv, opcode):
    assert Wire(hall).send(opcode, b"\x03\xe8", rsv=rsv).closed() == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_opcodes_that_are_none(hall, opcode):
    assert Wire(hall).send(opcode).closed() == 1002
    w = Wire(hall)
    w.ask()
    assert w.send(opcode, b"x" * 10).closed() == 1002


# --- 5, fragments ---

def test_pings_between_fragments(hall):
    w = Wire(hall)
    question = b"RTQ\x01" + struct.pack("<Iq", 3, -3)
    for i, byte in enumerate(question):
        w.send(0 if i else BINARY, bytes([byte]), fin=i == 15).send(PING, b"%d" % i)
    # Pings that come faster than they are answered need not be answered all (RFC 6455 5.5.3).
    pongs = w.answer(3) + w.ask(4)
    assert pongs and all(opcode == PONG for opcode, _ in pongs)
    numbers = [int(payload) for _, payload in pongs]
    assert numbers == sorted(set(numbers)) and numbers[-1] < 16
    w.s.close()


@pytest.mark.parametrize("frames", [
    [(0, b"x", True)], [(0, b"x", False)],
    [(TEXT, b"x", True), (0, b"y", True)],
    [(TEXT, b"x", False), (TEXT, b"y", True)],
    [(BINARY, b"x", False), (BINARY, b"y", False)],
    [(TEXT, b"x", False), (BINARY, b"y", True)],
], ids=str)
def test_fragments_belong_together(hall, frames):
    w = Wire(hall)
    for opcode, payload, fin in frames:
        w.send(opcode, payload, fin)
    assert w.closed() == 1002


# --- 6, UTF-8 ---

VALID = [GOOD, b"\x00", b"\x7f", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xef\xbf\xbf", b"\xed\x9f\xbf",
         b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xef\xb7\x90", b"\xf0\x9f\xbf\xbf"]
BROKEN = [b"\x80", b"\xbf", b"\x80\xbf", b"\xc0\xaf", b"\xc1\xbf", b"\xc2", b"\xdf", b"\xe0\x80\x80", b"\xe0\x9f\xbf",
          b"\xe1\x80", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf0\x80\x80\x80",
          b"\xf0\x8f\xbf\xbf", b"\xf0\x90\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80",
          b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80ed"]


@pytest.mark.parametrize("text", VALID, ids=repr)
def test_good_utf8_in_any_pieces(hall, text):
    w = Wire(hall).send(TEXT, text)
    for cut in range(1, len(text)):
        w.send(TEXT, text[:cut], fin=False).send(0, text[cut:])
    assert errors(stays(w, len(text))) == ["bad_json"] * len(text)


@pytest.mark.parametrize("text", BROKEN, ids=repr)
def test_broken_utf8_is_no_text(hall, text):
    assert Wire(hall).send(TEXT, b'{"type":"' + text + b'"}').closed() == 1007
    assert Wire(hall).send(TEXT, b"x", fin=False).send(0, text).closed() == 1007
    if len(text) > 1:
        assert Wire(hall).send(TEXT, text[:1], fin=False).send(0, text[1:]).closed() == 1007


# --- 7, closing ---

@pytest.mark.parametrize("chop", [0, 1])
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_codes_that_may_be_said(hall, code, chop):
    assert Wire(hall, chop).send(CLOSE, struct.pack(">H", code) + GOOD).closed() == code


# (What lies above 4999 is for nobody to say, nor for anybody to mind.)
@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999])
def test_codes_that_may_not(hall, code):
    assert Wire(hall).send(CLOSE, struct.pack(">H", code)).closed() == 1002


def test_how_a_close_may_look(hall):
    assert Wire(hall).send(CLOSE).closed() in (1000, 1005)
    assert Wire(hall).send(CLOSE, b"\x03\xe8" + b"x" * 123).closed() == 1000
    bad = b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80ed"
    assert Wire(hall).send(CLOSE, bad).closed() in (1007, None)


def test_nothing_is_heard_after_a_close(hall):
    w = Wire(hall).raw(frame(CLOSE, b"\x03\xe8") + frame(PING, b"late") + frame(TEXT, b"late"))
    seen = []
    while got := w.receive():
        seen.append(got[0])
    assert seen == [CLOSE]
    assert Wire(hall).send(TEXT, b"x", fin=False).send(CLOSE, b"\x03\xe8").closed() == 1000


def test_where_the_library_is_milder_than_the_book(hall):
    """RFC 6455 has these fail; libwebsockets 4.1 takes them. Nothing is to be gained by them: a browser cannot send
    them, and who can might as well send the same in the right form."""
    for length in (b"\x82\xfe" + struct.pack(">H", 16), b"\x82\xff" + struct.pack(">Q", 16)):  # not the shortest
        assert errors(stays(Wire(hall).raw(length + b"\0\0\0\0" + b"x" * 16), 1)) == ["bad_message"]
    assert errors(stays(Wire(hall).send(TEXT, b"x", mask=b""), 1)) == ["bad_json"]
    assert Wire(hall).send(CLOSE, b"\x03").receive() == (CLOSE, b"\x03")  # half a code


# --- 9, limits ---

@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("length", [LARGEST + 1, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**40, 2**63 - 1])
def test_what_is_too_long_is_known_by_its_length(hall, opcode, length):
    assert Wire(hall).raw(frame(opcode, b"x" * 600, length=length)).closed() == 1009


def test_lengths_that_lie(hall):
    assert Wire(hall).raw(b"\x81\xff" + struct.pack(">Q", 2**63) + b"abcd").closed() in (1002, 1009, None)


def test_fragments_add_up(hall):
    w = Wire(hall)
    data = frame(TEXT, b"xx", fin=False) + frame(0, b"xx", fin=False) * (LARGEST // 2 - 1)
    assert w.raw(data + frame(0, b"x")).closed() == 1009


def test_fragments_of_nothing_come_to_an_end(hall):
    w = Wire(hall).flood(frame(TEXT, b"", fin=False) + frame(0, b"", fin=False) * 100_000)
    assert w.closed() in (1009, None)  # none where the rest of it arrived at a closed door
