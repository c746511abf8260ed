# SPDX-License-Identifier: Apache-2.0
"""Faults of the disk and of the wall clock for a real program; tests/faults/faults.c does them."""
import errno
import mmap
import os
import pathlib
import struct

import pytest

from harness import BIN, Server, raw_ns

SHIM = BIN.parent / "tests" / "faults.so"
KNOBS = ("full write_errno sync_errno sync_stall sync_us realtime_us slew_ppb slew_from_us synced"
         " watch_main"
         " stall_main stall_playing"
         " syncs syncs_stalled syncs_failed syncs_main writes_failed clock_reads").split()

needs_shim = pytest.mark.skipif(
    bool(os.environ.get("ROOMTONE_SANITIZE")) or not SHIM.exists(),
    reason="a sanitizer wants to be loaded first: faults are tried with the plain builds")


class Faults:
    """Reads as attributes, sets as attributes: faults.full = 1."""

    def __init__(self, folder, victim):
        file = pathlib.Path(folder) / "faults"
        file.write_bytes(bytes(8 * len(KNOBS)))
        object.__setattr__(self, "environment", {
            "LD_PRELOAD": str(SHIM), "ROOMTONE_FAULTS": str(file),
            "ROOMTONE_FAULTS_DIR": str(victim)})
        with open(file, "r+b") as f:
            object.__setattr__(self, "map", mmap.mmap(f.fileno(), 0))

    def __getattr__(self, name):
        return struct.unpack_from("<q", self.map, 8 * KNOBS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("<q", self.map, 8 * KNOBS.index(name), value)

    def slew(self, ppm):
        """From now on the wall clock runs fast by this."""
        self.slew_ppb = 0
        self.slew_from_us = raw_ns() // 1000
        self.slew_ppb = round(ppm * 1000)

    def heal(self):
        for name in ("full", "write_errno", "sync_errno", "sync_stall", "stall_main", "stall_playing"):
            setattr(self, name, 0)


class FaultyServer(Server):
    """A server on a disk and a wall clock that can be made to fail: .faults"""

    def __init__(self, state, **more):
        self.faults = Faults(pathlib.Path(state).parent, state)
        super().__init__(state, environment=self.faults.environment, **more)

    def start(self):
        self.faults.watch_main = 0
        super().start()
        self.faults.watch_main = self.process.pid
        return self

    def stop(self, *how):
        self.faults.watch_main = 0
        self.faults.sync_stall = self.faults.stall_main = 0
        return super().stop(*how)


EIO, EROFS = errno.EIO, errno.EROFS
