# SPDX-License-Identifier: Apache-2.0
"""The card of software, played by a program that writes to it as any program does."""
import ctypes
import errno
import functools
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from analyse import RATE, Card, Crystal
from rig import PLUGIN, Rig, machine, replug, unplug

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="the plain builds have the plug-in")

PERIOD = 480


def true_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


class Writer:
    """libasound as a program sees it: S16, stereo, blocking."""

    def __init__(self, rig, device):
        if rig:
            os.environ.update(rig.environment)
        self.lib = ctypes.CDLL("libasound.so.2")
        self.pcm = ctypes.c_void_p()
        self.check(self.lib.snd_pcm_open(ctypes.byref(self.pcm), device.encode(), 0, 0))
        # S16_LE, RW_INTERLEAVED, 2 channels, no resampling, 60 ms.
        self.check(self.lib.snd_pcm_set_params(self.pcm, 2, 3, 2, RATE, 0, 60000))

    @staticmethod
    def check(result):
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return result

    def write(self, frames):
        """frames: int16, n x 2."""
        self.lib.snd_pcm_writei.restype = ctypes.c_long
        done = 0
        while done < len(frames):
            part = np.ascontiguousarray(frames[done:])
            done += self.check(self.lib.snd_pcm_writei(
                self.pcm, part.ctypes.data_as(ctypes.c_void_p), ctypes.c_ulong(len(part))))

    def delay(self):
        delay = ctypes.c_long()
        self.check(self.lib.snd_pcm_delay(self.pcm, ctypes.byref(delay)))
        return delay.value

    def stamp_raw(self):
        """Asks for stamps by CLOCK_MONOTONIC_RAW (type 2) with each status."""
        sw = ctypes.c_void_p()
        self.check(self.lib.snd_pcm_sw_params_malloc(ctypes.byref(sw)))
        self.check(self.lib.snd_pcm_sw_params_current(self.pcm, sw))
        self.check(self.lib.snd_pcm_sw_params_set_tstamp_mode(self.pcm, sw, 1))
        self.check(self.lib.snd_pcm_sw_params_set_tstamp_type(self.pcm, sw, 2))
        self.check(self.lib.snd_pcm_sw_params(self.pcm, sw))
        self.lib.snd_pcm_sw_params_free(sw)

    def status(self):
        """(stamp in ns, delay), taken together."""
        status, ts = ctypes.c_void_p(), (ctypes.c_long * 2)()
        self.check(self.lib.snd_pcm_status_malloc(ctypes.byref(status)))
        self.check(self.lib.snd_pcm_status(self.pcm, status))
        self.lib.snd_pcm_status_get_htstamp(status, ts)
        self.lib.snd_pcm_status_get_delay.restype = ctypes.c_long
        delay = self.lib.snd_pcm_status_get_delay(status)
        self.lib.snd_pcm_status_free(status)
        return ts[0] * 10**9 + ts[1], delay

    def prepare(self):
        self.check(self.lib.snd_pcm_prepare(self.pcm))

    def drain(self):
        self.check(self.lib.snd_pcm_drain(self.pcm))

    def close(self):
        self.lib.snd_pcm_close(self.pcm)


def ramp(n, start=0):
    """Frames that say which they are."""
    left = (np.arange(start, start + n) % 30000).astype(np.int16)
    return np.stack([left, -left], axis=1)


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


def steady(test):
    """A machine that stands still for longer than the buffer lasts (60 ms) makes the card run dry, as it must.
    Then the test is no measure of it: once more, on another."""
    @functools.wraps(test)
    def again(rig, **given):
        for left in range(9, -1, -1):
            try:
                return test(rig=Rig(rig.folder / str(left)), **given)
            except OSError as e:
                if e.errno != errno.EPIPE or left == 0:
                    raise
    return again


@steady
def test_all_that_was_written_leaves_in_its_time(rig):
    crystal = Crystal(RATE, 300, 50, 0.5, 1)
    record = rig.card("a", ppm=300, wander_ppm=50, wander_s=0.5, wander_phase=1)
    w = Writer(rig, "a")
    w.write(ramp(RATE))
    w.drain()
    after = true_ns()
    w.close()
    card = Card(record)
    assert np.array_equal(card.frames(0, 0) * 2**15, ramp(RATE)[:, 0])
    run = card.runs[0]
    assert run.why == "dry" and run.played == RATE
    # The card says itself when its last frame left: by the crystal that it was given.
    assert abs(crystal.frames(run.start_ns, (run.end_ns - run.start_ns) / 1e9) - RATE) < 1e-3
    assert run.end_ns <= after


@pytest.mark.parametrize("grain, lie", [(1, 0), (48, 0), (1, 300)])
@steady
def test_what_it_says_of_its_position(rig, grain, lie):
    record = rig.card("a", ppm=-200, grain=grain, lie=lie)
    w = Writer(rig, "a")
    w.write(ramp(2880))
    told = []
    for i in range(40):
        w.write(ramp(240))
        before = true_ns()
        delay = w.delay()
        told.append((before, true_ns(), 2880 + 240 * (i + 1) - delay))
    w.close()
    run = Card(record).runs[0]
    for before, after, frame in told:
        earliest, latest = (Crystal(RATE, -200).frames(run.start_ns, (t - run.start_ns) / 1e9)
                            for t in (before, after))
        assert earliest - grain - 1e-6 <= frame + lie <= latest + 1e-6
        assert (frame + lie) % grain == 0


@steady
def test_stamps_belong_to_their_delays(rig):
    """A position is never ahead of its stamp, and most are within a frame or two of it."""
    record = rig.card("a", ppm=100)
    w = Writer(rig, "a")
    w.stamp_raw()
    w.write(ramp(2880))
    told = []
    for i in range(100):
        w.write(ramp(240))
        stamp, delay = w.status()
        told.append((stamp, 2880 + 240 * (i + 1) - delay))
    w.close()
    run = Card(record).runs[0]
    behind = [Crystal(RATE, 100).frames(run.start_ns, (stamp - run.start_ns) / 1e9) - frame
              for stamp, frame in told]
    assert min(behind) >= -1e-6
    assert np.median(behind) < 2


@steady
def test_a_late_writer_runs_dry(rig):
    record = rig.card("a")
    w = Writer(rig, "a")
    w.write(ramp(2880))
    time.sleep(0.1)
    with pytest.raises(OSError) as late:
        w.write(ramp(480))
    assert late.value.errno == errno.EPIPE
    w.prepare()
    w.write(ramp(2880))
    w.drain()
    w.close()
    runs = Card(record).runs
    assert [(r.why, r.played) for r in runs] == [("dry", 2880), ("dry", 2880)]
    assert abs((runs[0].end_ns - runs[0].start_ns) / 1e9 - 2880 / RATE) < 1e-6


@steady
def test_forced_xruns_come_by_their_seed(rig):
    ends = []
    records = [rig.card(name, xrun_every=0.05, seed=7) for name in "ab"]
    for name, record in zip("ab", records):
        w = Writer(rig, name)
        for _ in range(50):
            try:
                w.write(ramp(480))
            except OSError as e:
                assert e.errno == errno.EPIPE
                w.prepare()
        w.close()
        card = Card(record)
        if card.count("dry"):
            raise OSError(errno.EPIPE, "not by its seed alone")
        assert card.count("forced") >= 2
        ends.append([r.end_ns - r.start_ns for r in card.runs if r.why == "forced"])
    # The first comes after the same time, at the write that is then due.
    assert abs(ends[0][0] - ends[1][0]) < 50e6


@steady
def test_unplugged_and_plugged_in_again(rig):
    record = rig.card("a")
    w = Writer(rig, "a")
    w.write(ramp(4800))
    unplug(record)
    with pytest.raises(OSError) as gone:
        w.write(ramp(4800))
    if gone.value.errno == errno.EPIPE:
        raise gone.value
    assert gone.value.errno == errno.ENODEV
    w.close()
    with pytest.raises(OSError):
        Writer(rig, "a")
    replug(record)
    w = Writer(rig, "a")
    w.write(ramp(4800))
    w.drain()
    w.close()
    runs = Card(record).runs
    assert runs[0].why == "unplugged" and runs[0].played < 4800
    assert (runs[1].why, runs[1].played) == ("dry", 4800)


# Waits until 0.2 s from now on this machine's clock, in each way that the shim knows.
WAITS = """
import ctypes, json, os, time
libc = ctypes.CDLL(None)
MONOTONIC, ABSOLUTE = 1, 1

def stamps():
    return [time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW), time.monotonic_ns(), time.time_ns()]

def until():
    at = time.monotonic_ns() + 200_000_000
    return (ctypes.c_long * 2)(at // 10**9, at % 10**9)

def sleep():
    libc.clock_nanosleep(MONOTONIC, ABSOLUTE, until(), None)

def condition():
    mutex, cond = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_cond_clockwait(cond, mutex, MONOTONIC, until())

def timed_condition():
    attr, cond = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
    mutex = ctypes.create_string_buffer(64)
    libc.pthread_condattr_init(attr)
    libc.pthread_condattr_setclock(attr, MONOTONIC)
    libc.pthread_cond_init(cond, attr)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_cond_timedwait(cond, mutex, until())

def timer():
    fd = libc.timerfd_create(MONOTONIC, 0)
    libc.timerfd_settime(fd, ABSOLUTE, (ctypes.c_long * 4)(0, 0, *until()), None)
    os.read(fd, 8)

took = {}
for wait in sleep, condition, timed_condition, timer:
    before = time.monotonic_ns()
    wait()
    took[wait.__name__] = time.monotonic_ns() - before
print(json.dumps({"stamps": stamps(), "took": took}))
"""


@pytest.mark.parametrize("offset_s", [7200, -300])
def test_another_machines_clock(offset_s):
    def run(environment):
        done = subprocess.run([sys.executable, "-c", WAITS], env={**os.environ, **environment},
                              capture_output=True, check=True, timeout=60)
        return json.loads(done.stdout)
    here = run({})["stamps"]
    there = run(machine(1000, offset_s))
    for clock, expected in enumerate((here[0] * 1.001 + offset_s * 1e9,
                                      here[1] * 1.001 + offset_s * 1e9, here[2])):
        assert 0 <= there["stamps"][clock] - expected < 60e9
    for wait, took in there["took"].items():
        assert 0.2e9 <= took < 20e9, wait


def test_the_card_keeps_true_time(rig):
    """...and is not taken in by the clock of the program's machine."""
    record = rig.card("a")
    play = f"""
import os, sys
sys.path[:0] = {[os.path.dirname(__file__)]!r}
import test_card
w = test_card.Writer(None, "a")
w.write(test_card.ramp(2880)) # all that it holds: what comes late cannot let it run dry
w.drain()
w.close()
"""
    before = true_ns()
    subprocess.run([sys.executable, "-c", play], check=True, timeout=60,
                   env={**os.environ, **rig.environment, **machine(1000, 7200)})
    run = Card(record).runs[0]
    assert before < run.start_ns < run.end_ns < true_ns()
    assert abs((run.end_ns - run.start_ns) / 1e9 - 0.06) < 1e-6
