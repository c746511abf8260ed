# SPDX-License-Identifier: Apache-2.0
"""Players on cards of software and machines with clocks of their own: what left the cards.

The limits are generous, since the machine that tests may be busy; `./dev bench sync` measures.
"""
import contextlib
import pathlib
import signal
import sqlite3
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vdac"))
from analyse import RATE, follow, spread, stretches  # noqa: E402
from hall import Hall  # noqa: E402
from harness import wait_until  # noqa: E402
from rig import CRYSTALS, PLUGIN, Speakers, play_on, replug, true_ns, unplug  # noqa: E402

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="the plain builds have the plug-in")

IN_STEP_US = 1000


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    h = Hall(tmp_path_factory.mktemp("hall") / "hall", seconds=60)
    yield h
    h.stop()


def in_step(report):
    return report["playing"] == "sound" and abs(report["error_us"]) < IN_STEP_US


@pytest.fixture
def on(hall, tmp_path):
    """on(cards): players on these that play in step, as far as they say."""
    started = []

    def start(cards):
        s = hall.speakers(tmp_path / "cards", cards)
        started.append(s)
        hall.play()
        hall.wait_for(len(cards), in_step, "all in step")
        return s
    yield start
    for s in started:
        assert set(s.stop()) == {0}, [p.log.read_text() for p in s.programs]


@pytest.fixture
def speakers(on):
    return on(CRYSTALS[:2])


def heard(speakers, begin_ns):
    """What left the cards since then, as arrays on one axis."""
    cards = speakers.cards()
    assert not any(c.count("dry") for c in cards), "a card ran dry"
    count = int((min(c.ended_ns for c in cards) - begin_ns) / 1e9 * RATE)
    return [c.sound(begin_ns, count) for c in cards]


def test_they_sound_together(speakers):
    begin = true_ns()
    play_on(speakers, 8)
    _, apart = spread(heard(speakers, begin))
    assert len(apart) > 20 and not np.any(np.isnan(apart))
    assert np.max(apart) < IN_STEP_US


def test_pause_and_play_are_heard_at_one_instant(hall, speakers):
    for command, which in (("pause", 1), ("play", 0)):
        begin = true_ns()
        assert hall.server.command(command).status == 200
        play_on(speakers, 2)
        instants = [stretches(s)[0][which] for s in heard(speakers, begin)]
        assert abs(instants[0] - instants[1]) * 1e6 < IN_STEP_US


def test_only_who_is_asked_chirps(hall, speakers):
    kiosk = next(m["kiosk"] for m in hall.server.group()["members"] if m["name"] == "p0")
    hall.server.command("pause")
    hall.wait_for(2, lambda r: r["playing"] == "silent", "both silent")
    play_on(speakers, 0.3)
    begin = true_ns()
    assert hall.server.request("POST", f"/api/v1/kiosks/{kiosk}/identify").status == 204
    play_on(speakers, 1)
    asked, other = heard(speakers, begin)
    assert np.max(np.abs(other)) < 1e-4
    assert 0.2 < np.max(np.abs(asked)) < 0.3
    loud = np.flatnonzero(np.abs(asked) > 0.01)
    assert 0.35 < (loud[-1] - loud[0]) / RATE < 0.46
    # It swells: no step is larger than that of its notes.
    assert np.max(np.abs(np.diff(asked))) < 0.25 * 2 * np.pi * 1900 / RATE


def test_a_killed_server_is_not_heard(hall, speakers):
    begin = true_ns()
    play_on(speakers, 2)
    hall.server.stop(signal.SIGKILL)
    play_on(speakers, 2)
    hall.server.start()
    hall.wait_for(2, lambda r: r["playing"] == "sound", "both back")
    play_on(speakers, 3)
    sounds, source = heard(speakers, begin), hall.source()
    assert np.nanmax(spread(sounds)[1]) < IN_STEP_US
    for sound in sounds:
        assert len(stretches(sound, pause_s=0.001)) == 1, "a gap"
        times, places = follow(sound, source)
        moved = (places - times) * 1e6
        assert not np.any(np.isnan(moved))
        assert np.max(np.abs(np.diff(moved))) < 100, "samples lost"
        assert np.max(moved) - np.min(moved) < IN_STEP_US


def test_cards_of_every_kind(on):
    speakers = on([
        {**CRYSTALS[0], "format": "S32_LE", "rate": 44100, "grain": 44, "period_min": 1024},
        {**CRYSTALS[1], "format": "FLOAT_LE", "channels": 1, "period_max": 256},
        {**CRYSTALS[2], "format": "S16_LE", "period_min": 441, "period_max": 441}])
    begin = true_ns()
    play_on(speakers, 5)
    _, apart = spread(heard(speakers, begin))
    assert np.max(apart) < IN_STEP_US


def test_a_card_that_stops_now_and_then(hall, on):
    """It is soon back in its place, and nobody else notices."""
    speakers = on([{**CRYSTALS[0], "xrun_every": 2, "seed": 3}, CRYSTALS[1]])
    begin = true_ns()
    while speakers.cards()[0].count("forced") < 3:
        play_on(speakers, 0.5)
    hall.wait_for(2, in_step, "both in step again")
    a, b = heard(speakers, begin)
    assert len(stretches(b, pause_s=0.001)) == 1
    _, apart = spread([a, b])
    # Windows with a hole in them are unlike; those between holes are in step.
    known = apart[~np.isnan(apart)]
    assert len(known) > len(apart) / 2 and np.quantile(known, 0.8) < IN_STEP_US


def test_a_box_that_was_rebooted_is_not_heard(hall, speakers):
    """House time begins anew, by the wall clock: the old goes on until the new is measured."""
    begin = true_ns()
    play_on(speakers, 2)
    hall.server.stop(signal.SIGKILL)
    with contextlib.closing(sqlite3.connect(hall.server.state / "roomtone.db")) as db, db:
        # As after minutes off, which are not waited for: what was reserved ahead is long over.
        db.execute("UPDATE clock_anchor SET boot_id='an earlier boot', reserved_us=house_us")
    hall.server.start()
    hall.wait_for(2, lambda r: in_step(r) and r.get("via") == "udp", "both back")
    play_on(speakers, 4)
    assert all("house time began anew" in p.log.read_text() for p in speakers.programs)
    sounds, source = heard(speakers, begin), hall.source()
    for sound in sounds:
        assert len(stretches(sound, pause_s=0.001)) == 1, "a gap"
        times, places = follow(sound, source)
        assert np.max(np.abs(np.diff((places - times) * 1e6))) < 300, "a jump"
    assert np.nanmax(spread(sounds)[1]) < 2 * IN_STEP_US


def test_a_card_that_is_pulled_out_and_put_back(hall, speakers):
    """The player looks for it, and plays on at everybody's place."""
    begin = true_ns()
    play_on(speakers, 1)
    unplug(speakers.records[0])
    gone, back = "is gone: looking for it", "playing on p0"
    wait_until(lambda: gone in speakers.programs[0].log.read_text(), "the loss to be seen", 30)
    wait_until(lambda: any(r["servo"] == "silent" for r in hall.reports()), "the loss told", 30)
    replug(speakers.records[0])
    wait_until(lambda: speakers.programs[0].log.read_text().count(back) == 2, "the card back", 30)
    hall.wait_for(2, in_step, "both in step again")
    play_on(speakers, 3)
    a, b = heard(speakers, begin)
    assert len(stretches(b, pause_s=0.001)) == 1, "the other was disturbed"
    assert len(stretches(a)) == 2
    _, apart = spread([a, b])
    assert np.nanmax(apart[-8:]) < IN_STEP_US and not np.any(np.isnan(apart[-8:]))
    assert [r["jumps"] for r in hall.reports()] == [0, 0]


def test_the_machines_own_card_that_comes_after_the_start(hall, tmp_path):
    """It is waited for, and staff are not told meanwhile that this kiosk is in step."""
    speakers = Speakers(tmp_path / "cards", CRYSTALS[:1])
    with open(speakers.rig.conf, "a") as conf:
        conf.write('pcm.!default "p0"\n')
    unplug(speakers.records[0])
    speakers.start(0, ["default" if word == "p0" and before == "--device" else word
                       for before, word in zip([None, *hall.command(0)], hall.command(0))])
    log = speakers.programs[0].log
    hall.play()
    hall.wait_for(1, lambda r: r["playing"] == "sound" and r["servo"] == "silent", "the want to be told")
    replug(speakers.records[0])
    wait_until(lambda: "playing on default" in log.read_text(), "the card to be found", 30)
    hall.wait_for(1, lambda r: in_step(r) and r["servo"] != "silent", "in step")
    begin = true_ns()
    play_on(speakers, 1)
    assert np.max(np.abs(speakers.cards()[0].sound(begin, RATE // 2))) > 0.01
    assert log.read_text().count("no sound card: waiting for one") == 1
    assert set(speakers.stop()) == {0}


def test_a_zone_is_heard_without_a_click(hall, speakers):
    def zone(**changes):
        kiosks = hall.server.request("GET", "/api/v1/kiosks").json["kiosks"]
        kiosk = next(k for k in kiosks if k["name"] == "p0")
        assert hall.server.request("PATCH", f"/api/v1/kiosks/{kiosk['id']}",
                                   changes).status == 200
        begin = true_ns()
        play_on(speakers, 2)
        card = speakers.cards()[0]
        return [card.sound(begin, RATE * 3 // 2, channel) for channel in (0, 1)]

    def level(sound):
        """Of the last second, dB."""
        return 10 * np.log10(np.mean(sound[-RATE:] ** 2) + 1e-20)
    loud = zone(gain=0)
    quiet = zone(gain=-200)
    assert abs(level(loud[0]) - level(quiet[0]) - 20) < 1.5
    # What changes is a ramp, not a step: nothing is steeper than the sound itself at its loudest.
    assert np.max(np.abs(np.diff(quiet[0]))) <= np.max(np.abs(np.diff(loud[0]))) * 1.05
    muted = zone(mute=True)
    assert level(muted[0]) < -75 and level(muted[1]) < -75
    left_only = zone(mute=False, gain=0, map=[None, {"channel": "none"}])
    assert abs(level(left_only[0]) - level(loud[0])) < 1.5 and level(left_only[1]) < -75
    zone(map=[None, {"channel": "right"}])
