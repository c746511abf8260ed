#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sandbox.py UNIT PROGRAM ARGUMENT...: runs a program under the system calls its unit allows.

What the unit would answer with EPERM ends the program here (SIGSYS), so that nothing it does without
in silence is missed. systemd itself need not run: the sets are what systemd-analyze says of them."""
import ctypes
import os
import pathlib
import re
import subprocess
import sys

KILL_PROCESS, ALLOW, EPERM = 0x80000000, 0x7FFF0000, 0x00050001

# SQLite gives its files to the owner of the database when it runs as root, as it may in a test. A
# service does not.
ROOTS = {"chown", "fchown", "fchownat", "lchown"}


def sets():
    """@set -> its members, as this systemd has them."""
    out = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True,
                         check=True).stdout
    found, name = {}, None
    for line in out.splitlines():
        word = line.split("#")[0].strip()
        if line.startswith("@"):
            name = word
            found[name] = []
        elif word and name:
            found[name].append(word)
    return found


def calls(word, known):
    if not word.startswith("@"):
        return {word}
    return set().union(*(calls(w, known) for w in known[word]))


def allowed(unit):
    """The lines SystemCallFilter= of a unit, in their order."""
    known, result = sets(), set(calls("@default", sets()))
    lines = re.findall(r"^SystemCallFilter=(.*)$", pathlib.Path(unit).read_text(), re.M)
    assert lines
    for line in lines:
        words = set().union(*(calls(w, known) for w in line.lstrip("~").split()))
        result = result - words if line.startswith("~") else result | words
    return result


def confine(names):
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.seccomp_init(ctypes.c_uint32(KILL_PROCESS)))
    for name in sorted(names | ROOTS):
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # others are of other machines
            action = ALLOW if name in names else EPERM
            assert lib.seccomp_rule_add(context, ctypes.c_uint32(action), number, 0) == 0
    assert lib.seccomp_load(context) == 0


if __name__ == "__main__":
    confine(allowed(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
