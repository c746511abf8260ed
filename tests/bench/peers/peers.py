# SPDX-License-Identifier: Apache-2.0
"""Other servers that can be run beside ours, in a folder of their own outside of what is kept."""
import contextlib
import json
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
INSTALL_S = 180


def install(where):
    """npm's packages as the lock says; why not, or None."""
    if not shutil.which("npm"):
        return "there is no npm"
    where.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        if file.suffix in (".json", ".mjs", ".capnp"):
            shutil.copy(file, where)
    if (where / "node_modules" / ".bin" / "workerd").exists():
        return None
    try:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=where, timeout=INSTALL_S,
                              capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        return f"npm took longer than {INSTALL_S} s"
    return None if done.returncode == 0 else "npm: " + (done.stderr.strip().splitlines() or ["?"])[-1]


def found_port(line):
    """From a line like ours, "ready http://ADDRESS:PORT", or from workerd's event."""
    ready = re.match(r"ready http://[\d.]+:(\d+)", line)
    if ready:
        return int(ready[1])
    with contextlib.suppress(ValueError):
        return json.loads(line)["port"]
    return 0


def programs(where, floor):
    """Name, command, whether it keeps what it is told."""
    tools = where / "node_modules" / ".bin"
    (where / "kept").mkdir(parents=True, exist_ok=True)
    return [
        ("floor: send()", [floor], False),
        ("floor: log, fdatasync, send()", [floor, where / "floor.log"], True),
        ("workerd, Durable Object", [tools / "workerd", "serve", "--control-fd=1", "workerd.capnp"],
         True),
        ("Bun", [tools / "bun", "bun.mjs"], False),
        ("ws on Node", ["node", "ws.mjs"], False),
    ]


@contextlib.contextmanager
def running(command, where, before):
    """(pid, port) of a peer; it ends with the block. None when it does not start."""
    with subprocess.Popen([*before, *map(str, command)], cwd=where, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        port = found_port(process.stdout.readline())
        yield (process.pid, port) if port else None
        process.kill()
