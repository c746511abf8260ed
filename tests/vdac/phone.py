# SPDX-License-Identifier: Apache-2.0
"""Phones for tests to hold: Chromium with the visitor page, its sound on a card of software."""
import json
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def missing():
    """Why no phone can be had here; None when one can."""
    if not shutil.which("node"):
        return "node is not installed"
    if not pathlib.Path(CHROMIUM).exists():
        return "chromium is not installed"
    if not (WEB / "node_modules" / "playwright-core").exists():
        return "the pages were not built here"
    return None


class Phone:
    """Listens to the group at an address, on a card of a rig (rig.py)."""

    def __init__(self, rig, card, url):
        self.log = rig.folder / f"{card}.txt"
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                ["node", ROOT / "tests" / "vdac" / "phone.mjs", "--web", WEB, "--card", card,
                 "--chromium", CHROMIUM, url],
                stdin=subprocess.PIPE, stdout=out, stderr=out,
                env={**os.environ, **rig.environment})

    def said(self):
        """What the page said of itself, a second each."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def stop(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)
