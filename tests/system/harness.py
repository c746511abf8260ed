# SPDX-License-Identifier: Apache-2.0
"""Starts real programs for a test and speaks to them as their users do."""
import asyncio
import atexit
import contextlib
import fcntl
import json
import os
import pathlib
import random
import re
import secrets
import signal
import socket
import sqlite3
import struct
import subprocess
import time
import urllib.error
import urllib.request

import websockets

BIN = pathlib.Path(os.environ["ROOMTONE_BIN"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
# Sanitizers make everything several times slower; waits are conditions, this only bounds them.
PATIENCE = 30.0
LONG_PIN = "471108264951"  # for what must not be found in answers: six digits stand in a microsecond now and then


def wait_until(condition, what, patience=PATIENCE):
    """Polls until condition() gives something true, and returns it."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


def fill(file):
    """Until there is no room on its disk."""
    with open(file, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while f.write(b"x" * 4096):
            pass
    assert os.statvfs(file).f_bavail == 0


def short_exhibit():
    """The short demo exhibit, voiced once for all test programs of this build."""
    where = BIN.parent / "tests" / "exhibit-short"
    where.parent.mkdir(exist_ok=True)
    with open(f"{where}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (where / "done").exists():
            subprocess.run([ROOT / "content/demo/make", "--short", where], check=True,
                           stdout=subprocess.DEVNULL)
            (where / "done").touch()
    return where


def hold_port(address="127.0.0.1"):
    """A socket that keeps a free port from everybody else, and lets in a server that is told its number: bound,
    not listening, and both with SO_REUSEADDR. It is none of those that the kernel gives: a server needs the same
    number for UDP, which is not held, and some other program's socket would have it."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(100):
        # Where the kernel gives nearly all there are, one of those.
        port = random.randrange(12_000, first) if first > 13_000 else 0  # browsers refuse 10080
        s, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # First without the option, by which two holders would both be let in.
            with contextlib.closing(socket.socket()) as alone:
                alone.bind((address, port))
                port = alone.getsockname()[1]
            s.bind((address, port))
            udp.bind((address, port))
            return s
        except OSError:
            s.close()
        finally:
            udp.close()
    raise AssertionError("no port is free")


def raw_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


def new_id():
    return secrets.token_hex(16)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """roomtoned on a free port with its own state directory. The port is held for it as long as it is used here:
    while it does not run, another test's server would be given it."""

    def __init__(self, state, extra=(), config="", environment=None):
        self.state = pathlib.Path(state)
        self.extra = list(extra)
        self.environment = environment or {}
        self.process = None
        self.port = 0
        self.held = None
        self.session = None
        # Every room forgets what it has in memory now and then, and insists that the disk knows.
        config = config or "[time]\ntrust_clock = yes\n[debug]\nforget_every = 100\n"
        self.config = None
        atexit.register(self.stop, signal.SIGKILL)  # a test that failed leaves nothing running
        if config:
            self.state.parent.mkdir(parents=True, exist_ok=True)
            self.config = self.state.parent / f"{self.state.name}.ini"
            self.config.write_text(config)

    before = []  # what runs the program, if not we
    listen = address = "127.0.0.1"  # where it serves, and is asked
    holds = True  # its port

    def start(self):
        if not self.port and self.holds:
            self.held = hold_port(self.listen)
            self.port = self.held.getsockname()[1]
        command = [*self.before, BIN / "roomtoned", "--state", self.state, "--listen",
                   f"{self.listen}:{self.port}"]
        if self.config:
            command += ["--config", self.config]
        self.log = open(f"{self.state}.log", "ab")
        self.process = subprocess.Popen(
            [str(c) for c in command + self.extra], stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, **self.environment},
        )
        line = self.process.stdout.readline().decode()
        found = re.fullmatch(rf"ready http://{re.escape(self.listen)}:(\d+)( https://[\d.]+:(\d+))?\n",
                             line)
        assert found, f"not ready: {line!r} {self.log_text()}"
        self.port, self.tls_port = int(found[1]), int(found[3] or 0)
        return self

    def log_text(self):
        return pathlib.Path(f"{self.state}.log").read_text()

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
        if self.process:
            code = self.ended(how)
            self.process.stdout.close()
            self.log.close()
            self.process = None
            return code
        return None

    def ended(self, how):
        # The thread sanitizer keeps a signal that comes in a bad moment until the next call that it
        # watches: a loop that sleeps in epoll makes none. A second signal wakes it.
        if os.environ.get("ROOMTONE_SANITIZE") == "thread":
            try:
                return self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE)

    @property
    def url(self):
        return f"http://{self.address}:{self.port}"

    def request(self, method, path, body=None, headers=None):
        data = body
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            data = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.session and "Authorization" not in headers and "Cookie" not in headers:
            headers["Authorization"] = f"Bearer {self.session}"
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as r:
                return Answer(r.status, r.headers, r.read())
        except urllib.error.HTTPError as e:
            return Answer(e.code, e.headers, e.read())

    @property
    def password(self):
        return (self.state / "first-password").read_text().strip()

    def login(self):
        answer = self.request("POST", "/api/v1/login", {"user": "admin", "password": self.password})
        assert answer.status == 200, answer.body
        self.session = answer.json["session"]
        return self

    def ctl(self, *arguments, check=True):
        environment = dict(os.environ, XDG_CONFIG_HOME=str(self.state.parent / "config"))
        result = subprocess.run(
            [str(BIN / "roomtonectl"), "--server", self.url, *map(str, arguments)],
            capture_output=True, text=True, env=environment, timeout=120,
        )
        if check:
            assert result.returncode == 0, result.stderr
        return result

    def import_exhibit(self, exhibit):
        self.ctl("login", "admin", "--password-file", self.state / "first-password")
        self.ctl("exhibit", "import", exhibit / "exhibit.json")

    def multiply(self, n, group="demo", **columns):
        """Copies a group n times in the stopped server's database (r-1 ... r-n, link-1 ...)."""
        assert not self.process
        with contextlib.closing(sqlite3.connect(self.state / "roomtone.db")) as db, db:
            names = [c[1] for c in db.execute("PRAGMA table_info(room)")]
            fill = {"id": "'r-'||n", "code": "printf('9%08d',n)", "link": "'link-'||n",
                    "guide_link": "'guide-'||n", **columns}
            db.execute(f"""WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c
                WHERE n<{n}) INSERT INTO room({','.join(names)})
                SELECT {','.join(fill.get(c, c) for c in names)} FROM room, c WHERE id=?""",
                       (group,))

    def endless(self, tour="weavers", group="demo"):
        """Every cue of the group's tour begins anew until somebody goes on: it is not over before a slow machine
        comes to look."""
        asked = self.request("GET", f"/api/v1/tours/{tour}").json["tour"]
        for cue in asked["cues"]:
            cue["on_end"] = "loop"
        a = self.request("PUT", f"/api/v1/tours/{tour}", asked)
        assert a.status == 200, a.body
        a = self.command("load", group, tour=tour)
        assert a.status == 200, a.body

    def group(self, group="demo"):
        return self.request("GET", f"/api/v1/groups/{group}").json

    def command(self, do, group="demo", **fields):
        return self.request("POST", f"/api/v1/groups/{group}/commands", {"do": do, **fields})


class Client:
    """One WebSocket. Use: async with Client(server) as c: ... With `tls`, an SSLContext, over TLS."""

    def __init__(self, server, headers=None, tls=None):
        self.server, self.headers, self.tls = server, headers or {}, tls
        self.inbox = []

    async def __aenter__(self):
        where = f"wss://127.0.0.1:{self.server.tls_port}" if self.tls else \
            f"ws://127.0.0.1:{self.server.port}"
        self.ws = await websockets.connect(
            f"{where}/ws", subprotocols=["roomtone.v1"], ssl=self.tls, open_timeout=PATIENCE,
            extra_headers=self.headers, ping_interval=None, max_size=2**20, compression=None,
        )
        return self

    async def __aexit__(self, *_):
        try:
            await self.ws.close()
        except websockets.ConnectionClosed:
            pass  # the server was killed; that is what some tests are about

    async def send(self, message):
        await self.ws.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def receive(self, kind=None, patience=PATIENCE, where=lambda m: True):
        """The next message of a type; others are kept in the inbox in order."""
        end = time.monotonic() + patience
        while True:
            for i, m in enumerate(self.inbox):
                if (kind is None or m["type"] == kind) and where(m):
                    return self.inbox.pop(i)
            raw = await asyncio.wait_for(self.ws.recv(), max(0.01, end - time.monotonic()))
            if isinstance(raw, str):
                self.inbox.append(json.loads(raw))

    async def hello(self, **fields):
        await self.send({"type": "hello", "v": 1, **fields})
        m = await self.receive(where=lambda m: m["type"] in ("welcome", "error"))
        return m

    async def join(self, code, role="visitor", **fields):
        m = await self.hello(role=role, code=code, **fields)
        assert m["type"] == "welcome", m
        return await self.receive("state")

    async def staff(self):
        m = await self.hello(role="staff", session=self.server.session)
        assert m["type"] == "welcome", m
        return self

    async def command(self, do, group="demo", cmd_id=None, **fields):
        cmd_id = cmd_id or new_id()
        await self.send({"type": "command", "group": group, "cmd_id": cmd_id, "do": do, **fields})
        return await self.receive(
            where=lambda m: m["type"] in ("ack", "error") and m.get("cmd_id") == cmd_id
        )

    async def ask_time(self):
        """One exchange: (t1, t2, t3, t4, clock_epoch), local stamps in CLOCK_MONOTONIC_RAW ns."""
        t1 = raw_ns()
        await self.ws.send(b"RTQ\x01" + struct.pack("<Iq", 7, t1))
        while True:
            raw = await asyncio.wait_for(self.ws.recv(), PATIENCE)
            t4 = raw_ns()
            if isinstance(raw, bytes):
                break
            self.inbox.append(json.loads(raw))
        assert raw[:4] == b"RTA\x01" and len(raw) == 36
        seq, echoed, t2, t3, epoch = struct.unpack("<IqqqI", raw[4:])
        assert seq == 7 and echoed == t1
        return t1, t2, t3, t4, epoch


def position(state, house_us):
    """Where a state says the group is: the formula of docs/PROTOCOL.md."""
    part = state
    if "next" in state and house_us >= state["next"]["at"]:
        part = state["next"]
    vec = part["vec"]
    p = vec["p0"] + vec["rate"] * max(0, house_us - vec["t0"])
    return part["cue"], max(0, min(p, part["dur"]))
