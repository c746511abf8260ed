#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast the hub is and how much it takes: deliveries, arrivals, idle sockets, sleeping rooms,
content. Beside other servers in the same run, where they can be had.

The server has the first core alone, the load generator (hub.c) the second; what is asked for "a
core" is per second of CPU that the server's process took, so that other work on the machine spoils
it less. States tell by their position which commands they cover; one may cover several, so
"heard" counts each command that a member has learnt of, and "messages" the states that came.
"""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / p) for p in ("system", "bench/peers", "bench/plots")]
import growth  # noqa: E402
import peers  # noqa: E402
from harness import BIN, Server, wait_until  # noqa: E402

HUB, FLOOR = BIN.parent / "tests" / "hub", BIN.parent / "tests" / "hub_floor"
ON_FIRST, ON_SECOND = ["taskset", "-c", "0"], ["taskset", "-c", "1"]
# A guide sends more than people do; all sockets come from one machine.
CONFIG = """[time]
trust_clock = yes
[limits]
messages_per_second = 100000
exempt = 127.0.0.0/8
connections_per_second = 100000
max_rooms_awake = 20000
"""
WORKS = {
    "one": ["--rooms", 100, "--members", 25, "--flight", 1],
    "eight": ["--rooms", 100, "--members", 25, "--flight", 8],
    "thousand": ["--rooms", 1, "--members", 1000, "--rate", 10, "--ask", 20],
    "ten thousand": ["--rooms", 1, "--members", 10_000, "--rate", 1, "--ask", 20],
    "house": ["--rooms", 200, "--members", 25, "--rate", 1, "--ask", 20],
}
TRACK_BYTES, PHONES = 10_000_000, 200


def load(pid, port, work, seconds, *more):
    """One run of the generator; its figures, or None when something was missing."""
    done = subprocess.run(
        [*ON_SECOND, *map(str, (HUB, "load", "--port", port, "--pid", pid, "--warm", 1, "--for",
                                seconds, *work, *more))],
        capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        print(f"  failed: {done.stderr.strip()}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def per_core(figures, what="heard"):
    return figures[what] / max(1, figures["server_cpu_us"]) * 1e6


def cpu_us(figures):
    """CPU per delivery."""
    return figures["server_cpu_us"] / max(1, figures["messages"])


def late(figures):
    """How much of the arrivals is the generator's own."""
    return f"{ms(figures['late_us'], 'p50'):.2f}/{ms(figures['late_us']):.2f}"


def ms(span, quantile="p99"):
    return span[quantile] / 1000


class Table:
    def __init__(self):
        self.rows = []

    def add(self, work, measured, reach, beside=""):
        self.rows.append((work, measured, reach, beside))
        print(f"  {work}: {measured}", file=sys.stderr, flush=True)

    def show(self):
        head = ("work", "measured", "reach", "peers")
        widths = [max(len(r[i]) for r in [head, *self.rows]) for i in range(4)]
        for row in [head, tuple("-" * w for w in widths), *self.rows]:
            print("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |")


def make_server(where, exhibit, rooms):
    server = Server(pathlib.Path(where) / "state", config=CONFIG)
    server.before = ON_FIRST
    server.start().login()
    server.import_exhibit(exhibit)
    server.stop()
    server.multiply(rooms)
    return server.start()


def run(server, name, seconds, *more):
    return load(server.process.pid, server.port, WORKS[name], seconds, *more)


def fresh(server):
    """Started anew: nothing of earlier runs is in its memory."""
    server.stop()
    server.start()


def peer_figures(folder, options):
    """What each peer did with each work: {peer: {work: figures}}."""
    found = {}
    if options.no_peers:
        return found
    why = peers.install(folder)
    if why:
        print(f"  peers: skipped, {why}", file=sys.stderr)
    for name, command, _ in peers.programs(folder, FLOOR):
        if why and not name.startswith("floor"):
            continue
        found[name] = {}
        for work in ("one", "eight", "thousand", "house"):
            with peers.running(command, folder, ON_FIRST) as peer:
                if peer is None:
                    print(f"  {name}: skipped, it does not start", file=sys.stderr)
                    break
                asks = [w for w in WORKS[work] if w not in ("--ask", 20)]
                figures = load(*peer, asks, options.seconds / 2, "--by-path")
                if figures:
                    found[name][work] = figures
                    print(f"  {name}, {work}: {per_core(figures):,.0f} a core, "
                          f"{cpu_us(figures):.1f} us", file=sys.stderr, flush=True)
    return found


def beside(found, work, say):
    return "; ".join(f"{name} {say(of[work])}" for name, of in found.items() if work in of)


def saturated(table, server, found, options):
    for name, label, reach in (("one", "100 rooms x 25, the next command when acked", 160_000),
                               ("eight", "100 rooms x 25, 8 commands under way", 500_000)):
        figures = run(server, name, options.seconds)
        if figures:
            table.add(label, f"{per_core(figures):,.0f} heard/s a core "
                             f"({figures['heard'] / figures['seconds']:,.0f} heard/s, "
                             f"{figures['messages'] / figures['seconds']:,.0f} messages/s as it ran)",
                      f">= {reach:,}", beside(found, name, lambda f: f"{per_core(f):,.0f}"))


def rated(table, server, found, options):
    asked = []
    figures = run(server, "thousand", options.seconds)
    if figures:
        asked.append(figures["ask_us"])
        table.add("1 room x 1,000, 10 commands/s: CPU per delivery; arrival p99; spread p99",
                  f"{cpu_us(figures):.1f} us; {ms(figures['arrival_us']):.1f} ms; "
                  f"{ms(figures['spread_us']):.1f} ms", "<= 6 us; <= 12 ms; <= 12 ms",
                  beside(found, "thousand", lambda f: f"{cpu_us(f):.1f} us, "
                         f"{ms(f['arrival_us']):.1f} ms"))
    figures = run(server, "house", options.seconds)
    if figures:
        asked.append(figures["ask_us"])
        table.add("200 rooms x 25, 1 command/s each: arrival p50/p99",
                  f"{ms(figures['arrival_us'], 'p50'):.2f}/{ms(figures['arrival_us']):.2f} ms"
                  f" (the generator {late(figures)})",
                  "<= 0.35/0.8 ms",
                  beside(found, "house", lambda f: f"{ms(f['arrival_us'], 'p50'):.2f}/"
                         f"{ms(f['arrival_us']):.2f}"))
    fresh(server)
    figures = run(server, "ten thousand", options.seconds)
    if figures:
        asked.append(figures["ask_us"])
        table.add("1 room x 10,000, 1 command/s: last arrival p99",
                  f"{ms(figures['last_us']):.0f} ms", "<= 100 ms")
    if asked:
        table.add("time exchange p99 while these run (1,000; 200 x 25; 10,000)",
                  "; ".join(f"{ms(a):.2f}" for a in asked) + " ms", "<= 1 ms")


def idle(table, server, options):
    fresh(server)
    figures = load(server.process.pid, server.port, ["--rooms", 100, "--members", 100],
                   options.seconds)
    if figures:
        each = (figures["pss_kib"] - figures["pss_before_kib"]) / 10_000
        busy = figures["server_cpu_us"] / figures["seconds"] / 1e4
        table.add("10,000 idle connections: PSS each; CPU", f"{each:.2f} KiB; {busy:.1f} %",
                  "<= 4 KiB; <= 1 %")


def start_ms(server):
    server.stop(signal.SIGKILL)
    began = time.monotonic()
    server.start()
    server.group("r-1")
    return (time.monotonic() - began) * 1000


def pss_kib(server):
    lines = pathlib.Path(f"/proc/{server.process.pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def sleepers(table, where, exhibit):
    house = make_server(where / "house", exhibit, 10_000)
    times = [start_ms(house) for _ in range(11)]
    twice = make_server(where / "twice", exhibit, 20_000)
    start_ms(twice)
    each = (pss_kib(twice) - pss_kib(house)) / 10_000
    table.add("10,000 rooms on disk: start to the first answer; memory of one that sleeps",
              f"median {statistics.median(times):.0f} ms, worst {max(times):.0f}; {each:.3f} KiB",
              "<= 30 ms; 0")
    house.stop()
    twice.stop()


NGINX = """daemon off; worker_processes 1; pid {where}/nginx.pid; error_log {where}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {where}/a;
proxy_temp_path {where}/b; fastcgi_temp_path {where}/c; uwsgi_temp_path {where}/d;
scgi_temp_path {where}/e; server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""


def fetch(port, path, rounds=2):
    done = subprocess.run(["nice", "-n", "5", *ON_SECOND, str(HUB), "fetch", "--port", str(port),
                           "--path", path, "--phones", str(PHONES), "--rounds", str(rounds)],
                          capture_output=True, text=True, timeout=100, check=False)
    if done.returncode != 0:
        print(f"  fetch failed: {done.stderr.strip()}", file=sys.stderr)
        return None
    figures = json.loads(done.stdout)
    return figures["bytes"] / figures["seconds"] / 1e6


def nginx_rate(where, root, path):
    """MB/s of nginx with the same file, or None where there is none."""
    if not shutil.which("nginx"):
        print("  nginx: skipped, it is not installed (apt-get install nginx-light)", file=sys.stderr)
        return None
    port = 18_000 + os.getpid() % 10_000
    (where / "nginx.conf").write_text(NGINX.format(where=where, port=port, root=root))
    where.chmod(0o755)
    with subprocess.Popen([*ON_FIRST, "nginx", "-p", str(where), "-c", str(where / "nginx.conf"),
                           "-g", "user root;"], stderr=subprocess.DEVNULL) as nginx:
        try:
            wait_until(lambda: (where / "nginx.pid").exists(), "nginx", 5)
            return fetch(port, path)
        except AssertionError:
            print("  nginx: skipped, it does not start", file=sys.stderr)
            return None
        finally:
            nginx.terminate()


def start_cues(server):
    return subprocess.Popen(
        [*ON_SECOND, *map(str, (HUB, "load", "--port", server.port, "--rooms", 20, "--members", 25,
                                "--rate", 2, "--warm", 0.5, "--for", 3))],
        stdout=subprocess.PIPE, text=True)


def end_cues(cues):
    """Arrivals in words."""
    figures = json.loads(cues.communicate(timeout=60)[0])
    arrival = figures["arrival_us"]
    return f"{ms(arrival, 'p50'):.1f}/{ms(arrival):.1f} ms (the generator {late(figures)})"


def content(table, server, where):
    data = os.urandom(TRACK_BYTES)
    name = f"{hashlib.sha256(data).hexdigest()}.opus"
    (server.state / "content" / name).write_bytes(data)
    alone = fetch(server.port, f"/content/{name}")
    (where / "content").mkdir()
    (where / "content" / name).write_bytes(data)
    theirs = nginx_rate(where, where, f"/content/{name}")
    calm = end_cues(start_cues(server))
    cues = start_cues(server)
    wait_until(lambda: server.request("GET", "/api/v1/groups/r-20").json["state"].get("guide"),
               "cues", 20)
    fetch(server.port, f"/content/{name}", 3)
    meanwhile = end_cues(cues)
    if alone:
        table.add("200 phones fetch 10 MB at once: rate; cue p50/p99 meanwhile",
                  f"{alone:,.0f} MB/s; {meanwhile}; without them {calm}",
                  "half of nginx; p99 <= 5 ms", f"nginx {theirs:,.0f} MB/s" if theirs else "no nginx")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench hub", description=__doc__)
    parser.add_argument("exhibit", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement")
    parser.add_argument("--no-peers", action="store_true", help="roomtoned alone")
    parser.add_argument("--plots", action="store_true",
                        help="measure how cost grows and draw it into docs/images, instead")
    parser.add_argument("--peers-dir", type=pathlib.Path, default=BIN.parent / "bench-peers",
                        help="where npm puts them")
    options = parser.parse_args()
    if options.plots:
        growth.draw(options.exhibit, make_server, load, ROOT / "docs" / "images")
        return
    before = os.getloadavg()[0]
    table = Table()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as ends:
        where = pathlib.Path(name)
        found = peer_figures(options.peers_dir, options)
        server = make_server(where, options.exhibit, 200)
        ends.callback(server.stop)
        saturated(table, server, found, options)
        rated(table, server, found, options)
        idle(table, server, options)
        fresh(server)
        content(table, server, where)
        sleepers(table, where, options.exhibit)
    table.show()
    print(f"\nload of the machine before {before:.1f}, at the end {os.getloadavg()[0]:.1f}; "
          f"{os.cpu_count()} cores; the server's program {os.stat(BIN / 'roomtoned').st_size} bytes")


if __name__ == "__main__":
    main()
