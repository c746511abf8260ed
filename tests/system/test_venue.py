# SPDX-License-Identifier: Apache-2.0
"""The house's own name, colour and logo; pictures of cues; and that no picture runs anything."""
import struct
import zlib

import pytest

from test_content import tone


def png(side=4):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\xff\xc5\x6e" * side for _ in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


NOBODY = {"Cookie": ""}
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'><rect width='4' height='4'/></svg>"


def keep(server, data):
    a = server.request("PUT", "/api/v1/pictures", data)
    assert a.status == 201, a.body
    return a.json["picture"]


def test_a_new_house_has_no_look(server):
    assert server.request("GET", "/api/v1/venue", headers=NOBODY).json == {}


def test_name_colour_and_logo_stay(server):
    look = {"name": "Weavers’ Hall", "colour": "#8040c0", "logo": keep(server, SVG)}
    assert server.request("PUT", "/api/v1/venue", look).json == look
    server.stop()
    server.start()
    assert server.request("GET", "/api/v1/venue", headers=NOBODY).json == look
    assert server.request("PUT", "/api/v1/venue", {"name": "Hall"}).json == {"name": "Hall"}


@pytest.mark.parametrize("bad", [{"name": "x" * 81}, {"colour": "red"}, {"colour": "#8040C0"},
                                 {"colour": "#8040c0;}"}, {"logo": "../roomtone.db"}, {"logo": 7}])
def test_a_bad_look_changes_nothing(server, bad):
    server.request("PUT", "/api/v1/venue", {"name": "Hall"})
    assert server.request("PUT", "/api/v1/venue", bad).json["code"] == "bad_message"
    assert server.request("GET", "/api/v1/venue").json == {"name": "Hall"}


def test_only_staff_changes_it(server):
    assert server.request("PUT", "/api/v1/venue", {}, headers=NOBODY).status == 401
    assert server.request("PUT", "/api/v1/pictures", png(), headers=NOBODY).status == 401
    missing = {"logo": "0" * 64 + ".png"}
    assert server.request("PUT", "/api/v1/venue", missing).json["code"] == "not_found"


def test_a_picture_is_served_and_runs_nothing(server):
    for data, kind in [(png(), "image/png"), (SVG, "image/svg+xml")]:
        a = server.request("GET", f"/content/{keep(server, data)}", headers=NOBODY)
        assert a.body == data and a.headers["Content-Type"] == kind
        assert "sandbox" in a.headers["Content-Security-Policy"]
        assert "default-src 'none'" in a.headers["Content-Security-Policy"]
        assert a.headers["X-Content-Type-Options"] == "nosniff"
    for data in (b"", b"hello", SVG.replace(b"<rect", b"<script>1</script><rect"), png() + b"x" * 600_000):
        assert server.request("PUT", "/api/v1/pictures", data).json["code"] == "bad_message"


def test_a_cue_has_a_picture(server, tmp_path):
    picture = keep(server, png())
    server.request("PUT", "/api/v1/tracks/loom", {"title": {"en": "Loom"}})
    server.request("PUT", "/api/v1/tracks/loom/audio/en", tone(tmp_path / "a.wav").read_bytes())
    tour = {"title": {"en": "Tour"}, "cues": [{"track": "loom", "picture": picture}]}
    doc = server.request("PUT", "/api/v1/tours/t", tour).json["hash"]
    assert server.request("GET", f"/content/{doc}.json").json["cues"][0]["picture"] == picture
    for bad, code in [("loom.png", "bad_message"), ("0" * 64 + ".png", "not_found")]:
        tour["cues"][0]["picture"] = bad
        assert server.request("PUT", "/api/v1/tours/t", tour).json["code"] == code


def test_an_exhibit_brings_its_pictures(server, tmp_path):
    tone(tmp_path / "loom.en.wav")
    (tmp_path / "loom.png").write_bytes(png())
    (tmp_path / "logo.svg").write_bytes(SVG)
    (tmp_path / "exhibit.json").write_text("""{"format": "roomtone.exhibit.v1",
        "tracks": [{"id": "loom", "title": {"en": "Loom"}, "variants": {"en": {"audio": "loom.en.wav"}}}],
        "tours": [{"id": "t", "title": {"en": "T"}, "cues": [{"track": "loom", "picture": "loom.png"}]}],
        "groups": []}""")
    server.ctl("login", "--password-file", str(server.state / "first-password"))
    server.ctl("exhibit", "import", str(tmp_path / "exhibit.json"))
    doc = server.request("GET", "/api/v1/tours").json["tours"][0]["hash"]
    picture = server.request("GET", f"/content/{doc}.json").json["cues"][0]["picture"]
    assert server.request("GET", f"/content/{picture}").body == png()
    server.ctl("venue", "set", "--name", "Hall", "--colour", "#123456", "--logo", str(tmp_path / "logo.svg"))
    server.ctl("venue", "set", "--colour", "")
    look = server.request("GET", "/api/v1/venue").json
    assert look["name"] == "Hall" and "colour" not in look and look["logo"].endswith(".svg")


def test_the_visitors_network_is_kept_and_bad_ones_change_nothing(server):
    def put(body):
        return server.request("PUT", "/api/v1/wifi", body).status
    assert server.request("GET", "/api/v1/wifi").json == {}
    assert server.request("GET", "/api/v1/wifi/qr.svg").status == 404
    good = {"name": "M\u00fchle", "password": "a;b:c,d\\\"e", "hidden": True}
    assert put(good) == 200
    for bad in ({"name": "x" * 33}, {"name": "a\nb"}, {"name": "x", "password": "short"}, {"name": 5},
                {"name": "x", "password": "y" * 64}, {"name": "x", "password": "nine\u00e9\u00e9\u00e9\u00e9"},
                {"password": "good enough"}):
        assert put(bad) == 400, bad
    server.stop(9)
    server.start()
    assert server.request("GET", "/api/v1/wifi").json == good
    assert server.request("GET", "/api/v1/wifi/qr.svg").status == 200
    # Only who may print it sees the password.
    assert server.request("GET", "/api/v1/wifi", headers={"Authorization": "Bearer x"}).status == 401
    assert "password" not in str(server.request("GET", "/api/v1/venue").json)
    assert put({}) == 200 and server.request("GET", "/api/v1/wifi").json == {}
