# SPDX-License-Identifier: Apache-2.0
"""The packages for arm64, cross-compiled: what is in them is what is in ours, for the other machine.

They are not run: nothing here can. With ROOMTONE_ARM64=1, as in .ci/run, since it takes minutes.
"""
import os
import pathlib
import subprocess

import pytest

from box import run

ROOT = pathlib.Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="making a Debian takes root"),
              pytest.mark.skipif(os.environ.get("ROOMTONE_ARM64") != "1", reason="takes minutes")]


@pytest.fixture(scope="module")
def packages():
    run(["nice", "-n", "19", ROOT / "dev", "package", "--arm64"], timeout=900)
    pairs = [(next((ROOT / "build-release/packages").glob(f"roomtone-{part}_*_amd64.deb")),
              next((ROOT / "build-arm64/packages").glob(f"roomtone-{part}_*_arm64.deb")))
             for part in ("server", "player")]
    return pairs


def test_they_hold_and_want_the_same(packages):
    for ours, theirs in packages:
        def names(p):
            return [line.split()[-1] for line in run(["dpkg-deb", "-c", p]).splitlines()]
        assert names(ours) == names(theirs)
        assert run(["dpkg-deb", "-f", ours, "Depends"]) == run(["dpkg-deb", "-f", theirs, "Depends"])
        assert run(["dpkg-deb", "-f", theirs, "Architecture"]).strip() == "arm64"


def test_their_programs_are_of_the_other_machine(packages, tmp_path):
    for _, theirs in packages:
        subprocess.run(["dpkg-deb", "-x", theirs, tmp_path], check=True)
    programs = sorted((tmp_path / "usr/bin").iterdir())
    assert len(programs) == 4
    for p in programs:
        assert "AArch64" in run(["readelf", "-h", p])


def test_lintian_finds_nothing(packages):
    run(["lintian", "--allow-root", "--fail-on", "error,warning", *[theirs for _, theirs in packages]])
