# SPDX-License-Identifier: Apache-2.0
"""HTTPS: certificates made by roomtonectl, served, changed under open sockets; players that know
their box."""
import asyncio
import concurrent.futures
import contextlib
import csv
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import stat
import subprocess

import pytest

from harness import BIN, PATIENCE, ROOT, Client, Server, hold_port, wait_until

SOCKETS = 200


def certificate(*arguments, check=True):
    run = subprocess.run([str(BIN / "roomtonectl"), "--json", "certificate", *map(str, arguments)],
                         capture_output=True, text=True, timeout=60, check=False)
    if not check:
        return run
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def make(folder, *arguments):
    return certificate("make", "--dir", folder, *arguments)


def trusting(folder):
    return ssl.create_default_context(cafile=str(folder / "ca.crt"))


def config(folder, listen="127.0.0.1:0", more="", before=""):
    return (f"{before}[tls]\nlisten = {listen}\ncertificate = {folder}/server.crt\n"
            f"key = {folder}/server.key\n{more}[time]\ntrust_clock = yes\n")


def ask(server, path, tls, method="GET", body=None, headers=None):
    """One request, and its answer as (status, headers, body). tls None: over HTTP."""
    c = http.client.HTTPSConnection("127.0.0.1", server.tls_port, timeout=PATIENCE, context=tls) \
        if tls else http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    with contextlib.closing(c):
        c.request(method, path, body, headers or {})
        a = c.getresponse()
        return a.status, a.headers, a.read()


def serial(server):
    """Of the certificate that a new handshake gets."""
    with socket.create_connection(("127.0.0.1", server.tls_port), timeout=PATIENCE) as s:
        anybody = ssl._create_unverified_context()  # noqa: S323
        with anybody.wrap_socket(s) as t:
            der = t.getpeercert(binary_form=True)
    pem = ssl.DER_cert_to_PEM_cert(der)
    path = server.state.parent / "seen.crt"
    path.write_text(pem)
    return certificate("show", path)["serial"]


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers") / "tls"
    make(folder)
    return folder


@pytest.fixture
def own_papers(papers, tmp_path):
    """Some that a test may change."""
    return pathlib.Path(shutil.copytree(papers, tmp_path / "tls"))


@pytest.fixture(scope="module")
def box(papers, tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("box") / "state", config=config(papers)).start().login()
    yield s
    s.stop()


@pytest.fixture(scope="module", autouse=True)
def half_handshakes(box):
    """Begun before everything else, and looked at last."""
    slow = [socket.create_connection(("127.0.0.1", box.tls_port)) for _ in range(100)]
    for i, s in enumerate(slow):
        s.sendall(b"\x16\x03\x01\x02" if i % 2 else b"GET / HTTP/1.1\r\n\r\n")
    yield slow
    for s in slow:
        s.close()


@contextlib.contextmanager
def running(*args, **kwargs):
    s = Server(*args, **kwargs).start()
    try:
        yield s
    finally:
        assert s.stop() == 0, s.log_text()


# What roomtonectl makes.

def test_files_are_made_once_and_made_anew_with_the_same_keys(tmp_path):
    folder = tmp_path / "tls"
    first = make(folder, "--names", "audio.museum.example,10.1.2.3")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()}
    assert modes == {"ca.crt": 0o644, "ca.key": 0o600, "server.crt": 0o644, "server.key": 0o600}
    names = first["names"].split(", ")
    assert names[:2] == ["audio.museum.example", "10.1.2.3"]
    assert {"localhost", "127.0.0.1", "::1", socket.gethostname()} <= set(names)
    assert first["state"] == "ok" and 800 < first["days_left"] < 825
    again = certificate("make", "--dir", folder, check=False)
    assert again.returncode == 1 and "--force" in again.stderr
    shown = certificate("show", folder)
    assert {**shown, "days_left": 0} == {**first, "days_left": 0}  # a second later it may be one less

    authority = (folder / "ca.crt").read_bytes()
    second = make(folder, "--force", "--days", "20")
    assert second["serial"] != first["serial"] and second["fingerprint"] != first["fingerprint"]
    assert second["pin"] == first["pin"] and second["names"] == first["names"]
    assert second["state"] == "soon" and second["days_left"] in (19, 20)
    assert (folder / "ca.crt").read_bytes() == authority
    # OpenSSL's own words on both.
    check = subprocess.run(["openssl", "verify", "-purpose", "sslserver", "-CAfile", folder / "ca.crt",
                            folder / "server.crt"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    key = subprocess.run("openssl x509 -in server.crt -noout -pubkey | openssl pkey -pubin -outform DER"
                         " | openssl dgst -sha256 -r", shell=True, cwd=folder, capture_output=True,
                         text=True, check=True).stdout
    assert key.split()[0] == first["pin"]


@pytest.mark.parametrize("arguments, word", [
    (["--days", "0"], "--days"), (["--days", "826"], "--days"), (["--days", "x"], "--days"),
    (["--names", "a b/c"], "b/c"), (["--names", "*.example"], "*.example"),
    (["--names", "x,DNS:evil"], "DNS:evil")])
def test_mistakes_make_nothing(tmp_path, arguments, word):
    run = certificate("make", "--dir", tmp_path / "tls", *arguments, check=False)
    assert run.returncode == 1 and word in run.stderr
    assert not (tmp_path / "tls").exists()


# What the server does with it.

def test_https_is_verified_and_speaks_as_http_does(box, papers):
    tls = trusting(papers)
    status, _, body = ask(box, "/healthz", tls)
    assert status == 200 and json.loads(body)["certificate"]["state"] == "ok"
    token = {"Authorization": f"Bearer {box.session}"}
    group = {"name": "x" * 60}
    status, _, body = ask(box, "/api/v1/groups", tls, "POST", json.dumps(group), token)
    assert status == 201
    code = json.loads(body)["code"]
    status, _, body = ask(box, "/api/v1/groups/" + json.loads(body)["id"] + "/qr.svg", tls, headers=token)
    assert status == 200 and body.startswith(b"<svg")

    async def go():
        async with Client(box, {"Origin": f"https://127.0.0.1:{box.tls_port}"}, tls) as c:
            await c.join(code)
            t1, _, _, t4, _ = await c.ask_time()
            assert t4 > t1

        async with Client(box, tls=tls) as c:
            await c.staff()
            house = await c.receive("house")
            assert house["certificate"]["state"] == "ok"
    asyncio.run(go())
    jsonschema = pytest.importorskip("jsonschema")
    openapi = json.loads((ROOT / "docs/openapi.json").read_text())
    for path, schema in (("/healthz", "Health"), ("/api/v1/status", "Status")):
        answer = json.loads(ask(box, path, tls, headers=token)[2])
        jsonschema.validate(answer, {**openapi["components"]["schemas"][schema],
                                     "components": openapi["components"]})
        assert answer["certificate"]["days_left"] > 800
    expiry = certificate("show", papers)["until"] // 1_000_000
    assert f"roomtone_tls_certificate_expiry_timestamp_seconds {expiry}\n" in \
        ask(box, "/metrics", None)[2].decode()
    assert box.ctl("--ca", papers / "ca.crt", "--server", f"https://127.0.0.1:{box.tls_port}",
                   "login", "--password-file", box.state / "first-password").returncode == 0
    unknown = box.ctl("--server", f"https://127.0.0.1:{box.tls_port}", "status", check=False)
    assert unknown.returncode == 1 and "certificate" in unknown.stderr


def test_large_bodies_go_both_ways(box, papers):
    """Beyond a record of TLS, and beyond what a socket takes at once."""
    tls = trusting(papers)
    (box.state / "content" / ("a" * 64 + ".opus")).write_bytes(content := os.urandom(3_000_001))
    status, _, body = ask(box, "/content/" + "a" * 64 + ".opus", tls)
    assert status == 200 and body == content
    token = {"Authorization": f"Bearer {box.session}", "Content-Type": "image/png"}
    picture = b"\x89PNG\r\n\x1a\n" + os.urandom(400_000)
    over_http, over_tls = (ask(box, "/api/v1/pictures", t, "PUT", picture, token) for t in (None, tls))
    assert over_tls[0] == over_http[0] and over_tls[2] == over_http[2]


def test_many_files_at_once_come_whole(box, papers):
    """Long files take turns. Who reads slowly, leaves, or never reads holds up nobody."""
    path = "/content/" + "b" * 64 + ".opus"
    (box.state / "content" / path[9:]).write_bytes(content := os.urandom(4_000_003))

    def opened(tls):
        port = box.tls_port if tls else box.port
        s = socket.create_connection(("127.0.0.1", port), timeout=20)
        s = tls.wrap_socket(s, server_hostname="127.0.0.1") if tls else s
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nRange: bytes=1-\r\n\r\n".encode())
        return s

    def read(tls):
        with opened(tls) as s, s.makefile("rb") as f:
            while f.readline().strip():
                pass
            return f.read(len(content) - 1)

    ways = (None, trusting(papers))
    stuck = [opened(w) for w in ways for _ in range(4)]
    for w in ways:
        for n in (0, 1, 100_000, 2_000_000):  # gone before, at and in the middle of the answer
            with opened(w) as s:
                while n > 0:
                    n -= len(s.recv(min(n, 65536)))
    with concurrent.futures.ThreadPoolExecutor(16) as readers:
        bodies = list(readers.map(read, ways * 8))
    assert all(b == content[1:] for b in bodies)
    assert box.request("GET", "/healthz").status == 200
    for s in stuck:
        s.close()


@pytest.mark.parametrize("offered, chosen", [
    (["h2", "http/1.1"], "http/1.1"), (["h2"], None), ([], None)])
def test_http2_is_out_of_reach(box, papers, offered, chosen):
    tls = trusting(papers)
    if offered:
        tls.set_alpn_protocols(offered)
    for request in (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"):
        with socket.create_connection(("127.0.0.1", box.tls_port), timeout=PATIENCE) as s, \
                tls.wrap_socket(s, server_hostname="127.0.0.1") as t:
            assert t.selected_alpn_protocol() == chosen
            t.sendall(request)
            try:
                answer = t.recv(9)
            except (ConnectionResetError, ssl.SSLError):
                answer = b""
            # Frames of HTTP/2 begin with a length of three bytes, the first of them 0.
            assert answer == b"" or answer.startswith(b"HTTP/1.") and b" 101" not in answer + t.recv(4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused(box):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    for newest in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2):
        old.maximum_version = newest
        with socket.create_connection(("127.0.0.1", box.tls_port), timeout=PATIENCE) as s:
            if newest == ssl.TLSVersion.TLSv1_2:
                with old.wrap_socket(s) as t:
                    assert t.cipher()[0].startswith("ECDHE-")
                continue
            with pytest.raises((ssl.SSLError, ConnectionResetError)):
                old.wrap_socket(s)


def test_a_login_over_tls_stays_there(box, papers):
    tls = trusting(papers)
    login = json.dumps({"user": "admin", "password": box.password})

    csrf = {}

    def cookie(over):
        a = ask(box, "/api/v1/login", over, "POST", login)
        assert a[0] == 200
        csrf[over] = json.loads(a[2])["csrf"]
        return a[1]["Set-Cookie"]

    safe, plain = cookie(tls), cookie(None)
    assert safe.startswith("__Host-roomtone_session=") and "; Secure" in safe and "Path=/;" in safe
    assert plain.startswith("roomtone_session=") and "Secure" not in plain
    for over, good, bad in ((tls, safe, plain), (None, plain, safe)):
        for brought, status in ((good, 200), (bad, 401)):
            headers = {"Cookie": "a=b; " + brought.split(";")[0]}
            assert ask(box, "/api/v1/me", over, headers=headers)[0] == status
    a = ask(box, "/api/v1/logout", tls, "POST",
            headers={"Cookie": safe.split(";")[0], "X-CSRF-Token": csrf[tls]})
    assert a[0] == 204 and a[1]["Set-Cookie"].startswith("__Host-roomtone_session=; Path=/; Secure")


def test_pages_that_came_without_tls_are_strangers_over_it(box, papers):
    tls = trusting(papers)
    at = f"127.0.0.1:{box.tls_port}"
    assert ask(box, "/healthz", tls, headers={"Origin": f"https://{at}"})[0] == 200
    for origin in (f"http://{at}", f"https://127.0.0.1:{box.port}", "null"):
        assert ask(box, "/healthz", tls, headers={"Origin": origin})[0] == 403, origin
    assert ask(box, "/healthz", tls, headers={"Host": "evil.example"})[0] == 403


def test_pages_lead_to_https_when_told(papers, tmp_path):
    with running(tmp_path / "state", config=config(papers, more="redirect = yes\n")) as s:
        for path in ("/", "/admin", "/j/abcdef", "/g/abcdef"):
            status, headers, _ = ask(s, path, None)
            assert (status, headers["Location"]) == (308, f"https://127.0.0.1:{s.tls_port}{path}")
            assert "Strict-Transport-Security" not in headers
            assert ask(s, path, trusting(papers))[0] != 308
        for host, there in (("[::1]:80", "[::1]"), ("box.local", "box.local")):
            assert ask(s, "/", None, headers={"Host": host})[1]["Location"] == \
                f"https://{there}:{s.tls_port}/"
        odd = ask(s, "/j/a%0d%0aX-Evil:%20b", None)
        assert odd[0] == 400 and "X-Evil" not in odd[1]
        for path, status in (("/healthz", 200), ("/metrics", 200), ("/api/v1/venue", 200),
                             ("/api/v1/me", 401), ("/content/" + "a" * 64 + ".opus", 404)):
            assert ask(s, path, None)[0] == status

        async def go():
            async with Client(s) as c:
                await c.ask_time()
        asyncio.run(go())
    before = "[server]\njoin_url = https://audio.museum.example/\n"
    with running(tmp_path / "other", config=config(papers, more="redirect = yes\n", before=before)) as s:
        assert ask(s, "/j/abc", None)[1]["Location"] == "https://audio.museum.example/j/abc"


# The certificate changes.

async def is_there(client):
    t1, _, _, t4, _ = await client.ask_time()
    return t4 > t1


def test_a_new_certificate_drops_nobody(own_papers, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    old = certificate("show", own_papers)["serial"]
    tls = trusting(own_papers)
    with running(tmp_path / "state", config=config(own_papers)) as s:
        async def go():
            async with contextlib.AsyncExitStack() as stack:
                clients = [Client(s, tls=tls) for _ in range(SOCKETS)]
                for c in clients:
                    await stack.enter_async_context(c)
                assert serial(s) == old

                # Told so.
                new = make(own_papers, "--force")["serial"]
                s.process.send_signal(signal.SIGHUP)
                await asyncio.to_thread(wait_until, lambda: serial(s) == new, "the new certificate")
                assert all(await asyncio.gather(*map(is_there, clients)))

                # Of another kind of key, noticed by itself; first half of it only.
                rsa_files(tmp_path / "rsa", own_papers)
                shutil.copy(tmp_path / "rsa" / "server.crt", own_papers)
                await asyncio.to_thread(
                    wait_until, lambda: "the old certificate stays: " in s.log_text(), "a warning")
                assert serial(s) == new
                shutil.copy(tmp_path / "rsa" / "server.key", own_papers)
                rsa = certificate("show", own_papers)["serial"]
                await asyncio.to_thread(wait_until, lambda: serial(s) == rsa, "the RSA certificate")
                assert all(await asyncio.gather(*map(is_there, clients)))
                async with Client(s, tls=tls) as one_more:
                    assert await is_there(one_more)
                assert all(c.ws.open for c in clients)

                # Nonsense in its place.
                (own_papers / "server.crt").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
                warnings = s.log_text().count("the old certificate stays: ")
                s.process.send_signal(signal.SIGHUP)
                await asyncio.to_thread(
                    wait_until, lambda: s.log_text().count("the old certificate stays: ") > warnings,
                    "a warning")
                assert serial(s) == rsa
                assert all(await asyncio.gather(*map(is_there, clients)))
        asyncio.run(go())
        assert f"{own_papers}/server.key: is not the key of the certificate" in s.log_text()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def rsa_files(folder, authority):
    """A certificate of the same authority, with a key of RSA."""
    folder.mkdir()
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    subprocess.run(
        "openssl req -newkey rsa:2048 -nodes -subj /CN=rsa -keyout server.key -out csr 2>/dev/null &&"
        f" openssl x509 -req -in csr -CA {authority}/ca.crt -CAkey {authority}/ca.key -days 30"
        " -CAcreateserial -extfile names -out server.crt 2>/dev/null",
        shell=True, cwd=folder, check=True)


def refused(tmp_path, text):
    path = tmp_path / "refused.ini"
    path.write_text(text)
    command = [str(BIN / "roomtoned"), "--config", str(path), "--state", str(tmp_path / "refused"),
               "--listen", "127.0.0.1:0"]
    checked, started = (subprocess.run(command + more, capture_output=True, text=True, timeout=30,
                                       check=False) for more in (["--check-config"], []))
    assert checked.returncode == started.returncode == 1
    assert checked.stderr == started.stderr
    return started.stderr


def test_wrong_files_refuse_the_start_and_say_which(own_papers, tmp_path):
    crt, key = own_papers / "server.crt", own_papers / "server.key"
    good = key.read_bytes()
    make(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "server.key", key)
    assert f"{key}: is not the key of the certificate {crt}" in refused(tmp_path, config(own_papers))
    key.write_text("nonsense")
    assert f"{key}: no private key" in refused(tmp_path, config(own_papers))
    locked = subprocess.run(["openssl", "pkey", "-aes256", "-passout", "pass:x"], input=good,
                            capture_output=True, check=True).stdout
    key.write_bytes(locked)
    assert f"{key}: no private key" in refused(tmp_path, config(own_papers))
    key.unlink()
    assert f"{key}: No such file" in refused(tmp_path, config(own_papers))
    key.write_bytes(good)
    crt.write_text("nonsense")
    assert f"{crt}: no certificate" in refused(tmp_path, config(own_papers))
    for text, word in ((f"[tls]\ncertificate = {crt}\n", "listen: missing"),
                       ("[tls]\nredirect = yes\n", "listen: missing"),
                       (f"[tls]\nlisten = 127.0.0.1:0\nkey = {key}\n", "certificate: missing")):
        assert word in refused(tmp_path, text)


def test_a_port_that_is_taken_is_said(papers, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        path = tmp_path / "taken.ini"
        path.write_text(config(papers, listen))
        run = subprocess.run([str(BIN / "roomtoned"), "--config", str(path), "--state",
                              str(tmp_path / "taken"), "--listen", "127.0.0.1:0"],
                             capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 1 and f"{listen}: cannot listen here" in run.stderr


def test_credentials_of_systemd_and_a_key_that_all_can_read(own_papers, tmp_path):
    (own_papers / "server.key").chmod(0o644)
    text = config(own_papers).replace(f"{own_papers}/", "")
    with running(tmp_path / "state", config=text,
                 environment={"CREDENTIALS_DIRECTORY": str(own_papers)}) as s:
        assert ask(s, "/healthz", trusting(own_papers))[0] == 200
        assert f"{own_papers}/server.key: everybody on this machine may read the key" in s.log_text()


def test_the_end_is_said_weeks_ahead(own_papers, tmp_path):
    make(own_papers, "--force", "--days", "21")
    with running(tmp_path / "state", config=config(own_papers)) as s:
        assert re.search(r"warn tls: the certificate for .* ends in 2[01] days, on \d{4}-", s.log_text())
        health = json.loads(ask(s, "/healthz", None)[2])
        assert health["status"] == "degraded" and health["certificate"]["state"] == "soon"
        assert health["certificate"]["days_left"] in (20, 21)
        make(own_papers, "--force")
        s.process.send_signal(signal.SIGHUP)
        wait_until(lambda: json.loads(ask(s, "/healthz", None)[2])["status"] == "ok", "a good one")


# Kiosks.

class Player:
    def __init__(self, server, folder, *more):
        self.log, self.trace = folder / "player.log", folder / "trace.csv"
        settings = folder / "player.ini"
        settings.write_text(f"[player]\nname = hall\ntrace = {self.trace}\n")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "roomtone-player"), "--config", str(settings), "--server",
                 f"https://127.0.0.1:{server.tls_port}", "--group", server.group()["code"],
                 "--device", "null", "--cache", str(folder / "cache"), *map(str, more)],
                stdout=log, stderr=log)

    def text(self):
        return self.log.read_text()

    def seconds(self):
        return list(csv.DictReader(self.trace.read_text().splitlines()))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


@pytest.fixture
def player(tmp_path):
    players = []

    def start(server, *more):
        players.append(Player(server, tmp_path, *more))
        return players[-1]
    yield start
    for p in players:
        assert p.stop() == 0, p.text()


@pytest.fixture(scope="module")
def show(papers, exhibit, tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("show") / "state", config=config(papers)).start().login()
    s.import_exhibit(exhibit)
    s.endless()
    assert s.command("play").status == 200
    yield s
    s.stop()


def sounds(server):
    reports = [m["report"] for m in server.group()["members"] if "report" in m]
    return reports and all(r["playing"] == "sound" and r.get("via") == "udp" for r in reports)


@pytest.mark.parametrize("how", ["ca", "pin"])
def test_a_kiosk_knows_its_box_and_plays(show, papers, player, how):
    pin = certificate("show", papers)["pin"]
    player(show, *(["--ca", papers / "ca.crt"] if how == "ca" else ["--pin", pin.upper()]))
    show.command("goto", cue=0)
    wait_until(lambda: sounds(show), "sound, with the time over UDP", 60)


@pytest.mark.parametrize("how, why", [
    ("system", "self-signed certificate in certificate chain"),
    ("other", "unable to get local issuer certificate|self-signed certificate|signature failure"),
    ("pin", "its key is not that of the pin"), ("name", "IP address mismatch")])
def test_a_kiosk_takes_no_other_for_its_box(show, papers, player, tmp_path, how, why):
    other = tmp_path / "other"
    trust = {"system": [], "name": ["--ca", papers / "ca.crt"]}.get(how)
    if trust is None:
        known = make(other)
        trust = ["--ca", other / "ca.crt"] if how == "other" else ["--pin", known["pin"]]
    target = show
    if how == "name":
        nameless = tmp_path / "nameless"
        rsa_files(nameless, papers)
        (nameless / "names").write_text("subjectAltName=DNS:elsewhere.example\n")
        subprocess.run("openssl x509 -req -in csr -days 30 -CA {0}/ca.crt -CAkey {0}/ca.key"
                       " -CAcreateserial -extfile names -out server.crt 2>/dev/null".format(papers),
                       shell=True, cwd=nameless, check=True)
        target = Server(tmp_path / "nameless-state", config=config(nameless)).start().login()
        target.request("POST", "/api/v1/groups", {"name": "x", "id": "demo"})
    p = player(target, *trust)
    wait_until(lambda: re.search(rf"warn trust: not taken for the box: ({why})", p.text()),
               "a refusal")
    # It tries again and says no more of it.
    wait_until(lambda: "cannot be reached" in p.text(), "the next try")
    assert p.text().count("not taken") == 1
    assert not [m for m in target.group()["members"] if m["role"] == "kiosk"]
    if target is not show:
        target.stop()


def test_another_box_in_its_place_is_refused_while_the_kiosk_plays_on(papers, exhibit, player, tmp_path):
    held = hold_port()
    listen = f"127.0.0.1:{held.getsockname()[1]}"
    mine = Server(tmp_path / "mine", config=config(papers, listen)).start().login()
    mine.import_exhibit(exhibit)
    mine.endless()
    mine.command("play")
    p = player(mine, "--pin", certificate("show", papers)["pin"])
    wait_until(lambda: sounds(mine), "sound", 60)
    mine.stop(signal.SIGKILL)
    make(tmp_path / "rogue")
    with running(tmp_path / "theirs", config=config(tmp_path / "rogue", listen)):
        wait_until(lambda: "not taken for the box: its key is not that of the pin" in p.text(),
                   "the refusal")
        n = len(p.seconds())
        wait_until(lambda: len(p.seconds()) > n + 1, "two more seconds")
        assert p.seconds()[-1]["playing"] == "sound", p.seconds()[-1]
    mine.start()
    wait_until(lambda: sounds(mine), "sound, at home again", 60)
    mine.stop()
    held.close()


def test_half_a_handshake_is_closed(half_handshakes):
    def closed(s):
        s.settimeout(0)
        try:
            return s.recv(64) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
    for s in half_handshakes:
        wait_until(lambda s=s: closed(s), "a half handshake to be closed", 40)
