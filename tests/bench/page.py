#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How near phones play to a loudspeaker and to each other: what left the cards.

A kiosk and two phones (Chromium with the visitor page), each on a card of software with a crystal
of its own (+60, -40 and +10 ppm), first on a clean network, then each behind 0-20 ms of sway.
"""
import argparse
import pathlib
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "vdac"))
from analyse import RATE, delays, summary  # noqa: E402
from hall import Hall  # noqa: E402
from phone import Phone, missing  # noqa: E402
from rig import PLUGIN, Relay, Speakers, end_all_on_sigterm, play_on, true_ns  # noqa: E402

SETTLED_S = 20  # errors count from here on
CARDS = [{"ppm": 60, "wander_ppm": 2}, {"ppm": -40, "wander_ppm": 2, "wander_phase": 2.1},
         {"ppm": 10, "wander_ppm": 2, "wander_phase": 4.2}]
KIOSK, PHONES = 0, (1, 2)


class Visit:
    """A kiosk and two phones in a hall, each at a port of its own."""

    def __init__(self, hall, folder, ports):
        self.speakers = Speakers(folder, CARDS, clocks=[(0, 0)])
        self.speakers.start(KIOSK, hall.command(KIOSK, ports[KIOSK]))
        link = hall.server.group()["link"]
        self.phones = [Phone(self.speakers.rig, f"p{i}", f"http://127.0.0.1:{ports[i]}{link}")
                       for i in PHONES]

    def stop(self):
        for phone in self.phones:
            phone.stop()
        self.speakers.programs[KIOSK].stop()


def pairs(cards, begin_ns, end_ns):
    """{what: (times in s, us)}: how much later the second of a pair is."""
    count = int((end_ns - begin_ns) / 1e9 * RATE)
    sounds = [c.sound(begin_ns, count) for c in cards]
    return {"page - kiosk": delays(sounds[0], sounds[1]),
            "other page - kiosk": delays(sounds[0], sounds[2]),
            "page - page": delays(sounds[1], sounds[2])}


def line(what, found):
    settled = found[1][found[0] > SETTLED_S]
    middle, p99, worst = summary(np.abs(settled))
    unlike = int(np.isnan(settled).sum())
    return (f"  {what:20} median {np.nanmedian(settled) / 1000:7.2f} ms, apart by median "
            f"{middle / 1000:6.2f}, p99 {p99 / 1000:6.2f}, max {worst / 1000:6.2f} ms"
            + (f"; {unlike} of {len(settled)} not alike" if unlike else ""))


def row(name, hall, folder, ports, seconds, keep):
    visit = Visit(hall, folder, ports)
    try:
        hall.play()
        hall.wait_for(3, lambda r: r["playing"] == "sound", "all three to sound")
        begin = true_ns()
        play_on(visit.speakers, seconds)
    finally:
        visit.stop()
    cards = visit.speakers.cards()
    found = pairs(cards, begin, min(c.ended_ns for c in cards))
    print(f"\n{name}")
    for what, pair in found.items():
        print(line(what, pair))
        if keep:
            np.savetxt(pathlib.Path(keep) / f"{name}, {what}.txt".replace(" ", "_"),
                       np.stack(pair, axis=1))
    for i, phone in zip(PHONES, visit.phones):
        said = phone.said()
        errors = [abs(s["errorUs"]) for s in said if s.get("errorUs") is not None]
        print(f"  p{i}: card dry {cards[i].count('dry')} times, jumps {said[-1]['jumps']}, starved "
              f"{said[-1]['xruns']}, says itself {np.median(errors) / 1000:.2f} ms off; heap "
              f"{said[len(said) // 4]['heapBytes'] / 1e6:.1f} MB after a quarter, "
              f"{said[-1]['heapBytes'] / 1e6:.1f} at the end", flush=True)


def main():
    end_all_on_sigterm()
    parse = argparse.ArgumentParser(description=__doc__, prog="./dev bench page",
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("exhibit", nargs="?", help="not used: the sound is made here")
    parse.add_argument("--seconds", type=int, default=320, help="of each row (320)")
    parse.add_argument("--rows", default="clean,sway", help="some of: clean, sway")
    parse.add_argument("--keep", help="a folder for the series of each pair")
    args = parse.parse_args()
    why = "the plug-in was not built" if not PLUGIN.exists() else missing()
    if why:
        print(f"left out: {why}")
        return
    with tempfile.TemporaryDirectory(prefix="roomtone-page-") as top:
        top = pathlib.Path(top)
        hall = Hall(top / "hall", args.seconds + 60)
        relays = []
        try:
            if "clean" in args.rows:
                row("clean network", hall, top / "clean", [hall.port] * 3, args.seconds, args.keep)
            if "sway" in args.rows:
                relays = [Relay(hall.port, "--seed", i + 1) for i in range(3)]
                row("0-20 ms of sway each way", hall, top / "sway", [r.port for r in relays],
                    args.seconds, args.keep)
        finally:
            for r in relays:
                r.stop()
            hall.stop()


if __name__ == "__main__":
    main()
