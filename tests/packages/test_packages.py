# SPDX-License-Identifier: Apache-2.0
"""The packages' whole life on a clean box: built, installed, started, played; newer, older, removed, purged.

The tests of this file are one story, in order: each goes on where the one before it ended. What the guides
tell people to type is what is typed here.
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
from guide import blocks

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path(os.environ["ROOMTONE_PACKAGES"])  # a folder of this test's own
STATE, INI = "/var/lib/roomtone", "/etc/roomtone/roomtoned.ini"
NEWER = "99.1"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="installing takes root")


class Story:
    """The box, the packages of this version and of a newer one, and what was followed of the guides."""

    def __init__(self):
        self.box = Box(WORK)
        self.now = self.version = self.epoch = self.kept = self.lintian = None
        self.blocks = [*blocks(ROOT / "docs/INSTALL.md"), *blocks(ROOT / "docs/OPERATING.md")]
        self.followed = []
        self.code = "123 456 789"
        self.stick = WORK / "stick"

    # --- packages

    def build(self):
        self.epoch = run(["git", "log", "-1", "--format=%ct"], cwd=ROOT).strip()
        run(["nice", "-n", "19", ROOT / "dev", "package"], timeout=400, env={**os.environ, "SOURCE_DATE_EPOCH": self.epoch})
        self.now = sorted((ROOT / "build-release/packages").glob("*.deb"))
        self.version = run(["dpkg-deb", "-f", self.now[0], "Version"]).strip()

    def build_newer(self):
        """The same under another version."""
        self.stick.mkdir()
        for p in self.now:
            open_up = WORK / "open"
            run(["dpkg-deb", "-R", p, open_up])
            control = open_up / "DEBIAN/control"
            control.write_text(control.read_text().replace(f"Version: {self.version}", f"Version: {NEWER}"))
            run(["dpkg-deb", "-b", "-Zgzip", "-z1", open_up, self.stick])
            shutil.rmtree(open_up)

    def installed(self, package):
        return self.box.try_run("dpkg-query", "-W", "-f", "${Version}", package).stdout

    # --- guides

    def follow(self, heading, where="box", only=None):
        """Types what a guide says under a heading: all of it, or one block."""
        chosen = [b for b in self.blocks if b.heading == heading and b.where == where]
        assert chosen, heading
        chosen = chosen if only is None else [chosen[only]]
        for b in chosen:
            self.followed.append(b)
            self.type(b.text)

    def type(self, text):
        text = text.replace("123 456 789", self.code).replace("device = default", "device = null")
        return run(self.box.enter(["bash", "-l", "-e", "-c", text], network="apt " not in text), timeout=200)

    # --- the house

    def ctl(self, *arguments):
        return json.loads(self.box.run("roomtonectl", "--server", "http://127.0.0.1:8080", "--json", *arguments))

    def sign_in(self, password=f"{STATE}/first-password"):
        login = ["roomtonectl", "--server", "http://127.0.0.1:8080", "login", "admin", "--password-file", password]
        wait_until(lambda: self.box.try_run(*login).returncode == 0, "the server")

    def show(self):
        return self.ctl("group", "show", "demo")

    def pid(self, unit):
        return int(self.box.run("systemctl", "show", "-P", "MainPID", unit))

    def heard(self):
        """Plays from the beginning, until the kiosk says that it does so in step."""
        self.ctl("stop", "demo")
        self.ctl("play", "demo")

        def report():
            group = self.show()
            if group["state"]["mode"] == "ended":  # before a slow machine was in step
                self.ctl("stop", "demo")
                self.ctl("play", "demo")
            reports = [m.get("report", {}) for m in group.get("members", []) if m["role"] == "kiosk"]
            return next((r for r in reports if r.get("playing") == "sound" and abs(r["error_us"]) < 1000), None)
        return wait_until(report, "the kiosk to play in step")


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
        s.build_newer()
        s.lintian = subprocess.Popen(["lintian", "--allow-root", "--fail-on", "error,warning", *map(str, s.now)],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        making.join()
        assert not failed, failed[0]
        s.box.boot()
        for p in s.now:
            shutil.copy(p, s.box.path("root"))
        s.box.path("etc/apt/apt.conf.d/90test").write_text(
            'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\nDpkg::Options:: "--force-unsafe-io";\n')
        yield s
    finally:
        making.join()
        s.box.end()
        if s.lintian:
            s.lintian.kill()
            s.lintian.wait()


def test_every_file_has_the_date_of_the_source(story):
    """That the same source gives the same bytes hangs on this; the rest is the compiler's."""
    when = run(["date", "-u", "-d", f"@{story.epoch}", "+%Y-%m-%d %H:%M"]).strip()
    for p in story.now:
        lines = run(["dpkg-deb", "-c", p], env={**os.environ, "TZ": "UTC"}).splitlines()
        assert len(lines) > 10 and all(when in line for line in lines), p.name
    assert str(ROOT) not in run(["strings", ROOT / "build-release/bin/roomtoned"])


def test_the_box_as_the_guide_says(story, exhibit):
    shutil.copytree(exhibit, story.box.path("root/exhibit"))
    story.follow("The box", only=0)
    wait_until(lambda: story.box.path(STATE + "/first-password").exists(), "the first start")
    story.follow("The box", only=1)
    story.follow("The box", only=2)
    assert story.box.run("stat", "-c", "%U %a", STATE).strip() == "roomtone 750"
    assert story.box.run("systemctl", "is-enabled", "roomtoned").strip() == "enabled"
    wait_until(lambda: story.show()["state"]["mode"] == "running", "the group to play")
    story.code = story.show()["code"]


def test_https_as_the_guide_says(story):
    story.follow("HTTPS")
    assert story.box.run("stat", "-c", "%U %a", "/etc/roomtone/tls/server.key").strip() == "roomtone 600"


def test_a_kiosk_as_the_guide_says(story):
    story.follow("Kiosks", "kiosk")
    wait_until(lambda: "Hall" in story.box.run("roomtonectl", "--server", "http://127.0.0.1:8080", "kiosk", "list"),
               "the kiosk on the list")
    story.follow("Kiosks")
    story.heard()
    assert story.box.run("roomtone-player", "--version").split()[1] == story.version


def test_the_night_as_the_guide_says(story):
    story.follow("Switched off at the mains")
    assert len(story.show()["plan"]["schedule"]) == 2
    story.box.run("roomtonectl", "--server", "http://127.0.0.1:8080", "group", "schedule", "demo", "none")


def test_a_day_of_operating(story):
    story.heard()  # what is over cannot be paused
    story.follow("Every day")
    story.follow("When something is wrong")
    story.follow("People")
    story.heard()


def test_a_backup_is_taken(story):
    story.follow("Backup", only=0)
    assert len(list(story.box.path("root/content").glob("*.opus"))) >= 6
    # On the next box the user may have another number.
    story.box.run("chown", "-R", "12345", "/root/content")
    story.box.run("cp", f"{STATE}/first-password", "/root/old-password")
    story.kept = story.code, [k["id"] for k in story.ctl("kiosk", "list")["kiosks"]]


def test_a_changed_package_on_the_stick_is_refused(story):
    home = WORK / "gnupg"
    home.mkdir(mode=0o700)
    maker = {**os.environ, "GNUPGHOME": str(home)}
    run(["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "Maker <maker@house.example>", "ed25519"], env=maker)
    sign = next(b for b in story.blocks if b.where == "maker")
    story.followed.append(sign)
    run(["bash", "-e", "-c", sign.text], cwd=WORK, env=maker)
    run(["gpgconf", "--kill", "all"], env=maker)
    shutil.copytree(story.stick, story.box.path("media/stick"))
    server = next(story.box.path("media/stick").glob("roomtone-server*.deb"))
    good = server.read_bytes()
    server.write_bytes(good[:-5000] + bytes([good[-5000] ^ 1]) + good[-4999:])
    with pytest.raises(AssertionError, match="Hash Sum mismatch|unexpected size"):
        story.follow("Update")
    assert story.installed("roomtone-server") == story.version
    server.write_bytes(good)


def test_an_upgrade_keeps_state_and_settings_and_starts_anew(story):
    ini = story.box.path(INI)
    ini.write_text(ini.read_text().replace("join_url =", "join_url = http://192.168.4.1:8080"))
    story.ctl("stop", "demo")  # a tour under way may be elsewhere by the end of it
    wait_until(lambda: story.show()["state"]["mode"] == "ready", "the tour to stand")
    story.ctl("goto", "demo", "1")
    wait_until(lambda: story.show()["state"]["cue"] == 1, "the second cue")
    before, pids = story.show(), [story.pid("roomtoned"), story.pid("roomtone-player@hall")]
    story.follow("Update")
    assert story.installed("roomtone-server") == story.installed("roomtone-player") == NEWER
    story.sign_in()
    after = story.show()
    assert (after["code"], after["state"]["cue"]) == (before["code"], before["state"]["cue"])
    assert all(pid not in pids for pid in [story.pid("roomtoned"), story.pid("roomtone-player@hall")])
    assert "join_url = http://192.168.4.1:8080" in ini.read_text()
    story.heard()


def test_a_unit_that_was_disabled_stays_so_and_an_older_version_keeps_state(story):
    story.box.run("systemctl", "disable", "roomtoned")
    code, pid = story.show()["code"], story.pid("roomtoned")
    story.box.apt("install", "--allow-downgrades", *[f"/root/{p.name}" for p in story.now if "doc" not in p.name])
    assert story.installed("roomtone-server") == story.version
    assert story.box.try_run("systemctl", "is-enabled", "roomtoned").stdout.strip() == "disabled"
    story.sign_in()
    assert story.show()["code"] == code and story.pid("roomtoned") != pid
    story.box.run("systemctl", "enable", "roomtoned")


def test_a_database_of_a_newer_version_is_refused_with_a_way_back(story):
    """The way back is the journal's own words, typed."""
    code, epoch = story.show()["code"], story.show()["state"]["epoch"]
    story.box.run("systemctl", "stop", "roomtoned.socket", "roomtoned")
    file = story.box.path(STATE) / "roomtone.db"
    kept = file.parent / "snapshots"
    kept.mkdir(exist_ok=True)
    db = sqlite3.connect(file, isolation_level=None)
    schema = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute("VACUUM INTO ?", [str(kept / f"roomtone-schema-{schema}.db")])  # as the newer one would have
    db.execute("PRAGMA user_version=999")
    db.close()
    owner = file.stat()
    for path in [*file.parent.glob("roomtone.db*"), kept, *kept.iterdir()]:
        os.chown(path, owner.st_uid, owner.st_gid)
    story.box.try_run("systemctl", "start", "roomtoned")
    said = wait_until(lambda: re.search(r"newer Roomtone.*install that version again, or go back to what was before it: (.*)",
                                        story.box.run("journalctl", "-u", "roomtoned", "--since", "-1min")), "the refusal")
    story.type(said[1])
    story.sign_in()
    assert story.show()["code"] == code and story.show()["state"]["epoch"] > epoch
    assert list(kept.glob("before-restore-*.db"))


def test_removed_it_keeps_state_and_purged_nothing(story):
    (story.box.path("etc/roomtone") / "mine").write_text("")
    story.follow("Taking it away", only=0)
    assert not story.box.path("usr/bin/roomtoned").exists()
    assert "roomtone" not in story.box.run("systemctl", "list-units", "--state=running", "--no-legend")
    assert story.box.path(f"{STATE}/roomtone.db").exists() and story.box.path(INI).exists()
    assert list(story.box.path("var/cache/roomtone-player/hall").glob("device-*.key"))
    story.follow("Taking it away", only=1)
    left = story.box.run("find", "/etc", "/usr", "/var", "/lib/systemd", "-xdev", "-iname", "*roomtone*",
                         "-not", "-path", "/etc/roomtone/*",
                         "-not", "-path", "/var/log/*", "-not", "-path", "/var/cache/apt/*", "-not", "-path", "/var/lib/apt/*")
    assert sorted(left.split()) == ["/etc/apt/keyrings/roomtone.asc", "/etc/apt/sources.list.d/roomtone.sources",
                                    "/etc/roomtone"]
    assert sorted(p.name for p in story.box.path("etc/roomtone").iterdir()) == ["mine", "player-hall.ini", "roomtoned.ini.d", "tls"]
    uid = story.box.run("id", "-u", "roomtone").strip()
    assert story.box.run("find", "/", "-xdev", "-user", uid, "-not", "-path", "/etc/roomtone/tls*") == ""


def test_a_new_box_is_what_the_old_one_was(story):
    story.follow("The box", only=0)
    story.sign_in()
    # New it is: it offers the demo exhibit that came with it, which plays.
    assert story.ctl("setup")["demo"] and story.ctl("setup")["fresh"]
    assert story.ctl("exhibit", "demo")["groups"] == ["demo"]
    story.ctl("play", "demo")
    wait_until(lambda: story.show()["state"]["mode"] == "running", "the demo to play")
    assert len(story.ctl("track", "list")["tracks"]) == 4
    story.follow("Backup", only=1)
    wait_until(lambda: "the backup is in its place" in story.box.run("journalctl", "-u", "roomtoned"), "the restore")
    story.sign_in("/root/old-password")
    assert (story.show()["code"], [k["id"] for k in story.ctl("kiosk", "list")["kiosks"]]) == story.kept
    opus = next(story.box.path(f"{STATE}/content").glob("*.opus"))
    assert opus.stat().st_uid == story.box.path(STATE).stat().st_uid


def test_lintian_finds_nothing(story):
    said, _ = story.lintian.communicate(timeout=120)
    assert story.lintian.returncode == 0 and not said, said


def test_all_that_the_guides_say_was_typed(story):
    assert [b for b in story.blocks if b not in story.followed] == []
