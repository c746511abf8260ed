# SPDX-License-Identifier: Apache-2.0
"""What the documents name is there: files, functions, settings, links."""
import re

import pytest

from tree import ROOT, files, text

NAMES = files()
DOCUMENTS = [n for n in NAMES if n.endswith(".md")]
CODE = "\n".join(text(n) for n in NAMES if re.search(r"\.(c|h|ts|tsx|mjs|py|ini|txt|json)$", n)
                 and n != "web/package-lock.json" and not n.startswith("tests/layers/"))

# Made when programs are built or run; no part of the tree.
MADE = re.compile(r"(build(-\w+)?|web|uploads|incoming|sources|snapshots|\.demo|roomtone|/.*|~.*|OUT|.*HASH.*|.*NAME.*)(/|$)")
FILE = re.compile(r"[\w./@*-]+\.(c|h|ts|tsx|mjs|py|md|ini|json|css|service|sysusers)")
FOLDER = re.compile(r"[\w.-]+(/[\w.-]+)*/")
IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
MACRO = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


def spoken(document):
    """What stands between backticks, code blocks left out."""
    prose = re.sub(r"^```.*?^```", "", text(document), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", prose)


def is_there(name, document):
    """A file or folder, named from the top, from the document's folder, or by the end of its path."""
    folder = document.rpartition("/")[0]
    tail = re.escape(name.rstrip("/")).replace(r"\*", r"[^/]*")
    end = r"/.*" if name.endswith("/") else ""
    if any(re.fullmatch(rf"(.*/)?{tail}{end}", n) for n in NAMES):
        return True
    return (ROOT / folder / name).exists()


def lost(document):
    for word in spoken(document):
        if FILE.fullmatch(word) or FOLDER.fullmatch(word):
            if not MADE.match(word) and not is_there(word, document):
                yield word
        elif IDENTIFIER.fullmatch(word) or MACRO.fullmatch(word):
            if not re.search(rf"\b{word}\b", CODE):
                yield word


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_named_is_there(document):
    assert not list(lost(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    targets = re.findall(r"\]\(([^)#]+)", text(document)) + \
        re.findall(r'src="([^"]+)"', text(document))
    folder = (ROOT / document).parent
    assert not [t for t in targets if "://" not in t and not (folder / t).exists()]


def test_every_folder_of_code_is_on_the_map():
    page = text("docs/ARCHITECTURE.md")
    folders = {n.rpartition("/")[0] for n in NAMES
               if re.match(r"(common|content|server|player)/\w+/.*\.[ch]$", n)}
    assert len(folders) > 15
    assert not sorted(f for f in folders if f"`{f}/`" not in page)


def test_decisions_are_numbered_in_order():
    numbers = [int(n.split("/")[-1][:4]) for n in NAMES if n.startswith("docs/decisions/")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_name_that_is_gone_is_found(tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text("`room_gone_by`, `server/room/gone.c`, `room_command`, `room.c`")
    monkeypatch.setattr("tree.ROOT", tmp_path)
    assert list(lost("a.md")) == ["room_gone_by", "server/room/gone.c"]
