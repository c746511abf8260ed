# SPDX-License-Identifier: Apache-2.0
"""What no browser sends: requests that two readers would read differently, targets, versions and headers
out of all bounds, answers not waited for. The tables say what comes of each; afterwards the box answers as
before and computes nothing."""
import http.client
import itertools
import json
import os
import re
import socket
import time

import pytest

from harness import ROOT, PATIENCE, wait_until

# What a case may come to: our own answer, libwebsockets' 403 and the end, the end without a word, or
# silence (a line that is not over for libwebsockets: its five seconds for headers end it, test_slow.py).
CLOSED, SILENT = "closed", "silent"
ME = "Host: 127.0.0.1:{port}\r\n"
GET = "GET /healthz HTTP/1.1\r\n" + ME
POST = "POST /api/v1/groups HTTP/1.1\r\n" + ME + "Authorization: Bearer {session}\r\n"
BODY = '{{"name":"x"}}'  # 12 bytes
NEXT = "GET /metrics HTTP/1.1\r\n" + ME + "\r\n"

# Where a request ends: whoever is in doubt is refused and closed, so that nothing that was hidden in it is
# ever read as the next one.
FRAMING = {
    "length twice": POST + "Content-Length: 12\r\nContent-Length: 12\r\n\r\n" + BODY,
    "lengths differ, long first": POST + "Content-Length: 12\r\nContent-Length: 5\r\n\r\n" + BODY,
    "lengths differ, short first": POST + "Content-Length: 5\r\nContent-Length: 12\r\n\r\n" + BODY,
    "a list of lengths": POST + "Content-Length: 12, 12\r\n\r\n" + BODY,
    "a sign": POST + "Content-Length: +12\r\n\r\n" + BODY,
    "negative": POST + "Content-Length: -12\r\n\r\n" + BODY,
    "hexadecimal": POST + "Content-Length: 0xc\r\n\r\n" + BODY,
    "letters behind": POST + "Content-Length: 12abc\r\n\r\n" + BODY,
    "beyond 64 bits": POST + "Content-Length: 18446744073709551628\r\n\r\n" + BODY,
    "zeros": POST + "Content-Length: " + "0" * 40 + "12\r\n\r\n" + BODY,
    "length of a GET that hides another": GET + "Content-Length: 900\r\n\r\n" + NEXT * 20,
    "length and chunks": POST + "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks and length": POST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks": POST + "Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n" + NEXT,
    "chunks that lie": POST + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{{}}\r\n" + NEXT,
    "chunks of a GET": GET + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "identity": GET + "Transfer-Encoding: identity\r\n\r\n" + NEXT,
    "a coding nobody knows": POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks behind a tab": POST + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks, a space before the colon": POST + "Transfer-Encoding : chunked\r\nContent-Length: 12\r\n\r\n" + BODY + NEXT,
    "length, a space before the colon": POST + "Content-Length : 12\r\n\r\n" + BODY + NEXT,
    "host, a space before the colon": GET + "Host : evil.example\r\n\r\n",
}
# The line and the headers.
LINES = {
    "HTTP/1.2": ("GET /healthz HTTP/1.2\r\n" + ME + "\r\n", {400}),
    "HTTP/2.0": ("GET /healthz HTTP/2.0\r\n" + ME + "\r\n", {400}),
    "HTTP/9.9": ("GET /healthz HTTP/9.9\r\n" + ME + "\r\n", {400}),
    "HTTP/1.1x": ("GET /healthz HTTP/1.1x\r\n" + ME + "\r\n", {400}),
    "XTTP/1.1": ("GET /healthz XTTP/1.1\r\n" + ME + "\r\n", {400}),
    "no version": ("GET /healthz\r\n\r\n", {400}),
    "TRACE": ("TRACE /healthz HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "PROPFIND": ("PROPFIND /healthz HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "a long method": ("A" * 10000 + " /healthz HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "OPTIONS": ("OPTIONS /healthz HTTP/1.1\r\n" + ME + "Origin: http://127.0.0.1:{port}\r\n\r\n", {405}),
    "OPTIONS *": ("OPTIONS * HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "GET *": ("GET * HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "CONNECT": ("CONNECT evil.example:443 HTTP/1.1\r\n" + ME + "\r\n", {SILENT}),
    "absolute, ours": ("GET http://127.0.0.1:{port}/healthz HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "absolute, another's": ("GET http://evil.example/healthz HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "a space in the path": ("GET /health z HTTP/1.1\r\n" + ME + "\r\n", {400}),
    "a long path": ("GET /" + "a" * 100_000 + " HTTP/1.1\r\n" + ME + "\r\n", {CLOSED}),
    "a long query": ("GET /healthz?" + "a=b&" * 5000 + " HTTP/1.1\r\n" + ME + "\r\n", {CLOSED}),
    "a long header": (GET + "X: " + "a" * 100_000 + "\r\n\r\n", {CLOSED}),
    "5,000 headers": (GET + "".join(f"X-{i}: y\r\n" for i in range(5000)) + "\r\n", {CLOSED}),
    "500 cookies": (GET + "".join(f"Cookie: a{i}=y\r\n" for i in range(500)) + "\r\n", {CLOSED}),
    "NUL in a header": (GET + "X: a\0b\r\n\r\n", {SILENT}),
    "NUL in the method": ("G\0ET /healthz HTTP/1.1\r\n" + ME + "\r\n", {403}),
    "NUL in the path": ("GET /healthz\0x HTTP/1.1\r\n" + ME + "\r\n", {CLOSED}),
    "CR in a header": (GET + "X: a\rb\r\n\r\n", {SILENT}),
    "a folded header": (GET + "X: a\r\n b\r\n\r\n", {SILENT}),
    "a folded length": (POST + "Content-Length:\r\n 12\r\n\r\n" + BODY, {SILENT}),
    "no colon": (GET + "nothing\r\n\r\n", {SILENT}),
    "no name": (GET + ": x\r\n\r\n", {SILENT}),
    "no host": ("GET /healthz HTTP/1.1\r\n\r\n", {403}),
    "no host, 1.0": ("GET /healthz HTTP/1.0\r\n\r\n", {403}),
    "a host behind a space": ("GET /healthz HTTP/1.1\r\n " + ME + "\r\n", {403}),
    "two hosts": (GET + "Host: evil.example\r\n\r\n", {403}),
    "two hosts, ours last": ("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n" + ME + "\r\n", {403}),
    "our host twice": (GET + ME + "\r\n", {403}),
    "a long host": ("GET /healthz HTTP/1.1\r\nHost: " + "a" * 5000 + "\r\n\r\n", {CLOSED}),
    "two origins": (GET + "Origin: http://127.0.0.1:{port}\r\nOrigin: http://evil.example\r\n\r\n", {403}),
    "a long origin": (GET + "Origin: http://" + "e" * 400 + ".example\r\n\r\n", {403}),
    "NUL in the origin": (GET + "Origin: http://127.0.0.1:{port}\0.evil.example\r\n\r\n", {403}),
    "HTTP/2 at once": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {403}),
    "h2c": (GET + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", {CLOSED}),
    "TLS on the plain port": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 500, {403}),
    "every byte": ("".join(map(chr, range(256))).replace("{", "").replace("}", "") * 20, {403}),
    # What libwebsockets takes though it need not; docs/SECURITY.md says why that does no harm.
    "a small method": ("get /healthz HTTP/1.1\r\n" + ME + "\r\n", {200}),
    "two spaces": ("GET  /healthz  HTTP/1.1\r\n" + ME + "\r\n", {200}),
    "lines end with LF": (GET.replace("\r", "") + ME.replace("\r", "").replace("Host", "X") + "\n", {200}),
    "CR hides a header": (GET + "X: a\rOrigin: http://evil.example\r\n\r\n", {200}),
}
PATHS = {
    "/content/%00": {404}, "/healthz%00x": {CLOSED}, "/content/%2e%2e/%2e%2e/etc/passwd": {404},
    "/content/%252e%252e/x": {404}, "/content/%c0%ae%c0%ae/first-password": {404},
    "/content/\xc0\xae\xc0\xae/first-password": {404}, "/content/..\\..\\first-password": {404},
    "/content/..%5c..%5cfirst-password": {404}, "/content/..;/first-password": {404}, "/content/%zz": {403},
    "/content/%": {403}, "/%0d%0aX-Evil:1": {400}, "/healthz#x": {404}, "/": {200, 404},
    "/content/../../../../etc/passwd": {404}, "/content": {404}, "/content/": {404}, "/assets/": {404},
}


ALL = 99  # to the end
MOMENT_S = 0.15


def outcome(server, raw, count=1, patience=3):
    """The statuses that came, and whether the other side ended it; what came. So many are waited for, or the end
    (patience is shorter than libwebsockets', which ends after five seconds what is half), then a moment for more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as s:
        data, over, statuses = b"", False, []
        try:
            s.sendall(raw)
        except OSError:
            pass  # it has seen enough
        try:
            while not over:
                is_of_the_library = 403 in statuses and b"application/problem" not in data  # the end follows
                s.settimeout(patience if len(statuses) < count or is_of_the_library else MOMENT_S)
                got = s.recv(65536)
                data, over = data + got, not got
                statuses = [int(x) for x in re.findall(rb"HTTP/1\.[01] (\d{3}) ", data)]
        except ConnectionResetError:
            over = True
        except TimeoutError:
            pass
    return statuses, over, data


def raw_of(server, text):
    return text.format(port=server.port, session=server.session).encode("latin-1")


def cpu_s(server):
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def groups(server):
    return len(server.request("GET", "/api/v1/groups").json["groups"])


@pytest.mark.parametrize("name", FRAMING)
def test_who_leaves_in_doubt_where_a_request_ends_is_closed(hall, name):
    before = groups(hall)
    statuses, over, _ = outcome(hall, raw_of(hall, FRAMING[name]), ALL, 5)
    assert statuses in ([400], [413], []) and over
    assert groups(hall) == before, "it was acted upon"


def test_lines_and_headers_come_to_what_the_table_says(hall):
    for name, (text, wanted) in LINES.items():
        statuses, over, data = outcome(hall, raw_of(hall, text), patience=MOMENT_S if wanted == {SILENT} else 3)
        got = statuses[0] if statuses else CLOSED if over else SILENT
        assert got in wanted, (name, got, data[:200])
        assert b" 101 " not in data and b"passwd" not in data
        if got == 403 and b"application/problem" not in data:
            assert over, (name, "libwebsockets' own refusal ends the connection")


def test_paths_come_to_what_the_table_says(hall):
    for path, wanted in PATHS.items():
        statuses, over, data = outcome(hall, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1"))
        got = statuses[0] if statuses else CLOSED if over else SILENT
        assert got in wanted, (path, got, data[:200])
        assert hall.password.encode() not in data and b"root:" not in data
        assert b"X-Evil" not in data.split(b"\r\n\r\n")[0]


def test_all_of_it_at_once_costs_neither_time_nor_memory(hall):
    def memory_kib():
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{hall.process.pid}/status").read())[1])
    raws = [raw_of(hall, t) for t in itertools.chain(FRAMING.values(), (t for t, _ in LINES.values()))]
    before = memory_kib()
    with_open = []
    for raw in raws * 3:
        s = socket.create_connection(("127.0.0.1", hall.port), timeout=5)
        try:
            s.sendall(raw)
        except OSError:
            pass
        with_open.append(s)
    assert hall.request("GET", "/healthz").status == 200

    def is_idle():
        used = cpu_s(hall)
        time.sleep(0.5)  # it is the length of the measure
        return cpu_s(hall) - used < 0.2
    # It may have some of it still to read. Who keeps it busy would do so until libwebsockets ends them, after five.
    wait_until(is_idle, "it to be idle: somebody keeps it busy without sending", 3)
    for s in with_open:
        s.close()
    if not os.environ.get("ROOMTONE_SANITIZE"):
        assert memory_kib() - before < 8 * 1024
    assert hall.request("POST", "/api/v1/groups", {"name": "After all"}).status == 201


def test_requests_in_a_row_are_answered_in_a_row_and_nothing_goes_round(hall):
    one = raw_of(hall, GET + "\r\n")
    statuses, over, _ = outcome(hall, one * 10, 10)
    assert statuses == [200] * 10 and not over
    # Behind a body nothing may come before its answer: the connection ends, and what was asked happens
    # once or not at all. The time that a password takes is the longest that such an answer waits.
    login = json.dumps({"user": "nobody", "password": "x"})
    slow = (f"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(login)}\r\n\r\n{login}").encode()
    before = groups(hall)
    for raw in (slow + one, slow + b"GET /hea", slow + b"\0" * 3000, raw_of(hall, (POST + "Content-Length: 12\r\n\r\n" + BODY) * 3)):
        _, over, _ = outcome(hall, raw, ALL, 5)
        assert over
    assert groups(hall) - before <= 1
    wait_until(lambda: hall.request("GET", "/healthz").status == 200, "an answer", 3)
    hall.request("DELETE", "/api/v1/groups/x")


def test_expect_and_head(hall):
    with socket.create_connection(("127.0.0.1", hall.port), timeout=PATIENCE) as s:
        s.sendall(raw_of(hall, POST + "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"))
        s.sendall(raw_of(hall, BODY.replace("x", "e")))  # nobody says 100; who waits for it sends after a second
        answer = http.client.HTTPResponse(s)
        answer.begin()
        assert answer.status == 201 and answer.read()
    api = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    for path in [p for p, item in api.items() if "get" in item and "{" not in p]:
        get, head = hall.request("GET", path), hall.request("HEAD", path)
        assert head.body == b"" and head.status == get.status, path
        assert head.headers["Content-Type"] == get.headers["Content-Type"], path


def test_ranges_and_lists_of_tags(demo):
    tour = demo.request("GET", "/api/v1/tours/weavers").json["hash"]
    path = f"/content/{tour}.json"
    whole = demo.request("GET", path)
    size = len(whole.body)

    def asked(**headers):
        return demo.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    for text in ("bytes=0-1,4-5", "bytes=" + ",".join("0-" for _ in range(500)), "bytes=0-1,0-1", "bytes=5-2",
                 "bytes=-", "bytes=a-b", "bytes= 0-1", "items=0-1", "bytes=0x1-2", f"bytes=0-{2**64}", "bytes=--1",
                 "bytes=0-1;", "bytes=" + "9" * 200):
        a = asked(Range=text)
        assert (a.status, a.body) == (200, whole.body), text
    for text in (f"bytes={size}-", f"bytes={2**52}-", "bytes=-0"):
        assert asked(Range=text).status == 416, text
    assert asked(Range="bytes=0-" + str(2**52)).status == 206
    head = demo.request("HEAD", path, headers={"Range": "bytes=0-1"})
    assert head.body == b"" and head.status in (200, 206)
    for tags, status in ((whole.headers["ETag"], 304), (f'"other", W/{whole.headers["ETag"]}', 304), ('"other"', 200),
                         (", ".join(f'"{i:064x}"' for i in range(20)), 200), ("", 200)):
        assert asked(If_None_Match=tags).status == status, tags


HOSTS = [("127.0.0.1:{port}", True), ("localhost:{port}", True), ("box.local", True), ("roomtone", True),
         ("[::1]:{port}", True), ("10.1.2.3", True), ("evil.example", False), ("127.0.0.1.evil.example", False),
         ("127.0.0.1:80@evil.example", False), ("", False)]
# Of the page that asks: none (a program), its own, its own of another port, others.
ORIGINS = [(None, True), ("http://{host}", True), ("http://{host}1", False), ("http://evil.example", False), ("null", False)]
METHODS = ["GET", "HEAD", "POST", "PUT"]


def test_200_hosts_origins_and_methods_against_the_rule(hall):
    """The rule of docs/HACKING.md's door: our own name or an address, and no page but ours."""
    count = 0
    for (host, ours), (origin, same), method in itertools.product(HOSTS, ORIGINS, METHODS):
        name = host.format(port=hall.port)
        page = "" if origin is None else f"Origin: {origin.format(host=name)}\r\n"
        body = "Content-Length: 2\r\n\r\n{}" if method in ("POST", "PUT") else "\r\n"
        statuses, _, data = outcome(hall, f"{method} /api/v1/me HTTP/1.1\r\nHost: {name}\r\n{page}Connection: close\r\n"
                                    f"{body}".encode(), ALL, 5)
        refused = statuses == [403]
        assert refused == (not (ours and same)), (name, page, method, data[:100])
        count += 1
    assert count == 200
