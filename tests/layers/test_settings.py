# SPDX-License-Identifier: Apache-2.0
"""Every setting stands in its config file, with the default and the reason that the code has."""
import os
import re
import subprocess

import pytest

from tree import ROOT, settings, text

PROGRAMS = [("server/settings.c", "config/roomtoned.ini"),
            ("player/settings.c", "config/player.ini")]


def entries(path):
    """(section, name) -> (value, comment above it). A key whose default is set when the program is
    built is commented out (value None); all others stand with their default."""
    section, comment, found = "", [], {}
    for line in text(path).splitlines():
        head = re.fullmatch(r"\[(\w+)\]", line)
        key = re.fullmatch(r"(# )?(\w+) =(?: (.*))?", line)
        if head:
            section, comment = head[1], []
        elif key:
            assert (section, key[2]) not in found, f"{path}: {key[2]} stands twice"
            found[section, key[2]] = (None if key[1] else key[3] or "", " ".join(comment))
            comment = []
        elif line.startswith("# "):
            comment.append(line[2:])
        else:
            assert not line, f"{path}: what is '{line}'?"
            comment = []
    return found


@pytest.fixture(params=PROGRAMS, ids=[p for _, p in PROGRAMS])
def program(request):
    code, config = request.param
    if not (ROOT / config).is_file():
        pytest.skip(f"there is no {config}")
    return code, config


def test_the_table_of_settings_was_read_whole(program):
    keys = settings(program[0])
    assert len(keys) == len(re.findall(r'^\s+\{"\w+", "\w+", CONF_', text(program[0]), re.M)) > 5


def test_every_key_stands_in_the_file_and_no_other(program):
    assert sorted(entries(program[1])) == sorted(settings(program[0]))


def test_defaults_are_those_of_the_code(program):
    there = {key: value for key, (value, _) in entries(program[1]).items()}
    assert there == {key: preset for key, (preset, _) in settings(program[0]).items()}


def test_reasons_are_those_of_the_code(program):
    there = {key: comment for key, (_, comment) in entries(program[1]).items()}
    for key, (_, help_text) in settings(program[0]).items():
        assert help_text in there[key], f"{program[1]}: {key[1]}"


def check_config(path):
    return subprocess.run([os.environ["ROOMTONED"], "--check-config", "--config", str(path)],
                          capture_output=True, text=True, timeout=30, check=False)


def test_the_server_accepts_its_file():
    run = check_config(ROOT / "config/roomtoned.ini")
    assert run.returncode == 0, run.stderr


def test_the_server_refuses_a_file_with_a_mistake(tmp_path):
    config = tmp_path / "wrong.ini"
    config.write_text(text("config/roomtoned.ini") + "\n[limits]\nmax_member = 1\n")
    run = check_config(config)
    assert run.returncode == 1
    lines = config.read_text().count("\n")
    assert f"{config}:{lines}: " in run.stderr and "max_member" in run.stderr
