# SPDX-License-Identifier: Apache-2.0
"""A whole exhibition from one box to another as one file; and files that are no exhibitions."""
import gzip
import hashlib
import io
import json
import random
import socket
import tarfile

import pytest

from harness import Server, wait_until


def take(s):
    answer = s.request("GET", "/api/v1/exhibition")
    assert answer.status == 200
    return answer.body


def give(s, data):
    return s.request("PUT", "/api/v1/exhibition", data, {"Content-Type": "application/x-tar"})


def unpacked(data):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}


def packed(files, change=None):
    """The files as a tar archive; `change` may spoil each header."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files if isinstance(files, list) else files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change:
                change(info)
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return out.getvalue()


def held(s):
    """What is in the house, without what is each house's own."""
    tracks = s.request("GET", "/api/v1/tracks").json["tracks"]
    for t in tracks:
        for v in t["variants"]:
            v.pop("source", None)
    tours = [s.request("GET", f"/api/v1/tours/{t['id']}").json["tour"]
             for t in s.request("GET", "/api/v1/tours").json["tours"]]
    groups = [(g["id"], g["name"], g.get("tour"), g["plan"])
              for g in s.request("GET", "/api/v1/groups").json["groups"]]
    return tracks, tours, groups, s.request("GET", "/api/v1/venue").json


@pytest.fixture(scope="module")
def source(tmp_path_factory, exhibit):
    s = Server(tmp_path_factory.mktemp("source") / "state").start().login()
    s.import_exhibit(exhibit)
    s.ctl("venue", "set", "--name", "The mill", "--colour", "#336699")
    s.ctl("group", "schedule", "demo", "daily 11:00 start")
    yield s
    s.stop()


@pytest.fixture(scope="module")
def archive(source):
    return take(source)


def test_another_box_has_the_same(source, archive, server):
    assert take(source) == archive, "the same exhibition is the same bytes"
    answer = give(server, archive)
    assert answer.status == 200, answer.json
    assert answer.json["groups"] == ["demo"] and answer.json["kept"] == []
    assert held(server) == held(source)
    assert server.group()["code"] != source.group()["code"], "codes are its own"
    # It plays.
    assert server.command("play").status == 200
    opus = server.request("GET", "/api/v1/tracks").json["tracks"][0]["variants"][0]["opus"]
    sound = server.request("GET", f"/content/{opus}.opus").body
    assert hashlib.sha256(sound).hexdigest() == opus
    # A second time changes nothing; a running group goes on.
    again = give(server, archive)
    assert again.status == 200 and again.json["kept"] == ["demo"] and again.json["bytes"] == 0
    wait_until(lambda: server.group()["state"]["mode"] == "running", "it to play")
    again = give(server, archive)
    assert again.status == 200 and server.group()["state"]["mode"] == "running"
    server.stop(9)
    server.start()
    assert held(server) == held(source)


def test_ctl_saves_and_loads(source, server, tmp_path):
    file = tmp_path / "it.tar"
    source.ctl("exhibit", "save", file)
    server.ctl("login", "admin", "--password-file", server.state / "first-password")
    assert "group demo" in server.ctl("exhibit", "load", file).stdout
    assert "stays as it is" in server.ctl("exhibit", "load", file).stdout
    (tmp_path / "bad.tar").write_bytes(b"x" * 2000)
    r = server.ctl("exhibit", "load", tmp_path / "bad.tar", check=False)
    assert r.returncode != 0 and "bad_archive" in r.stderr


def test_the_demo_that_came_with_the_box(archive, tmp_path):
    file = tmp_path / "demo.tar"
    s = Server(tmp_path / "state", config=f"[server]\ndemo = {file}\n").start().login()
    assert s.request("GET", "/api/v1/setup").json["demo"] is False
    assert s.request("POST", "/api/v1/setup/demo").json["code"] == "not_found"
    file.write_bytes(archive[:5000])
    answer = s.request("POST", "/api/v1/setup/demo")
    assert (answer.status, answer.json["code"]) == (422, "bad_archive")
    file.write_bytes(archive)
    assert s.request("GET", "/api/v1/setup").json["demo"] is True
    # A track of the same name is somebody's own, and stays.
    s.request("PUT", "/api/v1/tracks/loom", {"title": {"en": "Mine"}})
    answer = s.request("POST", "/api/v1/setup/demo")
    assert (answer.status, answer.json["code"]) == (409, "exists") and "loom" in answer.json["detail"]
    assert [t["title"] for t in s.request("GET", "/api/v1/tracks").json["tracks"]] == [{"en": "Mine"}]
    s.request("DELETE", "/api/v1/tracks/loom")
    # The same request again has the same answer; another one finds it here.
    key = {"Idempotency-Key": "once"}
    first, second = (s.request("POST", "/api/v1/setup/demo", headers=key) for _ in range(2))
    assert first.status == 200 and first.json["groups"] == ["demo"], first.json
    assert second.json == first.json
    assert s.request("POST", "/api/v1/setup/demo").json["code"] == "exists"
    assert s.command("play").status == 200
    assert "POST setup/demo" in [e["what"] for e in s.request("GET", "/api/v1/audit").json["entries"]]
    s.stop()


def test_ctl_takes_the_demo(archive, tmp_path):
    (tmp_path / "demo.tar").write_bytes(archive)
    s = Server(tmp_path / "state", config=f"[server]\ndemo = {tmp_path / 'demo.tar'}\n").start()
    s.ctl("login", "admin", "--password-file", s.state / "first-password")
    assert "exhibit demo" in s.ctl("setup").stdout
    assert "group demo" in s.ctl("exhibit", "demo").stdout
    assert "exhibit demo" not in s.ctl("setup").stdout
    s.stop()


def test_a_house_that_closes_waits_for_no_archive(archive, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/begun\nexec sleep 600\n")
    slow.chmod(0o755)
    s = Server(tmp_path / "state", config=f"[server]\ningest = {slow}\n").start().login()
    with socket.create_connection(("127.0.0.1", s.port)) as sock:
        sock.sendall(f"PUT /api/v1/exhibition HTTP/1.1\r\nHost: 127.0.0.1:{s.port}\r\nAuthorization: Bearer {s.session}\r\n"
                     f"Content-Type: application/x-tar\r\nContent-Length: {len(archive)}\r\n\r\n".encode() + archive)
        wait_until((tmp_path / "begun").exists, "the child")
        assert give(s, archive).json["code"] == "busy"
        assert s.stop() == 0


def spoilt(files):
    """(why, archive): each of them must be refused."""
    manifest = files["exhibition.json"]
    rest = {n: d for n, d in files.items() if n != "exhibition.json"}
    name = next(n for n in rest if n.endswith(".opus"))
    text = json.loads(manifest)

    def with_text(change):
        copy = json.loads(manifest)
        change(copy)
        return packed({"exhibition.json": json.dumps(copy).encode(), **rest})

    yield "nothing", packed({})
    yield "text only", packed({"exhibition.json": manifest})
    yield "no text", packed(rest)
    yield "text last", packed({**rest, "exhibition.json": manifest})
    yield "compressed", gzip.compress(packed(files))
    for bad in ("../../etc/passwd", "/etc/passwd", "content/../x", "content/x.opus", "exhibition.json",
                name + ".sh", name.replace(".opus", ".html"), name.upper()):
        yield f"a file called {bad}", packed([*files.items(), (bad, b"x")])
    yield "other bytes", packed({**files, f"content/{hashlib.sha256(b'OggS').hexdigest()}.opus": b"OggX"})
    yield "no Opus", packed({"exhibition.json": manifest,
                             f"content/{hashlib.sha256(b'MZ').hexdigest()}.opus": b"MZ", **rest})
    svg = b"<html><script>alert(1)</script></html>"
    yield "no picture", packed({"exhibition.json": manifest,
                                f"content/{hashlib.sha256(svg).hexdigest()}.svg": svg, **rest})
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        def link(info, kind=kind):
            if info.name == name:
                info.type, info.linkname, info.size = kind, "/etc/passwd", 0
        yield f"kind {kind}", packed(files, link)

    def huge(info):
        if info.name == name:
            info.size = 1 << 32
    out = io.BytesIO()
    info = tarfile.TarInfo("exhibition.json")
    info.size = 1 << 32
    out.write(info.tobuf(tarfile.USTAR_FORMAT) + b"{}")
    yield "a claim of 4 GB", out.getvalue()
    yield "not JSON", packed({"exhibition.json": b"{", **rest})
    yield "deep", packed({"exhibition.json": b"[" * 100000, **rest})
    yield "another format", with_text(lambda t: t.update(format="roomtone.exhibition.v9"))
    for field in ("tracks", "tours", "venue"):
        yield f"no {field}", with_text(lambda t, f=field: t.pop(f))
        yield f"{field} of numbers", with_text(lambda t, f=field: t.update({f: [5]}))
    yield "a path for an id", with_text(lambda t: t["tracks"][0].update(id="../x"))
    yield "a strange hash", with_text(lambda t: t["tracks"][0]["variants"][0].update(opus="../../x"))
    yield "an unknown file", with_text(lambda t: t["tracks"][0]["variants"][0].update(opus="0" * 64))
    yield "a length of ages", with_text(lambda t: t["tracks"][0]["variants"][0].update(dur_us=1 << 62))
    yield "an unknown track", with_text(lambda t: t["tours"][0]["tour"]["cues"][0].update(track="no"))
    yield "a tour that is not there", with_text(lambda t: t["groups"][0].update(id="new", tour="no"))
    yield "a plan that is none", with_text(lambda t: t["groups"][0].update(
        id="new", plan={"schedule": ["now and then"]}))
    yield "a colour that is none", with_text(lambda t: t["venue"].update(colour="red"))
    assert text["format"] == "roomtone.exhibition.v1"


def test_what_is_no_exhibition_changes_nothing(source, archive, server):
    files = unpacked(archive)
    empty = held(server)
    before = sorted(p.name for p in (server.state / "content").iterdir() if p.name.startswith("."))
    for why, data in spoilt(files):
        answer = give(server, data)
        assert answer.status == 422 and answer.json["code"] == "bad_archive", (why, answer.json)
        assert held(server) == empty, why
    # Cut anywhere, or with a byte turned over in a header or in the text.
    dice = random.Random(7)
    for _ in range(40):
        answer = give(server, archive[:dice.randrange(1, len(archive) - 10240)])
        assert answer.status == 422, answer.status
    for _ in range(60):
        copy = bytearray(archive)
        copy[dice.randrange(600)] ^= 1 << dice.randrange(8)
        assert give(server, bytes(copy)).status in (200, 422)
    assert sorted(p.name for p in (server.state / "content").iterdir()
                  if p.name.startswith(".")) == before, "nothing half is left"
    assert give(server, archive).status == 200
    assert server.request("GET", "/healthz").status == 200
