# SPDX-License-Identifier: Apache-2.0
"""The packages' whole life on a clean box: built, installed, started, played; newer, older, removed, purged.

The tests of this file are one story, in order: each goes on where the one before it ended.
"""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import threading

import pytest

from box import Box, run, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path(os.environ["ROOMTONE_PACKAGES"])  # a folder of this test's own
STATE = "/var/lib/roomtone"
CTL = ["/usr/bin/roomtonectl", "--server", "http://127.0.0.1:8080", "--json"]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="installing takes root")


class Story:
    """The box, the packages of this version and of a newer one, and what should outlive everything."""

    def __init__(self):
        self.box = Box(WORK)
        self.now = self.newer = self.version = None
        self.group = None

    def build(self):
        run([ROOT / "dev", "package"], timeout=400)
        self.now = sorted((ROOT / "build-release/packages").glob("*.deb"))
        self.version = run(["dpkg-deb", "-f", self.now[0], "Version"]).strip()

    def pack(self, folder, version):
        """Once more what was built, under another version."""
        epoch = run(["git", "log", "-1", "--format=%ct"], cwd=ROOT).strip()
        out = WORK / folder
        run(["cpack", "-B", out, "-D", f"CPACK_PACKAGE_VERSION={version}"], cwd=ROOT / "build-release",
            env={**os.environ, "SOURCE_DATE_EPOCH": epoch})
        shutil.rmtree(out / "_CPack_Packages")
        return sorted(out.glob("*.deb"))

    def bring(self, packages):
        """Into the box; the names apt takes them by."""
        for p in packages:
            shutil.copy(p, self.box.path("root"))
        return [f"/root/{p.name}" for p in packages if "-doc" not in p.name]

    def ctl(self, *arguments):
        return json.loads(self.box.run(*CTL, *arguments) or "null")

    def show(self):
        return self.ctl("group", "show", "demo")

    def ready(self):
        return wait_until(lambda: self.box.try_run(*CTL, "status").returncode == 0, "the server")

    def pid(self, unit):
        return int(self.box.run("systemctl", "show", "-P", "MainPID", unit))

    def heard(self):
        """What the kiosk says of its sound, once it is in step."""
        def in_step():
            members = [m for m in self.show().get("members", []) if m.get("role") == "kiosk"]
            return next((m for m in members if m.get("playing")), None)
        return wait_until(in_step, "the kiosk to play")


@pytest.fixture(scope="module")
def story():
    s = Story()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    failed = []

    def make():
        try:
            s.box.make()
        except BaseException as e:  # told by the test's own thread
            failed.append(e)
    making = threading.Thread(target=make)
    making.start()
    try:
        s.build()
        making.join()
        assert not failed, failed[0]
        s.box.boot()
        yield s
    finally:
        making.join()
        s.box.end()


def test_lintian_finds_nothing(story):
    run(["lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", *story.now])


def test_the_same_source_gives_the_same_bytes(story):
    for a, b in zip(story.now, story.pack("again", story.version), strict=True):
        assert a.name == b.name and a.read_bytes() == b.read_bytes(), a.name


def test_it_installs_and_starts(story):
    story.box.apt("install", "--no-install-recommends", *story.bring(story.now))
    assert story.box.run("systemctl", "is-enabled", "roomtoned").strip() == "enabled"
    story.ready()
    assert story.pid("roomtoned") > 0
    owner = story.box.run("stat", "-c", "%U %a", STATE).strip()
    assert owner == "roomtone 750"
    assert "index.html" in story.box.run("ls", "/usr/share/roomtone/web")
    assert story.box.try_run("systemctl", "--failed", "--quiet").stdout == ""
