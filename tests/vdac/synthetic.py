# SPDX-License-Identifier: Apache-2.0
"""Sounds that tell a delay well, and the records that cards would make of them."""
import json

import numpy as np

from analyse import RATE, Crystal


def noise(seconds, seed, speech=False):
    """Noise that never repeats, falling towards high notes as music does, peak 0.5.

    As speech it comes in syllables of some tenths of a second with short silences between.
    """
    dice = np.random.default_rng(seed)
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(dice.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    # 3 dB an octave between 100 Hz and 10 kHz: pink, without the rumble and the hiss.
    spectrum *= np.where((hz > 40) & (hz < 18000), 1 / np.sqrt(np.clip(hz, 100, 10000)), 0)
    sound = np.fft.irfft(spectrum, count)
    if speech:
        sound *= syllables(count, dice)
    return (sound / np.abs(sound).max() * 0.5).astype(np.float32)


def syllables(count, dice):
    envelope, at = np.zeros(count), 0
    while at < count:
        length = int(dice.uniform(0.12, 0.35) * RATE)
        rise = np.hanning(length)[:max(0, count - at)] ** 0.5
        envelope[at:at + length] = rise * dice.uniform(0.4, 1)
        at += length + int(dice.choice([0.01, 0.04, 0.25], p=[0.6, 0.3, 0.1]) * RATE)
    return envelope


def at_fractions(sound, places):
    """`sound` between its samples, by another road than the analyser's: made sixteen times as dense
    (exact, by its spectrum), then a cubic through the four nearest (Lagrange): 100 dB."""
    dense = 16
    # To a length of small factors: with a large prime in it the spectrum takes twenty times as long.
    padded = np.pad(sound.astype(np.float64), (256, 256 + -(len(sound) + 512) % 4096))
    spectrum = np.fft.rfft(padded)
    fine = np.fft.irfft(spectrum, dense * len(padded)) * dense
    at = np.clip((places + 256) * dense, 1, len(fine) - 3)
    whole = np.floor(at).astype(np.int64)
    x = at - whole
    return (-x * (x - 1) * (x - 2) / 6 * fine[whole - 1]
            + (x + 1) * (x - 1) * (x - 2) / 2 * fine[whole]
            - (x + 1) * x * (x - 2) / 2 * fine[whole + 1]
            + (x + 1) * x * (x - 1) / 6 * fine[whole + 2])


def write_record(prefix, sound, sound_ns, start_ns, seconds, crystal, hiss=0, seed=0,
                 kind="FLOAT_LE"):
    """The record of a card that started at `start_ns` and let `sound` leave as if from `sound_ns`.

    Frame n of it leaves when the crystal says so, and holds what the sound is at that instant.
    """
    frames = np.arange(int(seconds * crystal.rate))
    instants = frames / crystal.rate
    for _ in range(6):  # the crystal's sum, solved for time
        instants += (frames - crystal.frames(start_ns, instants)) / crystal.rate
    out = at_fractions(sound, (instants + (start_ns - sound_ns) / 1e9) * RATE)
    out += hiss * np.random.default_rng(seed).standard_normal(len(out))
    full = {"FLOAT_LE": None, "S16_LE": 2**15 - 1}[kind]
    data = out.astype("<f4") if full is None else np.rint(out * full).astype("<i2")
    data.tofile(f"{prefix}.pcm")
    setup = {"setup": start_ns, "format": kind, "channels": 1, "rate": crystal.rate,
             "ppm": crystal.ppm, "wander_ppm": crystal.wander_ppm, "wander_s": crystal.wander_s,
             "wander_phase": crystal.wander_phase}
    with open(f"{prefix}.log", "w") as log:
        for event in (setup, {"run": start_ns, "byte": 0}):
            log.write(json.dumps(event) + "\n")
