# SPDX-License-Identifier: Apache-2.0
"""A box on a read-only root, and a box on a slow card."""
import asyncio
import subprocess

import pytest

from faults import FaultyServer, needs_shim
from harness import Client, Server, raw_ns, wait_until

SLOW_US = 200_000

# All is read-only but the folder of state, in mounts of its own.
CONFINE = """
set -e
mount --bind "$0" "$0"
mount -t tmpfs tmpfs /dev/shm 2>/dev/null || true
awk '{print $2}' /proc/self/mounts | sort -r | while read -r m; do
    case $m in "$0" | /proc* | /sys* | /dev*) ;; *) mount -o remount,ro,bind "$m" 2>/dev/null || true ;; esac
done
mount -o remount,ro,bind /
if touch /read-only-root 2>/dev/null || touch "$(dirname "$0")/x" 2>/dev/null; then exit 9; fi
exec "$@"
"""


class ReadOnly(Server):
    def __init__(self, state, **more):
        super().__init__(state, **more)
        self.before = ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINE, self.state]


def test_only_the_folder_of_state_is_written(tmp_path, exhibit):
    (tmp_path / "state").mkdir()
    tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINE,
                            tmp_path / "state", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no mounts of one's own here: {tried.stderr.strip()} ({tried.returncode})")
    backups = tmp_path / "state" / "kept"
    s = ReadOnly(tmp_path / "state", config=f"[time]\ntrust_clock = yes\n[backup]\ndir = {backups}\n")
    s.start().login()
    s.import_exhibit(exhibit)
    s.endless()
    assert s.command("play").status == 200
    wait_until(lambda: list(backups.glob("roomtone-*")), "the backup of the day")
    s.ctl("backup", tmp_path / "by-hand")
    s.ctl("restore", tmp_path / "by-hand")
    wait_until(lambda: "ready" in s.process.stdout.readline().decode(), "the start with what was restored")
    s.login()
    assert s.command("pause").status == 200
    assert s.stop() == 0
    assert "ead-only" not in s.log_text()
    assert s.start().login().group()["state"]["mode"] == "held"
    s.stop()


@needs_shim
def test_a_card_that_takes_200_ms_for_a_write(tmp_path, exhibit, twin):
    """A group plays on and commands are on time: the lead has learnt what a commit takes."""
    s = FaultyServer(tmp_path / "state").start().login()
    s.import_exhibit(exhibit)
    s.endless()
    s.faults.sync_us = SLOW_US
    asked = []  # [(when, answered)] of the twin meanwhile, ns

    async def ask(c):
        """When a question was due, not when it was put: this program's own delays are in it."""
        due = raw_ns()
        while True:
            answered = (await c.ask_time())[3]
            asked.append((due, answered))
            due = answered + 10_000_000
            await asyncio.sleep(0.01)

    def machine(begin, end):
        """The longest that the healthy house took for an answer in a span, us."""
        return max((b - a for a, b in asked if b > begin and a < end), default=0) / 1000

    async def go():
        late, waits, spans, loop = [], [], [], asyncio.get_running_loop()
        async with Client(s) as staff, Client(s) as guest, Client(twin) as other:
            await staff.staff()
            await other.join(twin.group()["code"])
            asking = asyncio.create_task(ask(other))
            await guest.join(s.group()["code"])
            for n in range(16):
                begun, begin = loop.time(), raw_ns()
                ack = await staff.command("pause" if n % 2 else "play")
                assert ack["type"] == "ack", ack
                waits.append(loop.time() - begun)
                state = await guest.receive("state", where=lambda m, rev=ack["rev"]: m["rev"] >= rev)
                _, t2, t3, _, _ = await staff.ask_time()
                late.append(t3 / 1000 - ack["at"])
                spans.append((begin, raw_ns()))
                assert state["rev"] >= ack["rev"]
            n = len(asked)
            while len(asked) < n + 2:  # what was asked by then is answered
                await asyncio.sleep(0.01)
                assert not asking.done(), asking.result()
            asking.cancel()
        return late, waits, [machine(*x) for x in spans]
    late, waits, others = asyncio.run(go())
    s.faults.sync_us = 0
    mode = wait_until(lambda: s.group()["state"]["mode"] == "held", "the last command")
    p = sorted(waits)
    print(f"acks after {p[len(p) // 2] * 1000:.0f} ms, most {p[-1] * 1000:.0f};"
          f" of the last eight the members heard at worst {max(late[8:]) / 1000:+.0f} ms after the instant;"
          f" a healthy house answers within {max(others) / 1000:.0f} ms")
    # Two writes may be waited for: the one under way, and one's own; and a machine that is busy.
    assert mode and p[len(p) // 2] < 3 * SLOW_US / 1e6 + max(others) / 1e6
    # Ways through this program are in it; what a healthy house needed for one meanwhile is the machine's.
    late = [a - b for a, b in zip(late, others, strict=True)]
    assert sorted(late[8:])[-2] < 0 and max(late[8:]) < SLOW_US, "members heard of changes after their instant"
    s.stop()
