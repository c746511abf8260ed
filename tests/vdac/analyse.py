#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far apart simulated cards were: analyse.py PREFIX PREFIX...

Each card's record (tests/vdac/record.h) is put on one axis of true time, by the crystal that the
card is known to have had. On that axis a delay between two cards is a delay between two arrays, and
a window of a quarter of a second tells it to well below a microsecond:

    window of a ── FFT ──┐
                         ├─ correlation: peak to the sample ─ phase of the cross-spectrum: the slope
    same of b ──── FFT ──┘                                    over frequency is the rest of the delay

The phase's slope is that of a straight line through zero, weighted by the power that both share
(generalised cross-correlation; Knapp and Carter 1976), taken after the peak's parabola has brought
all phases near zero, so that none wraps.
"""
import dataclasses
import json
import pathlib
import sys

import numpy as np

RATE = 48000  # of the axis
WINDOW = RATE // 4
DTYPES = {"S16_LE": ("<i2", 2**15), "S32_LE": ("<i4", 2**31), "FLOAT_LE": ("<f4", 1)}

# ---- records ---------------------------------------------------------------------------------

TAPS, PHASES = 32, 1024  # of the interpolation: 80 dB below 20 kHz, placed to 10 ns


def interpolation_table():
    """Windowed sinc, a row for each fraction of a sample."""
    x = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    shape = np.i0(9 * np.sqrt(np.maximum(0, 1 - (x / (TAPS // 2)) ** 2))) / np.i0(9)
    return (np.sinc(x) * shape).astype(np.float32)


TABLE = interpolation_table()


def interpolate(samples, at):
    """A band-limited signal at fractional positions; silence outside of it."""
    out = np.zeros(len(at), np.float32)
    inside = np.flatnonzero((at > -TAPS) & (at < len(samples) + TAPS))
    if not len(inside):
        return out
    padded = np.concatenate([np.zeros(2 * TAPS, np.float32), samples.astype(np.float32),
                             np.zeros(2 * TAPS, np.float32)])
    spans = np.lib.stride_tricks.sliding_window_view(padded, TAPS)
    for part in np.array_split(inside, len(inside) // 65536 + 1):
        whole = np.floor(at[part]).astype(np.int64)
        row = np.rint((at[part] - whole) * PHASES).astype(np.int64)
        out[part] = np.einsum("ij,ij->i", spans[whole + 2 * TAPS - (TAPS // 2 - 1)], TABLE[row])
    return out


@dataclasses.dataclass
class Crystal:
    """The same sum as tests/vdac/crystal.h."""
    rate: float
    ppm: float = 0
    wander_ppm: float = 0
    wander_s: float = 45
    wander_phase: float = 0

    def frames(self, start_ns, seconds):
        """Frames that left in `seconds` after an instant; of an array, an array."""
        k = 2 * np.pi / self.wander_s
        begin = k * (start_ns / 1e9) + self.wander_phase
        sway = (np.cos(begin) - np.cos(begin + k * seconds)) / k
        return self.rate * (seconds * (1 + self.ppm * 1e-6) + self.wander_ppm * 1e-6 * sway)


@dataclasses.dataclass
class Run:
    start_ns: int
    byte: int
    setup: dict
    played: int = None  # None: the program died, or plays still
    end_ns: int = None
    why: str = None


class Card:
    """The record of one card: .runs, and .sound() on the axis of true time."""

    def __init__(self, prefix):
        self.runs = []
        setup = None
        for line in pathlib.Path(f"{prefix}.log").read_text().splitlines():
            event = json.loads(line)
            if "setup" in event:
                setup = event
            elif "run" in event:
                self.runs.append(Run(event["run"], event["byte"], setup))
            else:
                run = self.runs[-1]
                run.end_ns, run.played, run.why = event["end"], event["played"], event["why"]
        self.pcm = np.memmap(f"{prefix}.pcm", np.uint8, "r")

    def frames(self, i, channel):
        """What left in run i: of one channel, or the mean of all when it is None."""
        run = self.runs[i]
        kind, full = DTYPES[run.setup["format"]]
        channels = run.setup["channels"]
        size = np.dtype(kind).itemsize * channels
        end = self.runs[i + 1].byte if i + 1 < len(self.runs) else len(self.pcm)
        count = (end - run.byte) // size
        if run.played is not None:
            count = min(count, run.played)
        data = self.pcm[run.byte:run.byte + count * size].view(kind).reshape(-1, channels)
        data = data.mean(axis=1) if channel is None else data[:, channel]
        return (data / full).astype(np.float32)

    def sound(self, start_ns, count, channel=None):
        """`count` samples at RATE, the first at a true instant; silence where nothing played."""
        out = np.zeros(count, np.float32)
        for i, run in enumerate(self.runs):
            crystal = Crystal(run.setup["rate"], *(run.setup[k] for k in (
                "ppm", "wander_ppm", "wander_s", "wander_phase")))
            first = max(0, int((run.start_ns - start_ns) / 1e9 * RATE) - TAPS)
            frames = self.frames(i, channel)
            last = first + int(len(frames) / crystal.rate * RATE * 1.001) + 2 * TAPS
            if start_ns > run.start_ns:  # the run began before: all of it that is left
                last = count
            last = min(count, last)
            seconds = (start_ns - run.start_ns) / 1e9 + np.arange(first, last) / RATE
            out[first:last] += interpolate(frames, crystal.frames(run.start_ns, seconds))
        return out

    @property
    def began_ns(self):
        return self.runs[0].start_ns

    @property
    def ended_ns(self):
        """When the last frame left, as far as was written."""
        run, frames = self.runs[-1], len(self.frames(len(self.runs) - 1, 0))
        return run.start_ns + int(frames / run.setup["rate"] * 1e9)

    def count(self, why):
        return sum(run.why == why for run in self.runs)


# ---- delays ----------------------------------------------------------------------------------

LOW_HZ, HIGH_HZ = 60, 20000  # below, a window holds too little of a wave; above, the table's edge


def peak(correlation):
    """Where the highest value is, and the fraction beyond by a parabola."""
    i = int(np.argmax(correlation))
    if i in (0, len(correlation) - 1):
        return i, 0.0
    left, top, right = correlation[i - 1:i + 2]
    bend = left - 2 * top + right
    return i, float(0.5 * (left - right) / bend) if bend < 0 else 0.0


def coarse(a, b):
    """Where in the longer b the sound of a begins: to the sample, and a fraction."""
    n = 1 << (len(a) + len(b) - 1).bit_length()
    both = np.fft.irfft(np.fft.rfft(b, n) * np.conj(np.fft.rfft(a, n)), n)
    return peak(both[:len(b) - len(a) + 1])


def fine(a, b, guess):
    """(samples, likeness 0..1): how much later b is than a, near a guess below a sample."""
    shape = np.hanning(len(a))
    fa, fb = np.fft.rfft(a * shape), np.fft.rfft(b * shape)
    hz = np.fft.rfftfreq(len(a), 1 / RATE)
    band = (hz >= LOW_HZ) & (hz <= HIGH_HZ)
    fa, fb, w = fa[band], fb[band], 2 * np.pi * hz[band] / RATE
    cross = np.conj(fa) * fb * np.exp(1j * w * guess)
    power = np.abs(cross)
    total = np.sqrt(np.sum(np.abs(fa) ** 2) * np.sum(np.abs(fb) ** 2))
    if total == 0 or not np.any(power):
        return 0.0, 0.0
    rest = -np.sum(power * w * np.angle(cross)) / np.sum(power * w * w)
    likeness = np.sum((cross * np.exp(1j * w * rest)).real) / total
    return guess + rest, float(likeness)


def delay(a, b, at, window, reach):
    """(samples, likeness) for the window of `a` that begins at `at`."""
    one = a[at:at + window]
    where, part = coarse(one, b[at - reach:at + window + reach])
    lag = where - reach
    found, likeness = fine(one, b[at + lag:at + lag + window], part)
    return lag + found, likeness


def delays(a, b, window=WINDOW, step=None, reach=RATE // 20, likeness=0.7):
    """(times in s, delays in us): how much later b is than a; NaN where they are not alike.

    Both are arrays on the same axis. `reach`: samples that a delay may be.
    """
    starts = np.arange(reach, min(len(a), len(b)) - window - reach, step or window)
    found = np.full(len(starts), np.nan)
    for i, at in enumerate(starts):
        samples, alike = delay(a, b, at, window, reach)
        if alike >= likeness:
            found[i] = samples / RATE * 1e6
    return (starts + window / 2) / RATE, found


def spread(sounds, **more):
    """(times in s, us): the worst pair of several cards at each time; NaN where any is unlike."""
    against = [delays(sounds[0], s, **more) for s in sounds[1:]]
    each = np.stack([np.zeros(len(against[0][0]))] + [found for _, found in against])
    return against[0][0], each.max(axis=0) - each.min(axis=0)


def follow(sound, source, window=WINDOW, reach=RATE // 20, likeness=0.5):
    """(times in s, places in s): which place of `source` sounds at each time; NaN where none."""
    starts = np.arange(0, len(sound) - window, window)
    places = np.full(len(starts), np.nan)
    padded = np.pad(source, window)
    expected = None  # where in `padded`, less the window's own beginning
    for i, at in enumerate(starts):
        one = sound[at:at + window]
        if not np.any(one):
            continue
        spans = [(0, len(padded))]
        if expected is not None:  # near the place that would follow, before everywhere
            near = max(0, expected + at - reach)
            spans.insert(0, (near, near + window + 2 * reach))
        for low, high in spans:
            if high > len(padded):
                continue
            where, part = coarse(one, padded[low:high])
            found, alike = fine(one, padded[low + where:low + where + window], part)
            if alike >= likeness:
                expected = low + where - at
                # `found` is how much later the source's window has it than the sound's.
                places[i] = (low + where + found + window / 2 - window) / RATE
                break
    return (starts + window / 2) / RATE, places


# ---- beginnings, ends, gaps ------------------------------------------------------------------


def crossing(sound, near, quiet):
    """Where the wave first rises above `quiet`, in samples; `near`: the first sample that does.

    Looked for between the samples, where a wave may peak: the instant is then one of the wave, and
    not of how it was sampled, so that it can be compared between cards.
    """
    dense = np.arange(near - 8, near + 1, 1 / 16)
    wave = np.abs(interpolate(sound[max(0, near - 64):near + 64], dense - max(0, near - 64)))
    i = int(np.argmax(wave > quiet))
    if i == 0:
        return float(near)
    return dense[i] - (wave[i] - quiet) / (wave[i] - wave[i - 1]) / 16


def stretches(sound, quiet=0.001, pause_s=0.05):
    """[(begin, end)] in s of all that is louder than `quiet`, pauses below `pause_s` left in."""
    loud = np.flatnonzero(np.abs(sound) > quiet)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > pause_s * RATE)
    begins = loud[np.concatenate([[0], breaks + 1])]
    ends = loud[np.concatenate([breaks, [len(loud) - 1]])]
    last = len(sound) - 1
    return [(crossing(sound, b, quiet) / RATE,
             (last - crossing(sound[::-1], last - e, quiet)) / RATE) for b, e in zip(begins, ends)]


def summary(values):
    """median, p99, max of what is known."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan, np.nan
    return np.median(known), np.quantile(known, 0.99), known.max()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cards = [Card(p) for p in sys.argv[1:]]
    begin = max(c.began_ns for c in cards)
    count = int((min(c.ended_ns for c in cards) - begin) / 1e9 * RATE)
    times, worst = spread([c.sound(begin, count) for c in cards])
    for t, us in zip(times, worst):
        print(f"{t:8.3f} s  {us:10.2f} us")
    print("worst pair: median %.1f us, p99 %.1f us, max %.1f us" % summary(worst))


if __name__ == "__main__":
    main()
