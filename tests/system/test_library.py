# SPDX-License-Identifier: Apache-2.0
"""What a curator brings: uploads in pieces through every mishap, jobs, levels changed later, words, and away with it."""
import json
import os
import signal
import socket
import subprocess

import pytest

from harness import Server, fill, wait_until


def sound(path, seconds=2, *effects):
    subprocess.run(["sox", "-q", "-R", "-n", "-r", "48000", "-c", "1", "-b", "16", path, "synth", str(seconds),
                    "pinknoise", *(effects or ("vol", "0.1"))], check=True)
    return path.read_bytes()


def upload(server, data, name="a.wav", piece=1 << 20):
    up = server.request("POST", "/api/v1/uploads", {"name": name, "size": len(data)})
    assert up.status == 201, up.json
    at = 0
    while at < len(data):
        a = server.request("PUT", f"/api/v1/uploads/{up.json['id']}?offset={at}", data[at:at + piece])
        assert a.status == 200, a.json
        at = a.json["received"]
    return up.json["id"]


def track(server, name="loom"):
    assert server.request("PUT", f"/api/v1/tracks/{name}", {"title": {"en": name}}).status == 200


def make(server, wish, where="loom/audio/en"):
    """Has a job done; how it ended."""
    job = server.request("POST", f"/api/v1/tracks/{where}", wish)
    assert job.status == 202, job.json
    return ended(server, job.json["id"])


def ended(server, job):
    def over():
        a = server.request("GET", f"/api/v1/jobs/{job}").json
        return a if a["state"] in ("done", "failed", "cancelled") else None
    return wait_until(over, f"the end of job {job}")


def variant(server, name="loom", lang="en"):
    variants = server.request("GET", f"/api/v1/tracks/{name}").json["variants"]
    return next((v for v in variants if v["lang"] == lang), None)


def leftovers(server, *folders):
    return sorted(p.name for f in folders for p in (server.state / f).iterdir())


def test_pieces_become_a_track_and_the_original_is_kept(server, tmp_path):
    data = sound(tmp_path / "a.wav", 3)
    track(server)
    up = upload(server, data, "Löom \"1\".wav", 100_000)
    assert server.request("GET", f"/api/v1/uploads/{up}").json["received"] == len(data)
    assert make(server, {"upload": up, "kind": "music", "target_lufs": -20})["percent"] == 100
    v = variant(server)
    ingest = v["ingest"]
    assert (ingest["kind"], ingest["target_lufs"]) == ("music", -20)
    assert abs(ingest["made"]["loudness_lufs"] + 20) <= 0.2
    assert ingest["made"]["true_peak_dbtp"] <= -1
    peaks = server.request("GET", f"/content/{v['peaks']}.peaks").body
    assert peaks[:4] == b"RTP1" and len(peaks) == 8 + 2 * 300
    original = server.request("GET", "/api/v1/tracks/loom/audio/en")
    assert original.body == data and original.headers["X-Content-Type-Options"] == "nosniff"
    assert original.headers["Content-Disposition"] == \
        "attachment; filename=\"L__om _1_.wav\"; filename*=UTF-8''L%C3%B6om%20_1_.wav"
    assert leftovers(server, "incoming", "uploads") == []
    # Another level, of the original; what is not said stays.
    assert make(server, {"target_lufs": -23})["kind"] == "music"
    again = variant(server)
    assert abs(again["ingest"]["made"]["loudness_lufs"] + 23) <= 0.2
    assert again["opus"] != v["opus"] and again["source"] == v["source"]
    assert make(server, {"target_lufs": -20})["state"] == "done"
    assert variant(server)["opus"] == v["opus"]  # nothing was lost in between


def test_a_dropped_connection_costs_little(server, tmp_path):
    data = sound(tmp_path / "a.wav")
    up = server.request("POST", "/api/v1/uploads", {"name": "a.wav", "size": len(data)}).json["id"]

    def stands():
        return server.request("GET", f"/api/v1/uploads/{up}").json["received"]

    def begin(offset, part):
        s = socket.create_connection(("127.0.0.1", server.port))
        s.sendall((f"PUT /api/v1/uploads/{up}?offset={offset} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                   f"{server.session}\r\nContent-Length: {len(data) - offset}\r\n\r\n").encode() + part)
        return s
    with begin(0, data[:50_000]):
        wait_until(lambda: stands() == 50_000, "what came")
    # Half open: nobody has told the server that this one is dead. A newer piece takes its place.
    with begin(50_000, data[50_000:60_000]) as dead:
        wait_until(lambda: stands() == 60_000, "what came")
        wrong = server.request("PUT", f"/api/v1/uploads/{up}?offset=50000", data[50_000:])
        assert (wrong.status, wrong.json["code"], wrong.json["upload"]["received"]) == (409, "wrong_offset", 60_000)
        a = server.request("PUT", f"/api/v1/uploads/{up}?offset=60000", data[60_000:])
        assert a.status == 200 and a.json["received"] == len(data)
        dead.sendall(b"x" * 1000)
    track(server)
    assert make(server, {"upload": up})["state"] == "done"
    assert server.request("GET", "/api/v1/tracks/loom/audio/en").body == data


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_new_start_goes_on_where_it_was_synced(server, tmp_path, how):
    data = sound(tmp_path / "a.wav")
    up = server.request("POST", "/api/v1/uploads", {"name": "a.wav", "size": len(data)}).json["id"]
    server.request("PUT", f"/api/v1/uploads/{up}?offset=0", data[:70_000])
    server.stop(how)
    (server.state / "incoming" / "rubbish").write_text("x")
    with open(server.state / "incoming" / f"{up}.part", "ab") as f:
        f.write(b"\0" * 500)  # what a power cut may leave behind the end
    server.start()
    assert server.request("GET", f"/api/v1/uploads/{up}").json["received"] == 70_000
    assert server.request("PUT", f"/api/v1/uploads/{up}?offset=70000", data[70_000:]).status == 200
    track(server)
    assert make(server, {"upload": up})["state"] == "done"
    assert server.request("GET", "/api/v1/tracks/loom/audio/en").body == data
    assert leftovers(server, "incoming") == []


def test_cancelled_is_cancelled(server, tmp_path):
    track(server)
    up = upload(server, sound(tmp_path / "a.wav", 600), piece=8 << 20)
    job = server.request("POST", "/api/v1/tracks/loom/audio/en", {"upload": up}).json["id"]
    wait_until(lambda: server.request("GET", f"/api/v1/jobs/{job}").json["percent"] > 1, "it to begin")
    busy = server.request("POST", "/api/v1/tracks/loom/audio/de", {"upload": up})
    assert (busy.status, busy.json["code"]) == (503, "busy")
    assert server.request("DELETE", f"/api/v1/jobs/{job}").status == 204
    assert ended(server, job)["state"] == "cancelled"
    assert server.request("DELETE", f"/api/v1/jobs/{job}").json["code"] == "bad_state"
    again = server.request("POST", "/api/v1/tracks/loom/audio/en", {"upload": up}).json["id"]
    assert server.request("DELETE", f"/api/v1/uploads/{up}").status == 204  # with its job
    assert ended(server, again)["state"] == "cancelled"
    assert variant(server) is None
    assert leftovers(server, "incoming", "uploads", "sources", "content") == []


def test_uploads_have_ceilings_and_an_age(tmp_path):
    s = Server(tmp_path / "state", config="[limits]\nupload_max_mb = 2\nuploads_total_mb = 3\n").start().login()

    def code(body):
        return s.request("POST", "/api/v1/uploads", body).json.get("code")
    assert code({"name": "a", "size": (2 << 20) + 1}) == "too_large"
    assert code({"name": "a", "size": 2 << 20}) is None
    assert code({"name": "a", "size": 2 << 20}) == "storage_full"
    assert code({"name": "a", "size": 0}) == code({"name": "a"}) == code({"size": 1}) == "bad_message"
    up = s.request("GET", "/api/v1/uploads").json["uploads"][0]["id"]
    for size, offset, status in ((8 << 20, 0, 400), ((8 << 20) + 1, 0, 413), (1, 1, 409), (1, -1, 400), (1, "x", 400)):
        a = s.request("PUT", f"/api/v1/uploads/{up}?offset={offset}", b"x" * size)
        assert a.status == status, (size, offset, a.json)
    assert s.request("POST", "/api/v1/tracks/loom/audio/en", {"upload": up}).status == 404  # no such track
    track(s)
    assert s.request("POST", "/api/v1/tracks/loom/audio/en", {"upload": up}).json["code"] == "not_ready"
    assert s.request("POST", "/api/v1/tracks/loom/audio/en", {}).status == 404  # nothing to make it of
    for bad in ({"upload": up, "kind": "noise"}, {"upload": up, "target_lufs": 0}, {"upload": up, "target_lufs": "x"}):
        assert s.request("POST", "/api/v1/tracks/loom/audio/en", bad).json["code"] == "out_of_range"
    s.stop()
    note = s.state / "incoming" / f"{up}.json"
    facts = json.loads(note.read_text())
    note.write_text(json.dumps({**facts, "size": "x"}))
    s.start()
    assert s.request("GET", "/api/v1/uploads").json["uploads"] == [] == leftovers(s, "incoming")
    s.stop()


def test_originals_have_a_ceiling(tmp_path):
    s = Server(tmp_path / "state", config="[limits]\nsources_max_mb = 1\n").start().login()
    track(s)
    data = sound(tmp_path / "a.wav", 7)  # 0.67 MB
    for lang in ("en", "de"):
        assert s.request("PUT", f"/api/v1/tracks/loom/audio/{lang}?kind=speech&target_lufs=-18", data).status == 201
    assert "source" not in variant(s) and variant(s, lang="de")["source"]["bytes"] == len(data)
    assert variant(s)["ingest"]["target_lufs"] == -18
    assert s.request("GET", "/api/v1/tracks/loom/audio/en").status == 404
    assert len(leftovers(s, "sources")) == 1
    s.stop()
    (s.state / "sources" / leftovers(s, "sources")[0]).unlink()
    (s.state / "sources" / "stray").write_text("x")
    s.start()
    assert "source" not in variant(s, lang="de") and leftovers(s, "sources") == []
    s.stop()


def test_a_full_disk_is_not_the_files_fault(tmp_path, small_disk, exhibit):
    content = small_disk("4m", tmp_path / "state" / "content")
    other = Server(tmp_path / "other" / "state").start().login()
    other.import_exhibit(exhibit)
    archive = other.request("GET", "/api/v1/exhibition").body
    other.stop()
    s = Server(tmp_path / "state").start().login()
    track(s)
    up = upload(s, sound(tmp_path / "a.wav", 20))
    fill(content / "filler")
    job = make(s, {"upload": up})
    assert (job["state"], job["code"]) == ("failed", "storage_full"), job
    assert leftovers(s, "content") == ["filler"]
    give = ("PUT", "/api/v1/exhibition", archive, {"Content-Type": "application/x-tar"})
    a = s.request(*give)
    assert (a.status, a.json["code"]) == (507, "storage_full"), a.json
    assert leftovers(s, "content") == ["filler"] and s.request("GET", "/api/v1/tours").json["tours"] == []
    # What was brought is here still.
    (content / "filler").unlink()
    assert make(s, {"upload": up})["state"] == "done"
    assert s.request(*give).status == 200
    s.stop()


def test_words_belong_to_a_language(server, tmp_path):
    track(server)
    server.request("PUT", "/api/v1/tracks/loom/audio/en", sound(tmp_path / "a.wav", 3))
    assert server.request("GET", "/api/v1/tracks/loom/transcript/en").status == 404
    srt = "1\r\n00:00:00,000 --> 00:00:01,000\r\nHello <b>you</b> & me\r\n"
    a = server.request("PUT", "/api/v1/tracks/loom/captions/en", srt.encode())
    assert (a.status, a.json["count"]) == (200, 1)
    vtt = server.request("GET", f"/content/{a.json['captions']}.vtt").body.decode()
    assert vtt == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello <b>you</b> &amp; me\n"
    a = server.request("GET", "/api/v1/tracks/loom/transcript/en").json
    assert (a["from"], a["text"]) == ("captions", "Hello you & me\n")
    bad = "WEBVTT\n\n00:00.000 --> 00:01.000\nx\n\n00:02.000 --> 00:09.000\ny\n"
    a = server.request("PUT", "/api/v1/tracks/loom/captions/en", bad.encode())
    assert (a.status, a.json["code"]) == (422, "bad_captions")
    assert a.json["problems"] == [{"line": 6, "text": "ends at 00:00:09.000, the sound at 00:00:03.000"}]
    assert server.request("PUT", "/api/v1/tracks/loom/transcript/en", "Own words".encode()).status == 204
    assert server.request("GET", "/api/v1/tracks/loom/transcript/en").json["text"] == "Own words"
    assert variant(server)["transcript"] is True
    assert server.request("DELETE", "/api/v1/tracks/loom/transcript/en").status == 204
    assert server.request("DELETE", "/api/v1/tracks/loom/captions/en").status == 204
    assert "captions" not in variant(server)
    for kind in ("captions", "transcript"):
        assert server.request("PUT", f"/api/v1/tracks/loom/{kind}/fr", srt.encode()).status == 404
        assert server.request("PUT", f"/api/v1/tracks/loom/{kind}/en", b"\xff").status == 400


def test_what_is_used_stays(server, tmp_path):
    track(server)
    for lang, seconds in (("en", 3), ("de", 2)):
        server.request("PUT", f"/api/v1/tracks/loom/audio/{lang}", sound(tmp_path / "a.wav", seconds))
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'></svg>"
    cover = server.request("PUT", "/api/v1/pictures", svg).json["picture"]
    assert server.request("PUT", "/api/v1/tracks/loom", {"title": {"en": "Loom"}, "cover": cover}).status == 200
    assert server.request("PUT", "/api/v1/tracks/loom", {"title": {"en": "Loom"}, "cover": "0" * 64 + ".png"}).status == 404
    t = server.request("GET", "/api/v1/tracks/loom").json
    assert (t["uneven_us"], t["cover"], t["tours"]) == (1_000_000, cover, [])
    doc = server.request("PUT", "/api/v1/tours/t", {"title": {"en": "T"}, "cues": [{"track": "loom"}]}).json["hash"]
    # A cue without a picture shows the cover.
    assert server.request("GET", f"/content/{doc}.json").json["cues"][0]["picture"] == cover
    assert server.request("POST", "/api/v1/groups", {"id": "g", "name": "G", "tour": "t"}).status in (200, 201)
    for path in ("loom", "loom/audio/en"):
        a = server.request("DELETE", f"/api/v1/tracks/{path}")
        assert (a.status, a.json["code"]) == (409, "in_use")
        assert [(u["kind"], u["id"]) for u in a.json["users"]] == [("tour", "t"), ("group", "g")]
    assert server.request("GET", "/api/v1/tracks/loom").json["tours"] == ["t"]
    track(server, "other")
    server.request("PUT", "/api/v1/tours/t", {"title": {"en": "T"}, "cues": [{"track": "loom"}]})
    server.request("PUT", "/api/v1/tracks/other/audio/en", sound(tmp_path / "a.wav", 1))
    assert server.request("DELETE", "/api/v1/tracks/other").status == 204
    assert server.request("GET", "/api/v1/tracks/other").status == 404
    assert server.request("DELETE", "/api/v1/tracks/other").status == 404
    assert len(leftovers(server, "sources")) == 2


# ---- hostile files

def wav(channels=1, rate=48000, bits=16, data=b"\0\0" * 4800, claim=None, align=None):
    align = channels * bits // 8 if align is None else align
    claim = len(data) if claim is None else claim
    le = int.to_bytes
    return (b"RIFF" + le(min(36 + claim, 2**32 - 1), 4, "little") + b"WAVEfmt " + le(16, 4, "little")
            + le(1, 2, "little") + le(channels, 2, "little") + le(rate, 4, "little")
            + le(rate * align % 2**32, 4, "little") + le(align, 2, "little") + le(bits, 2, "little")
            + b"data" + le(claim, 4, "little") + data)


def encoded(tmp_path, ending, *effects):
    path = tmp_path / f"x.{ending}"
    subprocess.run(["sox", "-q", "-R", "-n", "-r", "48000", "-c", "1", path, *effects], check=True)
    return path.read_bytes()


def claims(flac, samples):
    """With another length in its STREAMINFO, 36 bits at byte 21."""
    head = bytearray(flac)
    head[21] = head[21] & 0xf0 | samples >> 32
    head[22:26] = (samples & 0xffffffff).to_bytes(4, "big")
    return bytes(head)


def opus(tmp_path):
    sound(tmp_path / "o.wav", 0.2)
    subprocess.run(["opusenc", "--quiet", tmp_path / "o.wav", tmp_path / "o.opus"], check=True)
    return (tmp_path / "o.opus").read_bytes()


def memory_kb(server):
    status = open(f"/proc/{server.process.pid}/status").read()
    return int(status.split("VmRSS:")[1].split()[0])


def hostile(tmp_path):
    bomb = encoded(tmp_path, "flac", "trim", "0", "60")  # nothing, nine thousandfold
    good = encoded(tmp_path, "flac", "synth", "0.1", "sine", "440")
    ogg = opus(tmp_path)
    pages = ogg.index(b"OggS", 4)
    yield "a bomb", claims(bomb, 5 * 3600 * 48000)
    yield "a bomb without an end", claims(bomb, 0)
    yield "no channels", wav(channels=0, align=2)
    yield "too many channels", wav(channels=9)
    yield "no rate", wav(rate=0)
    yield "too fast", wav(rate=2**31 - 1)
    yield "nothing behind a huge claim", wav(data=b"", claim=2**32 - 1)
    yield "endless ogg", ogg[:pages] * 4000
    yield "a page by page lie", b"OggS\0\2" + b"\xff" * 200_000
    yield "html", b"<html><script>alert(1)</script>" * 100
    yield "html in a wav's clothes", b"RIFF\xff\xff\xff\xffWAVE<script>alert(1)</script>" + b"\0" * 1000
    yield "an ID3 that goes on for ever", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"\0" * 100_000
    yield "flac without frames", good[:42]
    yield "mp3 of ones", b"\xff\xfb" * 50_000
    for cut in range(0, len(ogg), max(1, len(ogg) // 12)):
        yield f"opus cut at {cut}", ogg[:cut] or b"O"
    for cut in range(4, len(good), max(1, len(good) // 8)):
        yield f"flac cut at {cut}", good[:cut]


def test_hostile_files_are_refused_and_leave_nothing(server, tmp_path):
    track(server)
    server.request("PUT", "/api/v1/tracks/loom/audio/en", wav(data=os.urandom(9600)))
    kept = leftovers(server, "content", "sources")
    before = memory_kb(server)
    for what, data in hostile(tmp_path):
        a = server.request("PUT", "/api/v1/tracks/loom/audio/en", data)
        assert (a.status, a.json["code"]) == (422, "bad_audio"), (what, a.status, a.json)
        assert 5 < len(a.json["detail"]) < 200 and "\n" not in a.json["detail"], what
    # What a sanitizer keeps of what was freed is not the server's.
    assert os.environ.get("ROOMTONE_SANITIZE") or memory_kb(server) - before < 8192
    assert leftovers(server, "content", "sources") == kept
    assert leftovers(server, "incoming", "uploads") == []
    assert server.request("GET", "/healthz").status == 200


def test_names_of_uploads_lead_nowhere(server, tmp_path):
    outside = sorted(p for p in tmp_path.rglob("*") if "state/" not in str(p))
    for name in ("../../x", "..\\..\\x", "/etc/passwd", "%2e%2e%2fx", "a" * 900, "con.wav", ".json", "\u202ex"):
        a = server.request("POST", "/api/v1/uploads", {"name": name, "size": 3})
        assert a.status == 201 and "/" not in a.json["name"] and "\n" not in a.json["name"]
        assert server.request("PUT", f"/api/v1/uploads/{a.json['id']}?offset=0", b"abc").status == 200
    for bad in ({"name": "a\0b", "size": 1}, {"name": "x\ny", "size": 1}, {"name": 7, "size": 1}, {"name": "a" * 2000, "size": 1}):
        assert server.request("POST", "/api/v1/uploads", bad).status == 400
    for path in ("..", "%2e%2e", "..%2f..%2froomtone.db", "x" * 32, "0" * 32 + ".part"):
        for method in ("GET", "PUT", "DELETE"):
            assert server.request(method, f"/api/v1/uploads/{path}", b"x" if method == "PUT" else None).status in (400, 404, 405)
    assert sorted(p for p in tmp_path.rglob("*") if "state/" not in str(p)) == outside
    assert len(leftovers(server, "incoming")) == 16


def test_the_command_line_has_all_of_it(server, tmp_path):
    def ctl(*a, check=True):
        return server.ctl(*a, check=check)
    ctl("login", "--password-file", server.state / "first-password")
    data = sound(tmp_path / "My Own.wav", 3)
    # What an earlier try left is gone on with.
    up = server.request("POST", "/api/v1/uploads", {"name": "My Own.wav", "size": len(data)}).json["id"]
    server.request("PUT", f"/api/v1/uploads/{up}?offset=0", data[:1000])
    assert up in ctl("upload", "list").stdout
    made = json.loads(ctl("--json", "track", "add", tmp_path / "My Own.wav", "--kind", "music", "--target", "-20").stdout)
    assert (made["state"], made["upload"], made["kind"]) == ("done", up, "music")
    assert made["id"] in ctl("job", "list").stdout and ctl("upload", "list").stdout == ""
    assert "-20.0" in ctl("track", "show", "my-own").stdout and "my-own" in ctl("track", "list").stdout
    ctl("track", "level", "my-own", "--target", "-23")
    assert "-23.0" in ctl("track", "show", "my-own").stdout
    ctl("track", "original", "my-own", tmp_path / "back.wav")
    assert (tmp_path / "back.wav").read_bytes() == data
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:09,000\nHello\n")
    wrong = ctl("track", "captions", "my-own", tmp_path / "a.srt", check=False)
    assert wrong.returncode == 1 and "line 2: ends at" in wrong.stderr
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    ctl("track", "captions", "my-own", tmp_path / "a.srt")
    assert ctl("track", "transcript", "my-own").stdout.strip() == "Hello"
    (tmp_path / "a.txt").write_text("Own words")
    ctl("track", "transcript", "my-own", tmp_path / "a.txt")
    assert ctl("track", "transcript", "my-own").stdout.strip() == "Own words"
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'></svg>")
    ctl("track", "cover", "my-own", tmp_path / "a.svg")
    ctl("track", "title", "my-own", "Mein Eigenes", "--lang", "de")
    t = json.loads(ctl("--json", "track", "show", "my-own").stdout)
    assert t["title"] == {"de": "Mein Eigenes", "en": "my-own"} and t["cover"].endswith(".svg")
    for kind in ("captions", "transcript", "cover"):
        ctl("track", kind, "my-own", "none")
    ctl("track", "delete", "my-own", "--lang", "en")
    ctl("track", "delete", "my-own")
    assert json.loads(ctl("--json", "track", "list").stdout)["tracks"] == []
    for bad in (("track", "level", "x", "--target", "loud"), ("track", "level", "x", "--kind", "noise"),
                ("job", "cancel", "0" * 16), ("upload", "cancel", "../x"), ("track", "show", "nothing")):
        assert ctl(*bad, check=False).returncode == 1, bad
    # A file that is none says why.
    (tmp_path / "no.wav").write_text("this is no sound")
    wrong = ctl("track", "add", tmp_path / "no.wav", check=False)
    assert wrong.returncode == 1 and "is not a sound file of a known kind" in wrong.stderr
