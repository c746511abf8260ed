# SPDX-License-Identifier: Apache-2.0
"""Cards of software, machines with clocks of their own and bad networks, for tests to hold."""
import os
import pathlib
import signal
import subprocess
import sys
import time

from analyse import Card

TESTS = pathlib.Path(os.environ["ROOMTONE_BIN"]).parent / "tests"
PLUGIN = TESTS / "libasound_module_pcm_roomtone_vdac.so"
MACHINE = TESTS / "machine.so"

# Crystals as they are sold, warm and cold; each sways at its own time.
CRYSTALS = [{"ppm": ppm, "wander_ppm": 2, "wander_s": 45, "wander_phase": phase}
            for ppm, phase in ((60.0, 0.0), (-45.0, 2.1), (0.0, 4.2))]
# Machines that have been up for hours more, for days more, for a minute less: (ppm, s).
CLOCKS = [(20, 7200), (-10, 400_000), (5, -60)]


def true_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


def end_all_on_sigterm():
    """Ended from outside, a program that holds others ends them, as on Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


class Rig:
    """Cards in one asound.conf. `environment` lets a program find them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.conf = self.folder / "asound.conf"
        # ALSA's own defaults first: programs that list cards look for them.
        self.conf.write_text("</usr/share/alsa/alsa.conf>\n"
                             f'pcm_type.roomtone_vdac {{ lib "{PLUGIN}" }}\n')
        self.environment = {"ALSA_CONFIG_PATH": str(self.conf)}

    def card(self, name, **parameters):
        """A card by this name; parameters as tests/vdac/card.c has them. Returns its record."""
        record = self.folder / name
        lines = [f"{k} {v!r}" if isinstance(v, (int, float)) else f'{k} "{v}"'
                 for k, v in parameters.items()]
        with open(self.conf, "a") as conf:
            conf.write(f"pcm.{name} {{\n  type roomtone_vdac\n  log \"{record}\"\n  "
                       + "\n  ".join(lines)
                       + f'\n  hint {{ show on description "{name}" }}\n}}\n')
        return record


def machine(ppm, offset_s):
    """The environment of a program that runs on another machine's clock."""
    return {"LD_PRELOAD": str(MACHINE), "ROOMTONE_MACHINE_PPM": repr(float(ppm)),
            "ROOMTONE_MACHINE_OFFSET_S": repr(float(offset_s))}


def unplug(record):
    pathlib.Path(f"{record}.unplug").touch()


def replug(record):
    pathlib.Path(f"{record}.unplug").unlink()


class Relay:
    """A bad network before a port of this machine; options as tests/vdac/jitter_relay.c has them."""

    def __init__(self, server_port, *options):
        self.process = subprocess.Popen(
            [str(c) for c in (TESTS / "jitter_relay", *options, server_port)],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class Program:
    """A program with a log, measured and ended by whoever started it."""

    def __init__(self, log, command, environment):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL,
                                            env={**os.environ, **environment})

    def cpu_s(self):
        """Seconds of processor that it has used."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        return sum(int(f) for f in fields.split()[11:13]) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=30)


class Speakers:
    """Players of any make: each a program on a card and on a machine's clock of its own.

    `environment` comes last: with another LD_PRELOAD they are on this machine's clock.
    """

    def __init__(self, folder, cards, clocks=CLOCKS, environment=None):
        self.rig, self.clocks, self.environment = Rig(folder), clocks, environment or {}
        self.records = [self.rig.card(f"p{i}", **card) for i, card in enumerate(cards)]
        self.programs = [None] * len(cards)
        self.started_ns = [0] * len(cards)

    def start(self, i, command):
        """Starts (again) the program that plays on card "p<i>"."""
        self.started_ns[i] = true_ns()
        self.programs[i] = Program(self.rig.folder / f"p{i}.txt", command,
                                   {**self.rig.environment, **machine(*self.clocks[i % len(self.clocks)]),
                                    **self.environment})

    def cards(self):
        return [Card(r) for r in self.records]

    def stop(self):
        return [p.stop() for p in self.programs]


def play_on(speakers, seconds):
    """Until that much more was played, by the cards' own count."""
    end = true_ns() + seconds * 1e9
    while min(c.ended_ns for c in speakers.cards()) < end:
        time.sleep(0.1)
