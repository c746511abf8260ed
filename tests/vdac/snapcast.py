# SPDX-License-Identifier: Apache-2.0
"""The same hall with Snapcast, from Debian's packages: what is to be compared with."""
import os
import pathlib
import shutil
import socket
import threading
import time

import numpy as np

from analyse import RATE
from rig import Program, Speakers
from synthetic import noise

INSTALLED = bool(shutil.which("snapserver") and shutil.which("snapclient"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Snapcast:
    name = "Snapcast"

    def __init__(self, folder, seconds, seed=20261125):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port, control = free_port(), free_port()
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        conf = self.folder / "snapserver.conf"
        conf.write_text(
            f"[server]\ndatadir = {self.folder}\n[http]\nenabled = false\n"
            f"[tcp]\nport = {control}\n[stream]\nport = {self.port}\n"
            f"source = pipe://{pipe}?name=noise&sampleformat={RATE}:16:2&mode=read\n")
        self.server = Program(self.folder / "server.txt", ["snapserver", "--config", conf],
                              {"HOME": str(self.folder)})
        mono = np.rint(noise(seconds, seed) * 32767).astype("<i2")
        self.ended = False
        threading.Thread(target=self.feed, args=[pipe, np.repeat(mono, 2).tobytes()],
                         daemon=True).start()
        self.wait_until_it_listens()

    def feed(self, pipe, sound):
        """The server takes it at the pace of its own clock; over and over."""
        fd = os.open(pipe, os.O_RDWR)  # also while nobody reads
        while not self.ended:
            for at in range(0, len(sound), 4096):
                if self.ended:
                    break
                os.write(fd, sound[at:at + 4096])
        os.close(fd)

    def wait_until_it_listens(self):
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert time.monotonic() < end, self.server.log.read_text()
                time.sleep(0.05)

    def command(self, i, port=None):
        return ["snapclient", "--host", "127.0.0.1", "--port", port or self.port,
                "--soundcard", f"p{i}", "--hostID", f"p{i}", "--instance", i + 1,
                "--logsink", "stdout"]

    def speakers(self, folder, cards, ports=None, **more):
        s = Speakers(folder, cards, **more)
        for i in range(len(cards)):
            s.start(i, self.command(i, ports and ports[i]))
        return s

    def play(self):
        """It always does."""

    def stop(self):
        self.ended = True
        self.server.stop()
