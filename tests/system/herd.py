# SPDX-License-Identifier: Apache-2.0
"""The herd of tests/crowd/herd.c, held by a test."""
import json
import os
import select
import subprocess

from harness import BIN


class Herd:
    """`count` phones in group "demo", each with an address of its own; `line` as herd.c has it."""

    def __init__(self, server, count, rule="jitter", line="plain"):
        self.count = count
        port = server.port if line == "plain" else server.tls_port
        link = server.group()["link"].removeprefix("/j/")
        self.process = subprocess.Popen(
            [BIN.parent / "tests/herd", str(port), link, str(count), rule, line],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def line(self, patience):
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        assert ready, f"the herd of {self.count} said nothing for {patience} s"
        return self.process.stdout.readline().decode()

    def wait_in(self):
        """Until all are in; how long that took, s."""
        word, seconds = self.line(90).split()
        assert word == "in"
        return float(seconds)

    def tell(self, word):
        self.process.stdin.write(f"{word}\n".encode())

    def back(self):
        """What became of them since they were told to watch, or were cut."""
        found = json.loads(self.line(90))
        print(f"herd of {self.count}: {found}; load {os.getloadavg()[0]:.1f}")
        return found

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
