# SPDX-License-Identifier: Apache-2.0
"""roomtonectl: every command as text and as JSON, exit codes, errors in words."""
import json
import subprocess


def test_a_day_with_the_command_line(server, exhibit, tmp_path):
    def ctl(*a, check=True):
        return server.ctl(*a, check=check)

    def js(*a):
        return json.loads(ctl("--json", *a).stdout)

    r = ctl("group", "list", check=False)
    assert r.returncode == 1 and "unauthorized" in r.stderr
    assert "signed in as admin" in ctl("login", "--password-file",
                                       server.state / "first-password").stdout
    assert js("group", "list") == {"groups": []}
    ctl("exhibit", "import", exhibit / "exhibit.json")
    ctl("exhibit", "import", exhibit / "exhibit.json")  # again: nothing is made twice
    assert [g["id"] for g in js("group", "list")["groups"]] == ["demo"]
    assert js("group", "create", "School class", "weavers")["id"] == "school-class"
    assert js("group", "show", "school-class")["tour"] == "weavers"
    assert "school-class" in ctl("group", "list").stdout

    subprocess.run(["sox", "-q", "-n", "-r", "44100", tmp_path / "My Own.wav", "synth", "1",
                    "pluck", "gain", "-6"], check=True)
    added = js("track", "add", tmp_path / "My Own.wav")
    assert added["track"] == "my-own" and added["lang"] == "en"
    assert "my-own" in ctl("track", "list").stdout
    assert len(js("tour", "publish", "own", "my-own", "loom")["hash"]) == 64
    assert {t["id"] for t in js("tour", "list")["tours"]} == {"weavers", "own"}

    for command in (["play", "demo"], ["pause", "demo"], ["seek", "demo", "0:02"],
                    ["next", "demo"], ["prev", "demo"], ["goto", "demo", "2"], ["stop", "demo"]):
        ack = js(*command)
        assert ack["group"] == "demo" and ack["at"] > 0, command
    assert "revision" in ctl("play", "demo").stdout
    assert js("status")["version"]
    assert "rooms awake" in ctl("status").stdout


def test_mistakes_are_told(server, tmp_path):
    def fails(*a, code=1):
        r = server.ctl(*a, check=False)
        assert r.returncode == code, (a, r.stdout, r.stderr)
        return r.stderr

    (tmp_path / "pw").write_text("wrong\n")
    assert "wrong_password" in fails("login", "--password-file", tmp_path / "pw")
    server.ctl("login", "--password-file", server.state / "first-password")
    assert "unknown_group" in fails("play", "nowhere")
    assert "not a group's id" in fails("play", "../up")
    assert "not a position" in fails("seek", "demo", "soon")
    assert "missing.wav" in fails("track", "add", tmp_path / "missing.wav")
    (tmp_path / "text.wav").write_text("no audio")
    assert "bad_audio" in fails("track", "add", tmp_path / "text.wav")
    assert "usage" in fails("dance", code=2)
    assert "usage" in fails("play", code=2)
    (tmp_path / "m.json").write_text("{}")
    assert "manifest" in fails("exhibit", "import", tmp_path / "m.json")
    server.stop()
    assert "connect" in fails("status").lower()
    server.start()
