# SPDX-License-Identifier: Apache-2.0
"""The analyser against delays that are known."""
import zlib

import numpy as np
import pytest

from analyse import RATE, WINDOW, Card, Crystal, delays, follow, spread, stretches, summary
from synthetic import at_fractions, noise, write_record

SEED = 20261125
BEGAN = 5_000_000_000_000  # ns since boot
SECONDS = 3


@pytest.fixture(scope="module")
def sounds():
    print(f"seed {SEED}")
    return {"noise": noise(SECONDS, SEED), "speech": noise(SECONDS, SEED + 1, speech=True)}


def record(tmp_path, name, sound, late_us=0.0, crystal=Crystal(RATE), **more):
    """A card that plays the sound late; it was started at an odd instant before."""
    start = BEGAN - 100_000_000 + zlib.crc32(name.encode()) % 1000 * 1000
    write_record(tmp_path / name, sound, BEGAN + late_us * 1000, start, SECONDS - 0.5, crystal,
                 seed=SEED, **more)
    return Card(tmp_path / name)


def heard(card):
    return card.sound(BEGAN, int((SECONDS - 1) * RATE))


@pytest.mark.parametrize("kind", ["noise", "speech"])
@pytest.mark.parametrize("late_us", [0, 0.1, 1, 7.3, 20.8, 100, 333.3, 1000, 5000, -2500])
def test_a_delay_is_found(tmp_path, sounds, kind, late_us):
    a, b = (record(tmp_path, n, sounds[kind], us) for n, us in (("a", 0), ("b", late_us)))
    _, found = delays(heard(a), heard(b))
    assert np.count_nonzero(~np.isnan(found)) >= len(found) - 1
    assert np.nanmax(np.abs(found - late_us)) <= (0.05 if abs(late_us) < 1000 else 0.2)


@pytest.mark.parametrize("late_us", [0.1, 50, 5000])
def test_cards_of_different_crystals(tmp_path, sounds, late_us):
    crystals = (Crystal(RATE, 60, 2, 3, 0.3), Crystal(RATE, -45, 2, 5, 2), Crystal(44100, 90))
    cards = [record(tmp_path, str(i), sounds["noise"], i * late_us, c)
             for i, c in enumerate(crystals)]
    for i in 1, 2:
        _, found = delays(heard(cards[0]), heard(cards[i]))
        assert np.nanmax(np.abs(found - i * late_us)) <= 1
    _, worst = spread([heard(c) for c in cards])
    assert abs(np.nanmax(worst) - 2 * late_us) <= 1


def test_hiss_and_16_bits(tmp_path, sounds):
    # 26 dB below the sound, a noise of its own on each card.
    a, b = (record(tmp_path, n, sounds["noise"], us, hiss=0.005, kind="S16_LE")
            for n, us in (("a", 0), ("b", 123.4)))
    _, found = delays(heard(a), heard(b))
    assert np.max(np.abs(found - 123.4)) <= 1


def test_what_is_unlike_is_no_delay(tmp_path, sounds):
    a = record(tmp_path, "a", sounds["noise"])
    b = record(tmp_path, "b", noise(SECONDS, SEED + 5))
    assert np.all(np.isnan(delays(heard(a), heard(b))[1]))
    assert np.all(np.isnan(summary(np.array([np.nan]))))


def test_where_in_the_source(tmp_path, sounds):
    source = sounds["noise"]
    _, places = follow(heard(record(tmp_path, "a", source, 250)), source)
    times = (np.arange(len(places)) + 0.5) * WINDOW / RATE
    assert np.nanmax(np.abs(places - (times - 250e-6))) <= 1e-6


def test_samples_lost_are_seen(tmp_path, sounds):
    """Seven samples are left out in the middle: the place jumps by as much and stays."""
    source = sounds["noise"]
    cut = np.concatenate([source[:RATE], source[RATE + 7:]])
    times, places = follow(heard(record(tmp_path, "a", cut)), source)
    moved = (places - times) * RATE
    assert np.all(np.abs(moved[times < 0.9]) < 0.05)
    assert np.all(np.abs(moved[times > 1.2] - 7) < 0.05)


def test_beginnings_and_ends(sounds):
    """Sound that fades in and out within 5 ms, as players do it."""
    fade = np.hanning(RATE // 100)
    part = sounds["noise"][:RATE].copy()
    part[:len(fade) // 2] *= fade[:len(fade) // 2]
    part[-len(fade) // 2:] *= fade[-len(fade) // 2:]
    gap = np.concatenate([np.zeros(1000), part, np.zeros(RATE // 5), part, np.zeros(1000)])
    found = stretches(gap)
    assert len(found) == 2
    begins, ends = np.array(found).T
    assert np.allclose(begins, np.array([1000, 1000 + 1.2 * RATE]) / RATE, atol=2e-3)
    assert np.allclose(ends - begins, 1, atol=4e-3)
    # The same, later by a part of a sample.
    later = stretches(at_fractions(gap, np.arange(len(gap)) - 0.3))
    assert np.allclose((np.array(later) - np.array(found)) * RATE, 0.3, atol=0.05)


def test_a_run_that_ended_is_silent_after(tmp_path, sounds):
    card = record(tmp_path, "a", sounds["noise"])
    card.runs[0].played = RATE  # the rest was written and never left
    sound = heard(card)
    assert np.any(sound[:RATE // 2]) and not np.any(sound[RATE + 100:])
