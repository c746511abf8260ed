# SPDX-License-Identifier: Apache-2.0
"""Tracks and tours: uploads good and broken, documents, ranges, caching."""
import hashlib
import json
import os
import signal
import subprocess
import threading
import time
import wave

from harness import Server, wait_until


def tone(path, seconds=1):
    subprocess.run(["sox", "-q", "-n", "-r", "48000", "-c", "1", "-b", "16", path, "synth", str(seconds),
                    "pluck", "E3", "gain", "-6"], check=True)
    return path


def test_upload_publish_and_fetch(server, tmp_path):
    audio = tone(tmp_path / "a.wav", 3).read_bytes()
    assert server.request("PUT", "/api/v1/tracks/loom/audio/en", audio).json["code"] == "not_found"
    assert server.request("PUT", "/api/v1/tracks/loom", {"title": {"en": "Loom"}}).status == 200
    a = server.request("PUT", "/api/v1/tracks/loom/audio/en", audio)
    assert a.status == 201 and a.json["ingest"]["dur_us"] == 3_000_000
    vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n".encode()
    assert server.request("PUT", "/api/v1/tracks/loom/captions/en", vtt).status == 200
    tour = {"title": {"en": "Tour"}, "cues": [{"track": "loom", "on_end": "stop"}]}
    doc_hash = server.request("PUT", "/api/v1/tours/t", tour).json["hash"]

    a = server.request("GET", f"/content/{doc_hash}.json")
    assert hashlib.sha256(a.body).hexdigest() == doc_hash
    variant = a.json["cues"][0]["track"]["variants"][0]
    for name, ending in [("opus", "opus"), ("seek", "seek"), ("captions", "vtt")]:
        a = server.request("GET", f"/content/{variant[name]}.{ending}")
        assert hashlib.sha256(a.body).hexdigest() == variant[name]
        assert "immutable" in a.headers["Cache-Control"]
        assert a.headers["X-Content-Type-Options"] == "nosniff"
    assert not list((server.state / "uploads").iterdir())


def test_ranges_and_conditions(server, tmp_path):
    server.request("PUT", "/api/v1/tracks/a", {"title": {"en": "A"}})
    up = server.request("PUT", "/api/v1/tracks/a/audio/en", tone(tmp_path / "a.wav").read_bytes())
    path = f"/content/{up.json['ingest']['opus']}.opus"
    whole = server.request("GET", path)
    size = len(whole.body)
    assert whole.headers["Accept-Ranges"] == "bytes" and whole.body[:4] == b"OggS"
    for text, first, last in [("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199),
                              ("bytes=100-", 100, size - 1), ("bytes=-10", size - 10, size - 1),
                              (f"bytes=5-{size * 2}", 5, size - 1)]:
        part = server.request("GET", path, headers={"Range": text})
        assert part.status == 206 and part.body == whole.body[first:last + 1]
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    beyond = server.request("GET", path, headers={"Range": f"bytes={size}-"})
    assert beyond.status == 416 and beyond.headers["Content-Range"] == f"bytes */{size}"
    assert server.request("GET", path, headers={"Range": "bytes=9-3"}).body == whole.body
    same = server.request("GET", path, headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status == 304 and same.body == b""
    head = server.request("HEAD", path)
    assert head.status == 200 and head.body == b"" and head.headers["Content-Length"] == str(size)


def test_broken_audio_is_refused_with_a_reason_and_leaves_nothing(server, tmp_path):
    server.request("PUT", "/api/v1/tracks/a", {"title": {"en": "A"}})
    good = tone(tmp_path / "a.wav", 2).read_bytes()
    for data in [b"", b"this is no audio", good[:40], b"\0" * 100_000, b"RIFF" + os.urandom(5000)]:
        a = server.request("PUT", "/api/v1/tracks/a/audio/en", data)
        assert (a.status, a.json["code"]) == (422, "bad_audio")
        assert a.json["detail"]
    assert server.request("GET", "/api/v1/tracks").json["tracks"][0]["variants"] == []
    assert not list((server.state / "content").iterdir())
    assert not list((server.state / "uploads").iterdir())


def test_interrupted_upload_leaves_nothing(server):
    import socket
    server.request("PUT", "/api/v1/tracks/a", {"title": {"en": "A"}})
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall((f"PUT /api/v1/tracks/a/audio/en HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   f"Authorization: Bearer {server.session}\r\nContent-Length: 1000000\r\n\r\n")
                  .encode() + b"x" * 5000)
        wait_until(lambda: list((server.state / "uploads").iterdir()), "the upload to begin")
    wait_until(lambda: not list((server.state / "uploads").iterdir()), "the upload to be removed")


def test_too_large_upload_is_refused_at_once(tmp_path):
    s = Server(tmp_path / "state", config="[limits]\nupload_max_mb = 1\n").start().login()
    s.request("PUT", "/api/v1/tracks/a", {"title": {"en": "A"}})
    a = s.request("PUT", "/api/v1/tracks/a/audio/en", b"x" * (1024 * 1024 + 1))
    assert (a.status, a.json["code"]) == (413, "too_large")
    assert not list((s.state / "uploads").iterdir())
    s.stop()


def test_stopping_in_the_middle_of_an_ingest_ends_the_child(server, tmp_path):
    server.request("PUT", "/api/v1/tracks/a", {"title": {"en": "A"}})
    long = tone(tmp_path / "long.wav", 1)
    with wave.open(str(long), "rb") as w:
        frames = w.readframes(w.getnframes())
    with wave.open(str(long), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(48000)
        for _ in range(600):
            w.writeframes(frames[:96000])
    data = long.read_bytes()
    answers = []

    def put():
        try:
            answers.append(server.request("PUT", "/api/v1/tracks/a/audio/en", data))
        except OSError:
            answers.append(None)
    thread = threading.Thread(target=put)
    thread.start()
    children = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    wait_until(lambda: open(children).read().split() or answers, "the ingest child")
    pids = open(children).read().split()
    assert server.stop() == 0
    thread.join(timeout=60)
    for pid in pids:
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the child to be gone")


def test_bad_tours_and_captions_are_refused(server, tmp_path):
    tour = {"title": {"en": "T"}, "cues": [{"track": "a"}]}
    assert server.request("PUT", "/api/v1/tours/t", tour).json["code"] == "not_found"
    server.request("PUT", "/api/v1/tracks/a", {"title": {"en": "A"}})
    a = server.request("PUT", "/api/v1/tours/t", tour)
    assert a.json["code"] == "not_ready" and "a" in a.json["detail"]
    server.request("PUT", "/api/v1/tracks/a/audio/en", tone(tmp_path / "a.wav").read_bytes())
    for bad in [{}, {"title": {"en": "T"}}, {"title": {}, "cues": [{"track": "a"}]},
                {"title": {"en": "T"}, "cues": []}, {"title": {"en": "T"}, "cues": [7]},
                {"title": {"en": "T"}, "cues": [{"track": "a", "on_end": "explode"}]},
                {"title": {"EN": "T"}, "cues": [{"track": "a"}]}]:
        assert server.request("PUT", "/api/v1/tours/t", bad).json["code"] == "bad_message", bad
    assert server.request("PUT", "/api/v1/tours/T!", tour).status in (400, 404)
    for bad in [b"", b"hello", b"WEBVTT\xff", b"WEBVTT\0"]:
        assert server.request("PUT", "/api/v1/tracks/a/captions/en", bad).status in (400,)
    assert server.request("GET", "/api/v1/tours").json["tours"] == []


def test_pages_are_served_compressed_with_a_policy(tmp_path):
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<p>hello")
    (web / "index.html.gz").write_bytes(b"\x1f\x8bcompressed")
    (web / "assets" / "a-1.js").write_text("1")
    s = Server(tmp_path / "state", extra=["--web", web]).start()
    a = s.request("GET", "/", headers={"Accept-Encoding": "gzip, br"})
    assert a.headers["Content-Encoding"] == "gzip" and a.body == b"\x1f\x8bcompressed"
    a = s.request("GET", "/j/anything", headers={"Accept-Encoding": "identity"})
    assert a.body == b"<p>hello" and "Content-Encoding" not in a.headers
    assert "default-src 'self'" in a.headers["Content-Security-Policy"]
    assert f"ws://127.0.0.1:{s.port}" in a.headers["Content-Security-Policy"]
    a = s.request("GET", "/assets/a-1.js")
    assert a.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in a.headers["Cache-Control"]
    assert s.request("GET", "/admin").json["code"] == "not_found"
    s.stop()
