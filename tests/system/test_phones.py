# SPDX-License-Identifier: Apache-2.0
"""A phone beside a loudspeaker: what left their cards, not what they say of themselves.

The limit is that of an echo, since the machine that tests may be busy; `./dev bench page` measures.
"""
import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vdac"))
from analyse import RATE, delays  # noqa: E402
from hall import Hall  # noqa: E402
from phone import Phone, missing  # noqa: E402
from rig import CRYSTALS, PLUGIN, Speakers, play_on, true_ns  # noqa: E402

WHY_NOT = "the plain builds have the plug-in" if not PLUGIN.exists() else missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

ECHO_US = 10_000


def test_a_phone_and_a_loudspeaker_sound_together(tmp_path):
    hall = Hall(tmp_path / "hall", seconds=120)
    speakers = Speakers(tmp_path / "cards", CRYSTALS[:2], clocks=[(0, 0)])
    phone = None
    try:
        speakers.start(0, hall.command(0))
        phone = Phone(speakers.rig, "p1", f"http://127.0.0.1:{hall.port}{hall.server.group()['link']}")
        hall.wait_for(2, lambda r: True, "both to be there")
        hall.play()
        hall.wait_for(2, lambda r: r["playing"] == "sound" and abs(r.get("error_us", ECHO_US)) < ECHO_US / 2,
                      "both in step")
        begin = true_ns()
        play_on(speakers, 8)
    finally:
        if phone:
            phone.stop()
        speakers.programs[0].stop()
        hall.stop()
    cards = speakers.cards()
    count = int((min(c.ended_ns for c in cards) - begin) / 1e9 * RATE)
    _, apart = delays(*[c.sound(begin, count) for c in cards])
    known = np.abs(apart[~np.isnan(apart)])
    print(f"apart by {np.median(known):.0f} us, at most {known.max():.0f} us; {len(apart) - len(known)} of "
          f"{len(apart)} windows unlike")
    assert len(known) > len(apart) * 0.7 and np.quantile(known, 0.8) < ECHO_US
