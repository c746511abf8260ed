# SPDX-License-Identifier: Apache-2.0
"""The files in config/ and the manual pages of settings say what the programs' tables say. Both are
printed by the programs; ./dev settings writes them anew."""
import os
import subprocess

import pytest

from tree import ROOT, text

PROGRAMS = [("ROOMTONED", "config/roomtoned.ini", "man/roomtoned.ini.5"),
            ("ROOMTONE_PLAYER", "config/player.ini", "man/player.ini.5")]
BEGIN, END = '.\\" SETTINGS\n', '.\\" END\n'


def run(program, *arguments):
    return subprocess.run([os.environ[program], *map(str, arguments)], capture_output=True,
                          text=True, timeout=30, check=False)


@pytest.mark.parametrize("program, config, _", PROGRAMS)
def test_the_file_of_settings_is_the_table(program, config, _):
    assert run(program, "--settings", "ini").stdout == text(config)


@pytest.mark.parametrize("program, _, page", PROGRAMS)
def test_the_page_of_settings_is_the_table(program, _, page):
    before, rest = text(page).split(BEGIN)
    assert before.startswith(".\\\" SPDX") and ".SH SETTINGS" in before
    assert run(program, "--settings", "man").stdout == rest.split(END)[0]


def test_the_server_accepts_its_file():
    r = run("ROOMTONED", "--check-config", "--config", ROOT / "config/roomtoned.ini")
    assert (r.returncode, r.stdout) == (0, "the settings are right\n"), r.stderr


def test_the_server_refuses_a_file_with_a_mistake(tmp_path):
    config = tmp_path / "wrong.ini"
    config.write_text(text("config/roomtoned.ini") + "\n[limits]\nmax_member = 1\n")
    r = run("ROOMTONED", "--check-config", "--config", config)
    assert r.returncode == 1
    lines = config.read_text().count("\n")
    assert f"{config}:{lines}: " in r.stderr and "max_member" in r.stderr


def test_settings_in_force_tell_where_they_are_from(tmp_path):
    config = tmp_path / "a.ini"
    config.write_text("[limits]\nmax_members = 7\n")
    (tmp_path / "a.ini.d").mkdir()
    (tmp_path / "a.ini.d/x.ini").write_text("[server]\nnames = box.lan\n")
    out = run("ROOMTONED", "--config", config, "--listen", "127.0.0.1:0", "--print-config").stdout
    assert f"# {config}:2\nmax_members = 7\n" in out
    assert f"# {config}.d/x.ini:2\nnames = box.lan\n" in out
    assert "# --listen\nlisten = 127.0.0.1:0\n" in out
    assert "# default\nlog_level = info\n" in out


@pytest.mark.parametrize("program, _, page", PROGRAMS)
def test_every_flag_stands_on_the_programs_page(program, _, page):
    """--help lists them, the page explains them."""
    flags = [w.rstrip(",") for line in run(program, "--help").stdout.splitlines()
             for w in line.split()[:1] if w.startswith("--")]
    assert len(flags) > 6
    name = {"ROOMTONED": "roomtoned", "ROOMTONE_PLAYER": "roomtone-player"}[program]
    manual = text(f"man/{name}.8").replace("\\-", "-")
    assert not [f for f in flags if f not in manual]
