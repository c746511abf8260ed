# SPDX-License-Identifier: Apache-2.0
"""What grew, and whether it may: samples of a run against limits.

A sample is a dict: `t` seconds since the beginning, `life` the number of the server's life, `age` seconds in it, and
figures by name. A figure is judged in one of these ways:

    within    in each life, after its warm-up: the last quarter's median above the first's
              |  warm-up |  first  |         |         |  last  |
    across    at the same age of the first and of the last life
    ceiling   never above
    back      when everybody has left: above what it was before anybody came
    per       growth of the whole run for each thing that was done

Medians, and slopes by Theil and Sen: a login takes 64 MiB for a moment, which is no leak."""
import statistics
from dataclasses import dataclass

KIB, MIB = 1024, 1 << 20


@dataclass
class Row:
    what: str
    start: float
    end: float
    per_hour: float
    limit: str
    ok: bool
    unit: float = 1  # what the figures are divided by to be read


def slope(points):
    """The median of the slopes between any two of (x, y); a few points off do not bend it. 0 for less than two."""
    step = max(1, len(points) // 120)
    few = points[::step]
    found = [(y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(few) for x2, y2 in few[i + 1:] if x2 > x1]
    return statistics.median(found) if found else 0.0


def quarters(points):
    """(median of the first quarter, of the last)."""
    n = max(1, len(points) // 4)
    return statistics.median(y for _, y in points[:n]), statistics.median(y for _, y in points[-n:])


def lives(samples, key, warm_up_s):
    """[(age, figure)] of each life, without its warm-up; lives too short to say anything are left out."""
    found = {}
    for s in samples:
        if key in s and s["age"] >= warm_up_s:
            found.setdefault(s["life"], []).append((s["age"], s[key]))
    return [p for p in found.values() if len(p) >= 8]


def within(what, samples, key, warm_up_s, allowed, per_hour, why, unit=MIB):
    """At most `allowed` in a life, and `per_hour` on top; the life that grew most is shown."""
    worst = None
    for points in lives(samples, key, warm_up_s):
        start, end = quarters(points)
        hours = (points[-1][0] - points[0][0]) / 3600
        excess = end - start - allowed - per_hour * hours
        if worst is None or excess > worst[0]:
            worst = (excess, start, end, slope(points) * 3600)
    if worst is None:
        return Row(what, 0, 0, 0, "no life was long enough", False, unit)
    text = f"+{allowed / unit:g} and {per_hour / unit:g} an hour: {why}"
    return Row(what, *worst[1:], text, worst[0] <= 0, unit)


def across(what, samples, key, warm_up_s, allowed, per_hour, why, unit=MIB):
    """What a life has at the end of its warm-up must not rise from life to life."""
    firsts = {}
    for s in samples:
        if key in s and s["age"] >= warm_up_s:
            firsts.setdefault(s["life"], []).append((s["t"], s[key]))
    points = [(p[0][0], statistics.median(y for _, y in p[:3])) for p in firsts.values()]
    if len(points) < 2:
        return None
    hours = (points[-1][0] - points[0][0]) / 3600
    text = f"+{allowed / unit:g} and {per_hour / unit:g} an hour: {why}"
    return Row(what, points[0][1], points[-1][1], slope(points) * 3600, text,
               points[-1][1] - points[0][1] <= allowed + per_hour * hours, unit)


def ceiling(what, samples, key, limit, why, unit=MIB):
    points = [(s["t"], s[key]) for s in samples if key in s]
    most = max(y for _, y in points)
    return Row(what, points[0][1], points[-1][1], slope(points) * 3600,
               f"{limit / unit:g}, most {most / unit:.3g}: {why}", most <= limit, unit)


def back(what, pairs, allowed, why):
    """pairs: [(before anybody came, after all had left)], one of each life that ended in peace."""
    if not pairs:
        return Row(what, 0, 0, 0, "no life ended in peace", False)
    start, end = max(pairs, key=lambda p: p[1] - p[0])
    return Row(what, start, end, 0, f"+{allowed} when all have left: {why}", end - start <= allowed)


def per(what, samples, key, done, allowed, flat, why, unit=KIB):
    """Growth of the whole run for each of `done` things; `flat` bytes are everybody's."""
    points = [(s["t"], s[key]) for s in samples if key in s]
    grown = points[-1][1] - points[0][1]
    each = max(0, grown - flat) / max(1, done)
    return Row(what, points[0][1], points[-1][1], slope(points) * 3600,
               f"{allowed / unit:g} for each of {done}, was {each / unit:.2g}: {why}", each <= allowed, unit)


def table(rows):
    head = ("what", "start", "end", "per hour", "verdict", "limit")
    lines = [head] + [(r.what, f"{r.start / r.unit:.2f}", f"{r.end / r.unit:.2f}", f"{r.per_hour / r.unit:+.2f}",
                       "ok" if r.ok else "OVER", r.limit) for r in rows]
    wide = [max(len(line[i]) for line in lines) for i in range(5)]
    return "\n".join(" | ".join([line[0].ljust(wide[0]), *(line[i].rjust(wide[i]) for i in range(1, 5)), line[5]])
                     for line in lines)
