# SPDX-License-Identifier: Apache-2.0
"""The manual's pages: no warnings of the formatter, and the options and commands that the programs have."""
import os
import pathlib
import re
import subprocess

import pytest

from tree import ROOT

BIN = pathlib.Path(os.environ["ROOMTONED"]).parent
PAGES = sorted((ROOT / "man").glob("*.[1-8]"))
PROGRAMS = ["roomtoned", "roomtone-player", "roomtonectl", "roomtone-ingest"]


def page(path, width="500"):
    """As a terminal shows it; each paragraph is one line."""
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", path], capture_output=True, text=True,
                          check=False, env={**os.environ, "MANWIDTH": width, "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0 and not done.stderr, f"{path}: {done.stderr}"
    return re.sub(r".\x08", "", done.stdout)


def help_of(program):
    """What it says of itself; the ingest program has no --help, and says it when it does not understand."""
    done = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=False, timeout=30)
    return done.stdout or done.stderr


@pytest.fixture(params=PROGRAMS)
def program(request):
    if not (BIN / request.param).exists():
        pytest.fail(f"{request.param} was not built")
    return request.param


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_the_formatter_finds_nothing(path):
    assert page(path, "80").count("\n") > 10


def page_of(program):
    found = [p for p in PAGES if p.stem == program]
    assert len(found) == 1, f"{program}: {found}"
    return page(found[0])


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def test_the_options_are_those_of_the_program(program):
    assert options(page_of(program)) - {"--help", "--version"} == options(help_of(program)) - {"--help", "--version"}


def test_every_command_is_there_as_it_is_typed():
    lines = [line[2:].split("  - ")[0].rstrip() for line in help_of("roomtonectl").splitlines()
             if line.startswith("  ") and not line.startswith("  -")]
    shown = page_of("roomtonectl")
    assert len(lines) > 30
    # What explains a short one stands in its line.
    assert [line for line in lines if not re.search(rf"^ *{re.escape(line)}( +[A-Z][a-z].*)?$", shown, re.M)] == []


def complete(*words):
    """What bash offers for the last of these words."""
    script = (f"PATH={BIN}:$PATH; . {ROOT}/man/roomtonectl.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              "_roomtonectl; printf '%s\\n' \"${COMPREPLY[@]}\"")
    return subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True,
                          cwd="/").stdout.split()


def test_completion_offers_what_there_is():
    assert {"group", "kiosk", "play", "status"} <= set(complete("roomtonectl", ""))
    assert set(complete("roomtonectl", "--server", "http", ":", "//x", ":", "8080", "ki")) == {"kiosk"}
    assert set(complete("roomtonectl", "kiosk", "")) == {"list", "show", "set", "adopt", "identify",
                                                           "forget", "watch", "tone"}
    assert "--metres" in complete("roomtonectl", "kiosk", "set", "7a", "--m")
    assert complete("roomtonectl", "kiosk", "list", "--m") == []
    assert "etc" in complete("roomtonectl", "backup", "et")
