# SPDX-License-Identifier: Apache-2.0
"""roomtonectl support-bundle: what a helper far away needs, and none of the secrets of the house, even
where a log had them all."""
import asyncio
import base64
import contextlib
import json
import os
import sqlite3
import subprocess
import tarfile

import pytest

from harness import BIN, Client, Server, wait_until

PIN = "20406080"


def secrets_of(s, device):
    """Each as it may stand somewhere: text, hex, base64."""
    found = {s.password, s.session, PIN, device}
    found.add(next((s.state.parent / "config" / "roomtone").iterdir()).read_text().strip())
    with contextlib.closing(sqlite3.connect(f"file:{s.state}/roomtone.db", uri=True)) as db:
        for query in ("SELECT code FROM room", "SELECT link FROM room", "SELECT guide_link FROM room",
                      "SELECT guide_pin FROM room", "SELECT password FROM user", "SELECT token_hash FROM login",
                      "SELECT token_hash FROM visit", "SELECT secret FROM house_key", "SELECT device FROM kiosk"):
            rows = [r[0] for r in db.execute(query) if r[0]]
            assert rows, query
            found.update(rows)
    code = s.code
    as_text = {x for x in found if isinstance(x, str)} | {f"{code[:3]} {code[3:6]} {code[6:]}"}
    for value in found:
        raw = value if isinstance(value, bytes) else value.encode()
        if len(raw) >= 12:
            as_text |= {raw.hex(), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    return as_text


@pytest.fixture(scope="module")
def house(tmp_path_factory, exhibit):
    folder = tmp_path_factory.mktemp("house")
    s = Server(folder / "state").start().login()
    s.import_exhibit(exhibit)
    s.code = s.group()["code"]
    device = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")

    async def people():
        async with Client(s) as visitor, Client(s) as kiosk:
            await visitor.join(s.code)
            await kiosk.join(s.code, role="kiosk", device=device, name="hall")
    asyncio.run(people())
    s.ctl("group", "guide-pin", "demo", PIN)
    wait_until(lambda: s.request("GET", "/api/v1/kiosks").json["kiosks"], "the kiosk in the list")
    s.config.write_text(f"[server]\nlisten = 127.0.0.1:{s.port}\nstate_dir = {s.state}\n"
                        f"join_url = http://me:{PIN}@box.lan\n")
    yield s, device
    s.stop()


def bundle(s, folder, log=""):
    """Made on a machine whose journal says this; returns its files."""
    programs = folder / "bin"
    programs.mkdir()
    (folder / "log").write_text(log)
    (programs / "journalctl").write_text(f"#!/bin/sh\ncat {folder}/log\n")
    (programs / "journalctl").chmod(0o755)
    file = folder / "box.tar.gz"
    r = subprocess.run([BIN / "roomtonectl", "support-bundle", file, "--config", s.config], capture_output=True,
                       text=True, timeout=60, check=False,
                       env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(folder),
                            "XDG_CONFIG_HOME": str(s.state.parent / "config")})
    assert r.returncode == 0, r.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["bin", "box.tar.gz", "log"], "something was left behind"
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}


def test_it_has_what_is_needed_and_no_secret(house, tmp_path):
    s, device = house
    # A copy to look into: the server holds its own for itself.
    s.stop()
    secret = secrets_of(s, device)
    s.start()
    lines = [f"2026-11-27T03:30:00 box roomtoned[7]: [room] oops {x} and http://box.lan/j/{x}?a={x}" for x in secret]
    files = bundle(s, tmp_path, "\n".join(["the first line", *lines, "the last line"]))
    assert set(files) == {"about.txt", "settings.txt", "doctor.json", "health.json", "status.json", "kiosks.json",
                          "counts.json", "metrics.txt", "log.txt"}
    whole = b"\n".join(files.values())
    assert len(secret) > 20 and s.password in secret and s.code in secret
    for x in secret:
        # Of an argon2id hash, the salt and the hash itself.
        for piece in x.split("$")[-2:] if x.startswith("$") else [x]:
            at = whole.find(piece.encode())
            assert at < 0, (piece, whole[max(0, at - 200):at + 100])
    # And it is of use.
    assert json.loads(files["status.json"])["version"] and json.loads(files["health.json"])["status"]
    assert json.loads(files["counts.json"]) == {"groups": 1, "tours": 1, "tracks": 3, "kiosks": 1}
    assert json.loads(files["kiosks.json"])[0]["online"] is False
    assert any(f["part"] == "database" for f in json.loads(files["doctor.json"])["found"])
    assert b"roomtone_store_healthy 1" in files["metrics.txt"]
    assert b"[limits] max_members = 10500" in files["settings.txt"]
    log = files["log.txt"].decode()
    assert log.startswith("the first line") and log.endswith("the last line")
    assert log.count("roomtoned[7]: [room] oops") == len(lines)


def test_it_is_made_of_a_box_that_does_not_run(house, tmp_path):
    s, _ = house
    s.stop()
    files = bundle(s, tmp_path)
    assert json.loads(files["status.json"]) is None
    assert any(f["mark"] == "broken" for f in json.loads(files["doctor.json"])["found"])
    s.start()
