# SPDX-License-Identifier: Apache-2.0
"""Flags, start and end of the server: what supervisors and installers rely on."""
import re
import socket
import subprocess

from harness import BIN, ROOT, Server, wait_until


def run(*arguments):
    return subprocess.run([str(BIN / "roomtoned"), *map(str, arguments)], capture_output=True,
                          text=True, timeout=60)


def one_line(text, *parts):
    assert text.count("\n") == 1, text
    for part in parts:
        assert part in text, text


def test_port_zero_is_printed_and_ends_clean(tmp_path):
    s = Server(tmp_path / "state")
    s.holds = False
    s.start()
    assert s.port > 0
    assert s.stop() == 0


def test_everything_written_is_under_the_state_directory(tmp_path):
    s = Server(tmp_path / "deep" / "state")
    s.start()
    s.stop()
    names = {p.name for p in s.state.iterdir()}
    assert {"roomtone.db", "content", "uploads", "first-password"} <= names
    assert (s.state / "first-password").stat().st_mode & 0o777 == 0o600


def test_config_is_checked_with_file_and_line(tmp_path):
    good = tmp_path / "good.ini"
    good.write_text("[server]\nlisten = 127.0.0.1:0\n")
    assert run("--check-config", "--config", good).returncode == 0
    bad = tmp_path / "bad.ini"
    bad.write_text("[limits]\nmax_members = many\n")
    r = run("--check-config", "--config", bad)
    assert r.returncode == 1
    one_line(r.stderr, f"{bad}:2:", "max_members")
    r = run("--config", tmp_path / "missing.ini")
    assert r.returncode == 1
    one_line(r.stderr, "missing.ini")


def test_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        r = run("--state", tmp_path / "state", "--listen", where)
    assert r.returncode == 1
    one_line([l for l in r.stderr.splitlines(True) if "roomtoned:" in l][0], where)


def test_unusable_state_directory_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    r = run("--state", tmp_path / "file" / "state", "--listen", "127.0.0.1:0")
    assert r.returncode == 1
    one_line(r.stderr, "file/state")
    r = run("--state", tmp_path / "state", "--listen", "nonsense")
    assert r.returncode == 1
    assert "'nonsense' is not ADDR:PORT" in r.stderr


def test_second_server_on_the_same_state_is_refused(server):
    r = run("--state", server.state, "--listen", "127.0.0.1:0")
    assert r.returncode == 1
    assert "roomtone.db" in r.stderr
    assert server.request("GET", "/healthz").status == 200


def test_unknown_flags_are_named():
    r = run("--frobnicate")
    assert r.returncode == 2
    one_line(r.stderr, "--frobnicate", "--help")
    assert "usage:" in run("--help").stdout
    assert re.match(r"roomtoned \d", run("--version").stdout)


def test_first_password_works_only_once_made(tmp_path):
    s = Server(tmp_path / "state").start().login()
    first = s.password
    s.stop()
    s.start()
    assert s.password == first
    # The login is durable as well.
    assert s.request("GET", "/api/v1/me").json["user"] == "admin"
    s.stop()


def test_leftovers_of_a_crash_are_removed(server):
    server.stop()
    (server.state / "uploads" / "1-1").write_text("half")
    (server.state / "content" / ".tmp-x").write_text("half")
    server.start()
    assert not list((server.state / "uploads").iterdir())
    assert not list((server.state / "content").iterdir())
