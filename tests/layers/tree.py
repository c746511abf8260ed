# SPDX-License-Identifier: Apache-2.0
"""Reads the tree: its files, and the tables in the C code that documents must follow."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

STRING = r'"(?:[^"\\]|\\.)*"'


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def files():
    """What git keeps or is about to keep; outside a checkout, all but what was built."""
    git = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                         cwd=ROOT, capture_output=True, text=True, check=False)
    if git.returncode == 0:
        names = [n for n in git.stdout.split("\0") if n]
    else:
        built = re.compile(r"(^|/)(build(-[^/]*)?|node_modules|\.git|\.demo|__pycache__)/")
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file()]
        names = [n for n in names if not built.search(n)]
    return sorted(n for n in names if (ROOT / n).is_file())


def joined(literals):
    """The value of adjacent C string literals."""
    parts = re.findall(STRING, literals)
    return "".join(p[1:-1] for p in parts).replace('\\"', '"').replace("\\\\", "\\")


def routes():
    """server/net/routes.c as (method, pattern, right, body, handler)."""
    row = re.compile(r'\{METHOD_(\w+),\s*"([^"]+)",\s*RIGHT_(\w+),\s*BODY_(\w+),\s*(\w+)\}')
    return row.findall(text("server/net/routes.c"))


def error_codes():
    """common/base/err.c: code -> (text, HTTP status, retryable)."""
    row = re.compile(r'\[ERR_\w+\]\s*=\s*\{"(\w+)",\s*(' + STRING + r')\s*,\s*(\d+),\s*([01])\}')
    return {code: (joined(words), int(http), retry == "1") for code, words, http, retry
            in row.findall(text("common/base/err.c"))}
