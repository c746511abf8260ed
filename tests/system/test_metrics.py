# SPDX-License-Identifier: Apache-2.0
"""/metrics as Prometheus wants it, and the dashboard and the alerts name what is there."""
import json
import re

import pytest

from harness import ROOT, Server

SAMPLE = re.compile(r"([a-z_0-9]+)(?:\{([a-z]+)=\"([^\"]*)\"\})? (-?[0-9.e+-]+)")
# Not Prometheus' base units, or names a histogram keeps for itself.
FORBIDDEN = re.compile(r"_(ms|us|ns|milliseconds|microseconds|kb|mb|mib|minutes|hours|days|count|sum|bucket)(_|$)")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """With all there is: HTTPS and backups are metrics only where they are."""
    folder = tmp_path_factory.mktemp("metrics")
    papers = folder / "tls"
    s = Server(folder / "state", config=(
        f"[time]\ntrust_clock = yes\n[backup]\ndir = {folder}/backups\n[tls]\nlisten = 127.0.0.1:0\n"
        f"certificate = {papers}/server.crt\nkey = {papers}/server.key\n"))
    s.ctl("certificate", "make", "--dir", papers, "--names", "box.lan")
    s.start()
    answer = s.request("GET", "/metrics")
    s.stop()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return answer.body.decode()


@pytest.fixture(scope="module")
def families(text):
    """name: (kind, help, [(sample name, label value, value)]), read as strictly as promtool does."""
    found, name = {}, None
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert name not in found, f"{name} comes twice"
            found[name] = [None, words, []]
        elif line.startswith("# TYPE "):
            assert line.split()[2] == name and found[name][0] is None
            found[name][0] = line.split()[3]
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] == name or (found[name][0] == "histogram" and
                                         sample[1] in (f"{name}_bucket", f"{name}_sum", f"{name}_count"))
            found[name][2].append((sample[1], sample[3], float(sample[4])))
    assert len(found) > 30
    return found


def test_names_kinds_and_units_follow_the_conventions(families):
    for name, (kind, words, samples) in families.items():
        assert re.fullmatch(r"(roomtone|process)_[a-z][a-z_0-9]*[a-z0-9]", name), name
        assert kind in ("gauge", "counter", "histogram") and words.endswith("."), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert not FORBIDDEN.search(name), name
        assert samples and len({(s[0], s[1]) for s in samples}) == len(samples), name
        if kind != "histogram":
            assert all(value >= 0 for *_, value in samples), name


def test_the_histogram_is_one(families):
    kind, _, samples = families["roomtone_state_sync_seconds"]
    buckets = [(float(le), v) for n, le, v in samples if n.endswith("_bucket")]
    total = next(v for n, _, v in samples if n.endswith("_count"))
    assert kind == "histogram" and buckets == sorted(buckets) and buckets[-1] == (float("inf"), total)
    assert [v for _, v in buckets] == sorted(v for _, v in buckets)
    assert total > 0 and next(v for n, _, v in samples if n.endswith("_sum")) > 0


def named_in(expressions, families):
    """The metrics of expressions; those of a histogram by its family."""
    for expression in expressions:
        for name in re.findall(r"\b(?:roomtone|process)_[a-z_0-9]+", re.sub(r'"[^"]*"', "", expression)):
            yield re.sub(r"_(bucket|count|sum)$", "", name) if name not in families else name


def test_the_dashboard_shows_what_there_is(families):
    board = json.loads((ROOT / "docs/monitoring/roomtone.json").read_text())
    names = list(named_in([t["expr"] for p in board["panels"] for t in p["targets"]], families))
    assert len(names) >= 15 and not set(names) - set(families)
    assert len({p["id"] for p in board["panels"]}) == len(board["panels"])


def test_the_alerts_watch_what_there_is(families):
    rules = (ROOT / "docs/monitoring/alerts.yml").read_text()
    blocks = rules.split("- alert: ")[1:]
    assert len(blocks) >= 10
    for block in blocks:
        expression = re.search(r"^ +expr: (.*)$", block, re.M)[1]
        assert "severity: " in block and "summary: " in block and "do: " in block, block
        names = list(named_in([expression], families))
        assert (names or expression.startswith("up{")) and not set(names) - set(families), expression


def test_counters_are_asked_for_their_rate_and_gauges_are_not(families):
    board = json.loads((ROOT / "docs/monitoring/roomtone.json").read_text())
    rules = (ROOT / "docs/monitoring/alerts.yml").read_text()
    for e in [t["expr"] for p in board["panels"] for t in p["targets"]] + re.findall(r"expr: (.*)", rules):
        for inside, name in re.findall(r"(rate\()?\b((?:roomtone|process)_[a-z_0-9]+)", e):
            family = named_in([name], families).__next__()
            assert bool(inside) == (families[family][0] != "gauge"), e
