# SPDX-License-Identifier: Apache-2.0
"""Sockets that systemd opened and keeps: a restart refuses nobody."""
import asyncio
import http.client
import json
import os
import re
import socket
import ssl
import subprocess

from harness import BIN, Client, PATIENCE, Server, wait_until


def holding(kind, port=0):
    """A socket as roomtoned.socket would open it."""
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    if kind == socket.SOCK_STREAM:
        s.listen(128)
    return s


class Activated(Server):
    """A server whose sockets somebody else opened and keeps."""

    def __init__(self, state, sockets, **more):
        super().__init__(state, **more)
        self.sockets = sockets
        self.port = sockets[0].getsockname()[1]
        self.ready = f"ready http://127.0.0.1:{self.port}\n"

    def start(self):
        # systemd hands them over from descriptor 3 on, and names the process.
        numbers = [x.fileno() for x in self.sockets]
        redirections = " ".join(f"{3 + i}<&{n}" for i, n in enumerate(numbers))
        self.log = open(f"{self.state}.log", "ab")
        self.process = subprocess.Popen(
            ["bash", "-c", f'LISTEN_PID=$$ exec "$0" "$@" {redirections}',
             str(BIN / "roomtoned"), "--state", str(self.state), "--listen",
             f"127.0.0.1:{self.port}", "--config", str(self.config)],
            stdout=subprocess.PIPE, stderr=self.log, pass_fds=numbers,
            env={**os.environ, "LISTEN_FDS": str(len(numbers))})
        line = self.process.stdout.readline().decode()
        assert line == self.ready, line + self.log_text()
        return self


def test_who_connects_during_a_restart_is_answered(tmp_path, exhibit):
    tcp = holding(socket.SOCK_STREAM)
    s = Activated(tmp_path / "state", [tcp]).start().login()
    s.import_exhibit(exhibit)

    async def here():
        async with Client(s) as c:
            await c.join(s.group()["code"])
            await c.ask_time()
    asyncio.run(here())
    s.stop()
    # Nobody is there; the kernel takes the connection, and the request, in.
    early = socket.create_connection(("127.0.0.1", s.port), timeout=PATIENCE)
    early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    s.start()
    assert early.recv(100).startswith(b"HTTP/1.1 200")
    early.close()
    asyncio.run(here())
    s.stop()
    tcp.close()


def test_hundreds_of_connections_come_in_by_the_handed_over_socket(tmp_path):
    tcp = holding(socket.SOCK_STREAM)
    s = Activated(tmp_path / "state", [tcp]).start()
    crowd = [socket.create_connection(("127.0.0.1", s.port), timeout=PATIENCE) for _ in range(400)]
    for c in crowd:
        c.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert all(c.recv(20).startswith(b"HTTP/1.1 200") for c in crowd)
    for c in crowd:
        c.close()
    assert s.stop() == 0
    tcp.close()


def test_the_socket_for_the_time_is_handed_over_too(tmp_path, start_player, exhibit):
    tcp = holding(socket.SOCK_STREAM)
    udp = holding(socket.SOCK_DGRAM, tcp.getsockname()[1])
    s = Activated(tmp_path / "state", [tcp, udp]).start().login()
    s.import_exhibit(exhibit)
    start_player(s.url, s.group()["code"], {})

    def answers():
        text = s.request("GET", "/metrics").body.decode()
        return int(float(re.search(r"^roomtone_time_udp_answers_total (\S+)", text, re.M)[1]))
    wait_until(lambda: answers() > 10, "answers over UDP")
    assert "nothing serves it" not in s.log_text()
    s.stop()
    tcp.close()
    udp.close()


def test_a_socket_that_is_not_in_the_settings_is_named(tmp_path):
    tcp, stray = holding(socket.SOCK_STREAM), holding(socket.SOCK_STREAM)
    s = Activated(tmp_path / "state", [tcp, stray]).start()
    said = f"systemd opened port {stray.getsockname()[1]} and nothing serves it"
    wait_until(lambda: said in s.log_text(), said)
    assert s.request("GET", "/healthz").status == 200
    s.stop()


def test_https_is_handed_over_too_and_stays_https(tmp_path):
    """Both ports at once: libwebsockets knows neither's number and must not mix them up."""
    folder = tmp_path / "tls"
    subprocess.run([BIN / "roomtonectl", "certificate", "make", "--dir", folder], check=True,
                   stdout=subprocess.DEVNULL)
    tcp, tls = holding(socket.SOCK_STREAM), holding(socket.SOCK_STREAM)
    port = tls.getsockname()[1]
    s = Activated(tmp_path / "state", [tcp, tls], config=f"""[tls]
listen = 127.0.0.1:{port}
certificate = {folder}/server.crt
key = {folder}/server.key
redirect = yes
""")
    s.tls_port = port
    s.ready = f"ready http://127.0.0.1:{s.port} https://127.0.0.1:{port}\n"
    s.start().login()
    trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    login = json.dumps({"user": "admin", "password": s.password})
    for host in (f"127.0.0.1:{port}", "localhost", "http", "https", "box.local"):
        c = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=trust)
        for _ in range(2):  # on the same connection
            c.request("POST", "/api/v1/login", login, {"Host": host})
            a = c.getresponse()
            assert a.status == 200 and a.headers["Set-Cookie"].startswith("__Host-"), host
            a.read()
        c.request("GET", "/", headers={"Host": host})
        assert c.getresponse().status != 308
        c.close()
        plain = http.client.HTTPConnection("127.0.0.1", s.port, timeout=PATIENCE)
        plain.request("GET", "/", headers={"Host": host})
        assert plain.getresponse().headers["Location"].endswith(f":{port}/"), host
        plain.close()

    async def here():
        async with Client(s, {"Origin": f"https://127.0.0.1:{port}"}, trust) as c:
            await c.ask_time()
        async with Client(s) as c:
            await c.ask_time()
    asyncio.run(here())
    assert "nothing serves it" not in s.log_text()
    s.stop()
    early = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    s.start()
    with trust.wrap_socket(early, server_hostname="localhost") as e:
        e.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert e.recv(100).startswith(b"HTTP/1.1 200")
    assert s.stop() == 0
    tcp.close()
    tls.close()
