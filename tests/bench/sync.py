#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How near to each other three speakers play, beside Snapcast where Debian's packages are installed.

Each speaker has a card with a crystal of its own (+60, -45 and 0 ppm, 2 ppm of wander) and runs on a
machine whose clocks are hours and ppm away from the others'. What is measured is what left the
cards, in true time: tests/vdac/card.c, analyse.py.
"""
import argparse
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "vdac"))
from analyse import RATE, delays, follow, spread, stretches, summary  # noqa: E402
from hall import Hall  # noqa: E402
from rig import CLOCKS, CRYSTALS, PLUGIN, Relay, Speakers, end_all_on_sigterm, true_ns  # noqa: E402
from snapcast import INSTALLED, Snapcast  # noqa: E402

SETTLED_S = 30  # errors count from here on
SHORT = RATE // 50  # a window around an instant: 20 ms


def us(value):
    return "unlike" if np.isnan(value) else f"{value:.1f} us"


def ms(value):
    return "-" if np.isnan(value) else f"{value:.0f} ms"


def sec(value):
    return "never" if np.isnan(value) else f"{value:.1f} s"


# ---- what left the cards -----------------------------------------------------------------------


class Hearing:
    """Three cards between two instants: .sounds on one axis, whose time 0 is `begin_ns`."""

    def __init__(self, speakers, begin_ns, end_ns):
        self.begin_ns = begin_ns
        count = int((end_ns - begin_ns) / 1e9 * RATE)
        self.sounds = [c.sound(begin_ns, count) for c in speakers.cards()]

    def around(self, at_ns, before_s, after_s):
        """The sounds near an instant."""
        at = int((at_ns - self.begin_ns) / 1e9 * RATE)
        return [s[max(0, at - int(before_s * RATE)):at + int(after_s * RATE)] for s in self.sounds]


def settled_after(times, worst, limit_us=1000):
    """From when on the worst pair stays below the limit; NaN if never."""
    bad = times[~(worst < limit_us)]
    if not len(bad):
        return times[0]
    return bad[-1] + times[1] - times[0] if bad[-1] < times[-1] else np.nan


def first_sound(hearing, speakers):
    """(ms from a program's start to its first sound, the worst; us that the first sounds differ)."""
    began = [stretches(s[:20 * RATE])[0][0] for s in hearing.sounds]
    took = [hearing.begin_ns / 1e6 + b * 1e3 - start / 1e6
            for b, start in zip(began, speakers.started_ns)]
    # The newest of them against each of the others, from its first sample on.
    at = int(max(began) * RATE) + 1
    newest = hearing.sounds[int(np.argmax(began))]
    reach = RATE // 5
    apart = [delays(newest[at - reach:], s[at - reach:], SHORT, SHORT, reach)[1][0]
             for s in hearing.sounds if s is not newest]
    return max(took), np.abs(apart).max()


# ---- one house, one weather --------------------------------------------------------------------


def run(house, where, seconds, cards, seed=None, **more):
    """Starts three players while all else runs, and listens to them for so long."""
    relays = [Relay(house.port, "--seed", seed * 10 + i) for i in range(3)] if seed else []
    house.play()
    speakers = house.speakers(where, cards, [r.port for r in relays] or None, **more)
    begin = speakers.started_ns[0] - 1_000_000_000
    half = min(10, seconds / 2)
    time.sleep(half)
    cpu, counted = [p.cpu_s() for p in speakers.programs], time.monotonic()
    time.sleep(seconds - half)
    cpu = [(p.cpu_s() - c) / (time.monotonic() - counted) * 100
           for p, c in zip(speakers.programs, cpu)]
    rss = [p.rss_mb() for p in speakers.programs]
    end = true_ns()
    speakers.stop()
    for r in relays:
        r.stop()
    hearing = Hearing(speakers, begin, end)
    times, worst = spread(hearing.sounds)
    median, p99, most = summary(worst[times > min(SETTLED_S, seconds / 2)])
    took, apart = first_sound(hearing, speakers)
    later = (speakers.started_ns[-1] - begin) / 1e9
    return {"worst pair, median": us(median), "p99": us(p99), "max": us(most),
            "below 1 ms after": sec(settled_after(times, worst) - later),
            "CPU of a player": f"{max(cpu):.2f} %", "RSS": f"{max(rss):.1f} MB",
            "first sound after": ms(took), "first sounds apart": us(apart)}


def floor(houses, where, options):
    """What the cards themselves cost a program that plays nothing at all."""
    if not shutil.which("aplay"):
        print("aplay is not installed: apt-get install alsa-utils")
        return
    speakers = Speakers(where, CRYSTALS[:1])
    speakers.start(0, ["aplay", "-q", "-D", "p0", "-f", "S16_LE", "-r", RATE, "-c", 2,
                       "--period-size", RATE // 50, "--buffer-size", RATE // 50 * 3, "/dev/zero"])
    time.sleep(2)
    cpu, counted = speakers.programs[0].cpu_s(), time.monotonic()
    time.sleep(20)
    cpu = (speakers.programs[0].cpu_s() - cpu) / (time.monotonic() - counted) * 100
    speakers.stop()
    yield "the card of software alone, fed by aplay", [{"CPU of its program": f"{cpu:.2f} %"}]


def clean(houses, where, options):
    yield "clean network", [run(h, where / h.name, options.seconds, CRYSTALS) for h in houses]


def same(houses, where, options):
    """Oscillators that nobody sells: what is left when clocks differ in their offset alone."""
    clocks = [(0, offset_s) for _, offset_s in CLOCKS]
    yield "clean, machines' clocks at one speed", [
        run(h, where / h.name, options.seconds, CRYSTALS, clocks=clocks) for h in houses]


def grain(houses, where, options):
    cards = [{**c, "grain": RATE // 1000} for c in CRYSTALS]
    yield "pointers in steps of 1 ms", [run(h, where / h.name, options.seconds, cards)
                                        for h in houses]


def jitter(houses, where, options):
    for seed in range(1, options.seeds + 1):
        yield f"jitter of 0-20 ms and bursts, seed {seed}", [
            run(h, where / f"{h.name}-{seed}", options.seconds, CRYSTALS, seed) for h in houses]


# ---- what only Roomtone does -------------------------------------------------------------------


def played_in_step(hall, where):
    """Players that have been playing for some seconds; (speakers, when they were started)."""
    begin = true_ns()
    speakers = hall.speakers(where, CRYSTALS)
    hall.play()
    hall.wait_for(3, lambda r: r["playing"] == "sound" and abs(r["error_us"]) < 1000,
                  "players in step")
    time.sleep(10)
    return speakers, begin


def commands(houses, where, options):
    hall = houses[0]
    speakers, begin = played_in_step(hall, where)
    told = {}
    for name, more in (("pause", {}), ("play", {}), ("seek", {"position": 2_000_000}), ("next", {})):
        told[name] = true_ns()
        assert hall.server.command(name, **more).status == 200
        time.sleep(3)
    hearing = Hearing(speakers, begin, true_ns())
    speakers.stop()
    result = {}
    for name, which in (("pause", 1), ("play", 0)):
        near = hearing.around(told[name], 0.05, 2)
        instants = [stretches(s)[0][which] for s in near]
        result[f"{name}: instants apart"] = us((max(instants) - min(instants)) * 1e6)
    for name in ("seek", "next"):
        near = hearing.around(told[name], 0.2, 2)
        _, worst = spread(near, window=SHORT, step=SHORT // 2, reach=SHORT)
        result[f"{name}: worst pair in 20 ms"] = us(np.nanmax(worst))
        result[f"{name}: unlike for"] = ms(np.count_nonzero(np.isnan(worst)) * 10)
    yield "commands", [result]


def places(hearing, source):
    """For each card the place of the source less the time, in us, and how many gaps there were."""
    for sound in hearing.sounds:
        times, found = follow(sound, source)
        loud = sound[np.flatnonzero(np.abs(sound) > 0.001)[0]:]
        yield times, (found - times) * 1e6, len(stretches(loud, pause_s=0.001)) - 1


def kill(houses, where, options):
    hall = houses[0]
    speakers, begin = played_in_step(hall, where)
    from_ns = true_ns()
    hall.server.stop(signal.SIGKILL)
    time.sleep(2)
    hall.server.start()
    hall.wait_for(3, lambda r: r["playing"] == "sound", "players to be back")
    time.sleep(max(10, options.seconds - 20))
    hearing = Hearing(speakers, from_ns - 5_000_000_000, true_ns())
    speakers.stop()
    times, worst = spread(hearing.sounds)
    moved, gaps = [], []
    for _, place, n in places(hearing, hall.source()):
        moved.append(np.nanmax(np.abs(np.diff(place[~np.isnan(place)]))))
        gaps.append(n)
    yield "server killed in mid-play", [{
        "worst pair, max": us(np.nanmax(worst)), "most moved within 0.25 s": us(max(moved)),
        "gaps": str(sum(gaps)), "windows unlike": str(np.count_nonzero(np.isnan(worst)))}]


def alone(houses, where, options):
    """Ten minutes without a server."""
    hall = houses[0]
    speakers, begin = played_in_step(hall, where)
    time.sleep(SETTLED_S)
    from_ns = true_ns()
    hall.server.stop(signal.SIGKILL)
    time.sleep(options.alone)
    hearing = Hearing(speakers, from_ns, true_ns())
    speakers.stop()
    hall.server.start()
    times, worst = spread(hearing.sounds)
    last = worst[times > times[-1] - 10]
    yield f"{options.alone} s without the server", [{
        "worst pair at the end": us(np.nanmax(last)), "max": us(np.nanmax(worst))}]


ROWS = {"floor": floor, "clean": clean, "same": same, "grain": grain, "jitter": jitter,
        "commands": commands, "kill": kill, "alone": alone}


# ---- printing ----------------------------------------------------------------------------------


def show(title, names, results):
    print(f"\n{title:<40}" + "".join(f"{n:>14}" for n in names[:len(results)]))
    for key in results[0]:
        print(f"  {key:<38}" + "".join(f"{r[key]:>14}" for r in results), flush=True)


def read_options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("exhibit", nargs="?", help="not used: the sound is made here")
    p.add_argument("--rows", default="", help="some of: " + ", ".join(ROWS))
    p.add_argument("--seconds", type=float, default=75, help="of each row (75)")
    p.add_argument("--seeds", type=int, default=5, help="of the jitter (5)")
    p.add_argument("--alone", type=int, default=600, help="seconds without the server (600)")
    p.add_argument("--long", action="store_true", help="also the row 'alone'")
    p.add_argument("--no-snapcast", action="store_true")
    options = p.parse_args()
    usual = [r for r in ROWS if r != "alone" or options.long]
    options.rows = options.rows.split(",") if options.rows else usual
    for row in options.rows:
        if row not in ROWS:
            p.error(f"there is no row {row}")
    return options


def main():
    end_all_on_sigterm()
    options = read_options()
    if not PLUGIN.exists():
        sys.exit("the cards of software are in the plain builds only")
    length = options.seconds + 60 + (options.alone + 60 if "alone" in options.rows else 0)
    with tempfile.TemporaryDirectory() as folder:
        where = pathlib.Path(folder)
        hall = Hall(where / "roomtone", length)
        houses = [hall]
        # Their caches are filled: what is measured is not the download.
        filled = hall.speakers(where / "filling", CRYSTALS)
        hall.play()
        hall.wait_for(3, lambda r: r["playing"] == "sound", "tracks on disk")
        filled.stop()
        if not options.no_snapcast and INSTALLED:
            houses.append(Snapcast(where / "snapcast", 60))
        elif not options.no_snapcast:
            print("Snapcast is not installed: apt-get install snapserver snapclient")
        for row in options.rows:
            for title, results in ROWS[row](houses, where / row, options):
                show(title, [h.name for h in houses], results)
        for house in houses:
            house.stop()


if __name__ == "__main__":
    main()
