# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from harness import BIN, PATIENCE, Server, short_exhibit  # noqa: E402


@pytest.fixture(scope="session")
def exhibit():
    return short_exhibit()


@pytest.fixture
def server(tmp_path):
    """A running server with nothing in it, signed in."""
    s = Server(tmp_path / "state").start().login()
    yield s
    s.stop()


def furnished(folder, exhibit):
    s = Server(folder / "state").start().login()
    s.import_exhibit(exhibit)
    yield s
    s.stop()


@pytest.fixture
def house(tmp_path, exhibit):
    """A running server with the exhibit, of one test alone."""
    yield from furnished(tmp_path, exhibit)


@pytest.fixture(scope="module")
def hall(tmp_path_factory, exhibit):
    """A running server with the exhibit, shared by the tests of a file; group "demo" is stopped."""
    yield from furnished(tmp_path_factory.mktemp("hall"), exhibit)


@pytest.fixture(scope="module")
def twin(tmp_path_factory, exhibit):
    """A house where nothing happens. What it takes there is the machine's, and the test program's."""
    yield from furnished(tmp_path_factory.mktemp("twin"), exhibit)


@pytest.fixture
def demo(hall):
    """The hall's group "demo", at the first cue's start."""
    hall.command("stop_now")
    return hall


@pytest.fixture
def small_disk(tmp_path):
    """Makes a folder that is a disk of its own, as small as it is said."""
    mounted = []

    def mount(size, where=tmp_path / "disk"):
        where.mkdir(parents=True)
        tried = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", where],
                               capture_output=True, text=True, check=False)
        if tried.returncode:
            pytest.skip(f"a file system of its own cannot be mounted here: {tried.stderr.strip()}")
        mounted.append(where)
        return where
    yield mount
    for where in mounted:
        subprocess.run(["umount", "-l", where], check=True)


@pytest.fixture
def start_player(tmp_path):
    """Starts a player with a silent card; ends it afterwards."""
    running = []

    def start(url, code, environment, *more):
        log = open(tmp_path / "player.log", "wb")
        running.append((subprocess.Popen(
            [BIN / "roomtone-player", "--server", url, "--group", code, "--device", "null",
             "--cache", tmp_path / "cache", *more],
            stderr=log, env={**os.environ, **environment}), log))
        return running[-1][0]
    yield start
    for process, log in running:
        process.terminate()
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
            log.close()
