# SPDX-License-Identifier: Apache-2.0
"""A long day in minutes or hours: everything that a box does at once, with kills, faults and restarts, and a report of
what grew. Ends with 1 when a promise was broken or something grew beyond its limit.

    plan.py    what happens when, of the seed          people.py  visitors, guides, staff
    deeds.py   what staff do beside                     house.py   the server, its lives, its figures
    growth.py  samples against limits                   ../crash/ledger.py  what was promised, and what is on disk

The same seed gives the same plan; the instants are the machine's."""
import argparse
import asyncio
import os
import pathlib
import random
import re
import secrets
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "system"), str(HERE.parent / "crash")]
import growth  # noqa: E402
import people  # noqa: E402
from deeds import Deeds  # noqa: E402
from growth import KIB, MIB  # noqa: E402
from house import IN_STEP_US, SANITIZED, House  # noqa: E402
from plan import Plan  # noqa: E402
from ticker import percentile  # noqa: E402

VISITORS, GUIDES, COMMANDS_PER_S = 14, 2, 4


def sounds(folder):
    """Four short files, the same in every run."""
    made = []
    for i in range(4):
        file = folder / f"{i}.wav"
        subprocess.run(["sox", "-q", "-R", "-n", "-r", "48000", "-c", "1", "-b", "16", file, "synth", str(2 + i / 2),
                        "sine", str(300 + 100 * i), "vol", "0.1"], check=True)
        made.append(file.read_bytes())
    return made


async def follow(house, plan, began, deeds, samples, done):
    """Lets happen what is planned. Deeds go on meanwhile, two at a time at most; ends of lives wait for no deed."""
    loop, dice = asyncio.get_running_loop(), random.Random(f"{house.seed} run")
    under_way = set()
    for at, kind, what in plan.events:
        await asyncio.sleep(max(0, began + at - time.monotonic()))
        for task in [t for t in under_way if t.done()]:
            under_way.remove(task)
            task.result()
        if kind == "end":
            last = samples[-1]
            print(f"{at / 60:6.1f} min: life {house.life} ends, {what}; {last['memory'] / MIB:.1f} MiB of memory, {last['fds']} descriptors,"
                  f" {last['state'] / MIB:.1f} MiB on disk", flush=True)
            await house.end_life(what, dice)
            done[what] = done.get(what, 0) + 1
        elif kind == "fault":
            if await house.fault(*what):
                done[what[0]] = done.get(what[0], 0) + 1
        elif len(under_way) < 2:
            mine = random.Random(dice.random())
            under_way.add(asyncio.ensure_future(loop.run_in_executor(None, deeds.do, what, mine)))
    await asyncio.sleep(max(0, began + plan.seconds - time.monotonic()))
    await asyncio.gather(*under_way)


class Over(Exception):
    """The time is up."""


async def live(house, plan, deeds, samples, done):
    house.begun()
    began = time.monotonic()
    half = len(house.groups) // 2

    async def until_over():
        await follow(house, plan, began, deeds, samples, done)
        raise Over
    try:
        async with asyncio.TaskGroup() as tasks:
            everybody = [
                house.watch_newest(), house.watch_players(), house.sample(began, plan.interval_s, samples),
                *(people.guest(house, g) for g in house.groups),
                *(people.visitor(house, n) for n in range(VISITORS)),
                *(people.guide(house, n) for n in range(GUIDES)),
                people.staff(house, 0, house.groups[:half], COMMANDS_PER_S / 2),
                people.staff(house, 1, house.groups[half:], COMMANDS_PER_S / 2),
                people.hall_keeper(house, house.hall), until_over()]
            for e in everybody:
                tasks.create_task(e)
    except* Over:
        pass
    await house.all_leave()
    house.rest.append(await asyncio.to_thread(house.descriptors_at_rest))
    code = await asyncio.to_thread(house.server.stop)
    assert code == 0, f"the server ended with {code}"
    house.settle()


def judge(house, plan, samples):
    """The rows of the report."""
    warm, changes = plan.warm_up_s, len(house.ledger.acks) + house.joins
    # The database's cache takes 2 MiB as it fills, threads a little each for the first that they do: measured, and flat
    # from then on. A long run's warm-up has seen it all.
    heap = 5 * MIB if warm < 300 else 2 * MIB
    rows = []
    if not SANITIZED:  # what a sanitizer keeps of what was freed is not the server's
        rows += [
            growth.within("server's memory, MiB", samples, "memory", warm, heap, MIB, "the database's cache, threads"),
            growth.across("the same at the start of lives", samples, "memory", warm, 4 * MIB, MIB, "what is kept on disk, and what came early"),
            growth.within("player's memory, MiB", [{**s, "life": 0, "age": s["t"]} for s in samples], "player", warm, 2 * MIB,
                          MIB, "what it plays is held in a ring"),
        ]
    rows += [
        growth.back("server descriptors", house.rest, 1, "libuv's spare one comes with the first job"),
        growth.ceiling("server threads", samples, "threads", 16, "workers are counted", 1),
        growth.within("player descriptors", [{**s, "life": 0, "age": s["t"]} for s in samples], "player_fds", warm, 2, 0,
                      "one house, one card", 1),
        growth.ceiling("write-ahead log, MiB", samples, "wal", 8 * MIB, "4 MiB, and what comes while a backup reads"),
        growth.per("database, KiB", samples, "db", changes, 2 * KIB, MIB, "history of 30 days"),
        growth.ceiling("content, MiB", samples, "content", 8 * MIB, "four sounds and a few editions"),
        growth.ceiling("originals, MiB", samples, "sources", 2 * MIB, "sources_max_mb"),
        growth.ceiling("uploads, MiB", samples, "incoming", 4 * MIB, "two at a time"),
        growth.ceiling("backups, MiB", samples, "backups", 3 * (samples[-1]["db"] + MIB), "two, and one in the making"),
        growth.per("server's log, KiB", samples, "log", round(samples[-1]["t"] / 60), 4 * KIB, 64 * KIB, "a minute of all this"),
        growth.per("player's log, KiB", samples, "player_log", house.life, 4 * KIB, 16 * KIB, "a life of the server"),
    ]
    return [r for r in rows if r]


BUGS = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|CHECK|assert|Assertion|stack smashing|core dumped")


def bugs(folder):
    return [f"{log.name}: {line}" for log in folder.glob("*.log") for line in log.read_text(errors="replace").splitlines()
            if BUGS.search(line)]


def report(house, plan, samples, deeds, done):
    x = house.ledger
    print(f"{house.life} lives: {done}; {len(x.sent)} commands, {len(x.acks)} acknowledged, {len(x.refused)} refused; "
          f"{house.joins} came and went; deeds {dict(sorted(deeds.count.items()))}")
    if house.trips:
        print(f"time exchange p50 {percentile(house.trips, 50) / 1e6:.2f} ms, p99 {percentile(house.trips, 99) / 1e6:.2f} ms"
              f" (asked by this busy program), house time one line, known to {(house.high - house.low) / 1000:.0f} us")
    errors = house.errors_us
    if errors:
        print(f"players: {len(errors)} reports in step, off by p50 {percentile(errors, 50)} us, p99 {percentile(errors, 99)} us,"
              f" most {max(errors)} us")
    rows = judge(house, plan, samples)
    print(growth.table(rows), flush=True)
    wrong = [f"{r.what}: over its limit" for r in rows if not r.ok] + bugs(house.folder)
    if len(errors) < plan.seconds / 20:
        wrong.append(f"the players were hardly ever in step: {len(errors)} reports")
    elif percentile(errors, 99) > IN_STEP_US:
        wrong.append(f"the players were not in step: p99 {percentile(errors, 99)} us")
    return wrong


def leaves(e):
    return [x for inner in e.exceptions for x in leaves(inner)] if isinstance(e, BaseExceptionGroup) else [e]


def run(seconds, seed, folder):
    plan = Plan(seed, seconds)
    print(f"ROOMTONE_SEED={seed}: {seconds / 60:g} minutes, {len(plan.events)} events, plan {plan.digest}", flush=True)
    made = sounds(folder)
    house = House(folder, seed)
    samples, done = [], {}
    try:
        house.furnish()
        deeds = Deeds(house, made)
        asyncio.run(asyncio.wait_for(live(house, plan, deeds, samples, done), seconds + 180))
        wrong = report(house, plan, samples, deeds, done)
    except Exception as broken:
        for e in leaves(broken)[:3]:
            traceback.print_exception(e)
        for log in ("state.log", "left.log"):
            if (folder / log).exists():
                print(f"--- {log}\n{(folder / log).read_text(errors='replace')[-3000:]}", file=sys.stderr)
        wrong = [*bugs(folder), f"life {house.life} was broken off; ROOMTONE_SEED={seed}"]
    finally:
        house.close()
    for line in wrong:
        print(f"WRONG: {line}", file=sys.stderr)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("ROOMTONE_SEED", secrets.randbelow(2**32))))
    options = parser.parse_args()
    if not 1 <= options.minutes <= 60 * 24 * 14:
        parser.error("from one minute to two weeks")
    with tempfile.TemporaryDirectory(prefix="roomtone-soak-") as folder:
        sys.exit(run(options.minutes * 60, options.seed, pathlib.Path(folder)))


if __name__ == "__main__":
    main()
