# SPDX-License-Identifier: Apache-2.0
"""Licence lines, and no address that a build would need the internet's goodwill for."""
import re

from tree import ROOT, files, text

SPDX = "SPDX-License-Identifier: Apache-2.0"
CODE = re.compile(r"\.(c|h|py|ts|tsx|js|mjs|css|html)$")
HOUSE = re.compile(r"^(common|content|server|player|web|tests)/")

# Written so that this file does not name them itself.
REGISTRIES = re.compile(r"npm[j]s|yarn[p]kg|py[p]i\.|pythonhos[t]ed|crates[.]io|rubyg[e]ms\.org|"
                        r"regi[s]try\.[a-z0-9-]+\.[a-z]+|unp[k]g\.com|js[d]elivr")


def is_code(name):
    return HOUSE.match(name) and (CODE.search(name) or
                                  (ROOT / name).read_bytes()[:2] == b"#!")


def test_every_source_file_has_its_licence_line():
    code = [n for n in files() if is_code(n)]
    assert len(code) > 100
    bare = [n for n in code if SPDX not in "\n".join(text(n).splitlines()[:3])]
    assert not bare, "\n".join(bare)


def test_no_file_names_a_package_registry():
    named = []
    for name in files():
        content = (ROOT / name).read_bytes().decode("utf-8", "replace")
        found = REGISTRIES.search(content)
        if found:
            named.append(f"{name}:{content.count(chr(10), 0, found.start()) + 1}: {found[0]}")
    assert not named, "\n".join(named)


def test_the_pattern_knows_a_registry():
    assert REGISTRIES.search("https://regi" "stry.npm" "js.org/preact")
    assert REGISTRIES.search("https://regi" "stry.example.com/preact")
    assert not REGISTRIES.search("omit-lockfile-registry-resolved=true")


def test_the_lock_file_holds_no_addresses():
    assert '"resolved"' not in text("web/package-lock.json")
    assert "://" not in re.sub(r'"url": "[^"]*"', "", text("web/package-lock.json"))
