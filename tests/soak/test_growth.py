# SPDX-License-Identifier: Apache-2.0
"""The soak's judge must convict what leaks, and nobody else; and the same seed must give the same plan."""
import random

import pytest

import growth
from growth import KIB, MIB
from plan import Plan


def run(figure, lives=4, seconds=600, every=5):
    """Samples of a run; figure(t, age, n) is what there is."""
    dice = random.Random(1)
    return [{"t": life * seconds + age, "life": life, "age": age, "x": figure(life * seconds + age, age, dice)}
            for life in range(lives) for age in range(0, seconds, every)]


def steady(t, age, dice):
    """Grows until it is warm, is restless, and has a login now and then."""
    return 20 * MIB + min(age, 60) * 50 * KIB + dice.randrange(200) * KIB + (64 * MIB if dice.random() < 0.05 else 0)


def leak(per_hour):
    return lambda t, age, dice: steady(t, age, dice) + per_hour * age / 3600


def memory(samples):
    return growth.within("x", samples, "x", 60, MIB, MIB, "because")


def test_a_steady_server_is_let_go():
    row = memory(run(steady))
    assert row.ok and abs(row.per_hour) < 2 * MIB, row


@pytest.mark.parametrize("per_hour", [15 * MIB, 40 * MIB, 400 * MIB])
def test_a_leak_of_ten_minutes(per_hour):
    row = memory(run(leak(per_hour)))
    assert not row.ok and row.per_hour == pytest.approx(per_hour, rel=0.3), row


def test_a_slow_leak_of_a_night():
    assert not memory(run(leak(3 * MIB), lives=1, seconds=8 * 3600, every=30)).ok
    assert memory(run(leak(MIB // 2), lives=1, seconds=8 * 3600, every=30)).ok


def test_a_leak_in_one_life_of_many():
    assert not memory(run(lambda t, age, dice: (leak(60 * MIB) if 600 <= t < 1200 else steady)(t, age, dice))).ok


def test_what_every_new_life_has_more_of():
    def heavier(t, age, dice):
        return steady(t, age, dice) + t // 600 * 2 * MIB
    assert memory(run(heavier)).ok  # within a life nothing shows
    assert not growth.across("x", run(heavier), "x", 60, MIB, MIB, "because").ok
    assert growth.across("x", run(steady), "x", 60, MIB, MIB, "because").ok
    assert growth.across("x", run(steady, lives=1), "x", 60, MIB, MIB, "because") is None


def test_nothing_to_judge_is_no_praise():
    assert not memory([]).ok and not memory(run(steady, seconds=61)).ok
    assert not growth.back("x", [], 0, "because").ok


def test_ceilings_descriptors_and_disk():
    log = run(lambda t, age, dice: 4 * MIB * dice.random())
    assert growth.ceiling("x", log, "x", 4 * MIB, "because").ok
    assert not growth.ceiling("x", log + [{**log[-1], "x": 5 * MIB}], "x", 4 * MIB, "because").ok
    assert growth.back("x", [(30, 30), (31, 30)], 0, "because").ok
    assert not growth.back("x", [(30, 30), (31, 32)], 0, "because").ok
    disk = run(lambda t, age, dice: t * 100)
    assert growth.per("x", disk, "x", 1000, 300, 0, "because").ok
    assert not growth.per("x", disk, "x", 1000, 200, 0, "because").ok


def test_the_table_says_what_is_over():
    text = growth.table([memory(run(steady)), memory(run(leak(400 * MIB)))])
    assert text.count("OVER") == 1 and text.count(" ok ") == 1 and "per hour" in text


def test_a_seed_is_a_plan():
    assert Plan(7, 600).events == Plan(7, 600).events != Plan(8, 600).events
    for seed in range(12):
        for seconds in (150, 600, 7200):
            p = Plan(seed, seconds)
            ends = [at for at, kind, _ in p.events if kind == "end"]
            assert {"kill", "clean"} <= {how for _, kind, how in p.events if kind == "end"}
            assert ends == sorted(ends) and max(at for at, _, _ in p.events) < seconds
            for at, kind, fault in p.events:
                if kind == "fault":
                    assert all(end < at or end > at + fault[1] for end in ends)
