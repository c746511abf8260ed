# SPDX-License-Identifier: Apache-2.0
"""How cost grows with members and with rooms: measures, and draws two pictures."""
import math
import pathlib
import sys
import tempfile

MEMBERS = (10, 30, 100, 300, 1000, 3000, 10_000)
ROOMS = (1, 10, 100, 1000, 10_000)
SECONDS = 4
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 680, 360, 92, 160, 44, 48
COLOURS = ("#1f5fa8", "#b3541e", "#3d7a3d")


def ticks(low, high):
    """Powers of ten around the values."""
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


def number(v):
    return f"{v:,.0f}" if v >= 1 else f"{v:g}"


def svg(title, x_label, lines):
    """lines: {label: [(x, y), ...]}; both axes are logarithmic."""
    points = [p for line in lines.values() for p in line]
    xs, ys = (ticks(min(p[i] for p in points), max(p[i] for p in points)) for i in (0, 1))
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x, y):
        return (LEFT + (math.log10(x) - xs[0]) / max(1, xs[-1] - xs[0]) * wide,
                TOP + high - (math.log10(y) - ys[0]) / max(1, ys[-1] - ys[0]) * high)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12" fill="#333">',
           f'<title>{title}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<text x="{LEFT}" y="22" font-size="14">{title}</text>']
    for e in xs:
        x, _ = at(10 ** e, 10 ** ys[0])
        out.append(f'<path d="M{x:.1f} {TOP}V{TOP + high}" stroke="#ddd"/>'
                   f'<text x="{x:.1f}" y="{TOP + high + 18}" text-anchor="middle">'
                   f'{number(10.0 ** e)}</text>')
    for e in ys:
        _, y = at(10 ** xs[0], 10 ** e)
        out.append(f'<path d="M{LEFT} {y:.1f}H{LEFT + wide}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                   f'{number(10.0 ** e)}</text>')
    out.append(f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 10}" text-anchor="middle">{x_label}</text>')
    for (label, line), colour in zip(lines.items(), COLOURS):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*p) for p in line))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                for x, y in (at(*p) for p in line)]
        _, y = at(*line[-1])
        out.append(f'<text x="{LEFT + wide + 8}" y="{y + 4:.1f}" fill="{colour}">{label}</text>')
    return "\n".join([*out, "</svg>", ""])


def measure(server, load, work, what):
    figures = load(server.process.pid, server.port, work, SECONDS)
    if figures:
        print(f"  {what}: {figures['server_cpu_us'] / max(1, figures['messages']):.1f} us a message, "
              f"last arrival p50 {figures['last_us']['p50'] / 1000:.2f} ms", file=sys.stderr,
              flush=True)
    return figures


def members(server, load):
    cpu, last = [], []
    for n in MEMBERS:
        rate = max(1, min(20, 5000 // n))
        figures = measure(server, load, ["--rooms", 1, "--members", n, "--rate", rate],
                          f"{n} members")
        if figures:
            cpu.append((n, max(0.1, figures["server_cpu_us"] / figures["messages"])))
            last.append((n, figures["last_us"]["p50"]))
    return svg("One room: what a command costs as it grows", "members",
               {"CPU a delivery, us": cpu, "last arrival, us": last})


def rooms(server, load):
    cpu, arrival = [], []
    for n in ROOMS:
        rate = min(20, 200 / n)
        figures = measure(server, load, ["--rooms", n, "--members", 1, "--rate", rate], f"{n} rooms")
        if figures:
            cpu.append((n, max(0.1, figures["server_cpu_us"] / max(1, figures["commands"]))))
            arrival.append((n, max(1, figures["arrival_us"]["p50"])))
    return svg("Rooms of one: what a command costs as the house grows", "rooms awake",
               {"CPU a command, us": cpu, "arrival p50, us": arrival})


def draw(exhibit, make_server, load, where):
    with tempfile.TemporaryDirectory() as name:
        server = make_server(pathlib.Path(name), exhibit, max(ROOMS))
        for file, make in (("hub-members.svg", members), ("hub-rooms.svg", rooms)):
            (where / file).write_text(make(server, load))
            print(where / file)
        server.stop()
