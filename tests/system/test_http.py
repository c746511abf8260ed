# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: sign-in, groups, guards, caching; live answers against docs/openapi.json."""
import asyncio
import http.client
import json
import re
import socket

import pytest

from harness import ROOT, Client, Server, wait_until
from test_kiosks import new_key


def test_wrong_password_and_no_login(server):
    assert server.request("POST", "/api/v1/login",
                          {"user": "admin", "password": "x"}).json["code"] == "wrong_password"
    assert server.request("POST", "/api/v1/login",
                          {"user": "nobody", "password": "x"}).json["code"] == "wrong_password"
    assert server.request("POST", "/api/v1/login", {"user": 7}).json["code"] == "bad_message"
    server.session = None
    for method, path in [("GET", "/api/v1/groups"), ("GET", "/api/v1/status"),
                         ("POST", "/api/v1/groups"), ("PUT", "/api/v1/tracks/x/audio/en"),
                         ("GET", "/api/v1/me")]:
        a = server.request(method, path, {} if method != "GET" else None)
        assert (a.status, a.json["code"]) == (401, "unauthorized"), path


def test_cookie_signs_in_and_out(server):
    a = server.request("POST", "/api/v1/login", {"user": "admin", "password": server.password})
    cookie = a.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    mine = {"Cookie": cookie.split(";")[0]}
    me = server.request("GET", "/api/v1/me", headers=mine).json
    assert me == {"user": "admin", "role": "admin", "csrf": a.json["csrf"], "first_password": True}
    assert server.request("POST", "/api/v1/logout", headers=mine).json["code"] == "bad_csrf"
    mine["X-CSRF-Token"] = me["csrf"]
    assert server.request("POST", "/api/v1/logout", headers=mine).status == 204
    assert server.request("GET", "/api/v1/me", headers=mine).status == 401


def test_groups_are_made_with_ids_of_their_names(server):
    a = server.request("POST", "/api/v1/groups", {"name": "The Weavers, 10:00"})
    assert a.status == 201 and a.json["id"] == "the-weavers-10-00"
    b = server.request("POST", "/api/v1/groups", {"name": "The Weavers, 10:00"})
    assert b.status == 201 and b.json["id"] == "the-weavers-10-00-2"
    assert a.json["code"] != b.json["code"] and a.json["link"] != b.json["link"]
    c = server.request("POST", "/api/v1/groups", {"name": "x", "id": "the-weavers-10-00"})
    assert (c.status, c.json["code"]) == (409, "exists")
    d = server.request("POST", "/api/v1/groups", {"name": "No tour", "tour": "nothing"})
    assert (d.status, d.json["code"]) == (404, "not_found")
    for bad in [{}, {"name": ""}, {"name": "x" * 81}, {"name": "x", "id": "../up"}, {"name": 5}]:
        assert server.request("POST", "/api/v1/groups", bad).json["code"] == "bad_message", bad
    assert len(server.request("GET", "/api/v1/groups").json["groups"]) == 2
    assert server.request("GET", "/api/v1/groups/nowhere").json["code"] == "unknown_group"
    svg = server.request("GET", "/api/v1/groups/the-weavers-10-00/qr.svg")
    assert svg.headers["Content-Type"] == "image/svg+xml" and svg.body.startswith(b"<svg")


def test_many_groups_may_have_one_name(server):
    """Twenty are numbered; who makes more of one name gets a number drawn."""
    ids = [server.request("POST", "/api/v1/groups", {"name": "Class"}).json["id"] for _ in range(24)]
    assert ids[:20] == ["class", *(f"class-{i}" for i in range(2, 21))]
    assert len(set(ids)) == 24 and all(re.fullmatch(r"class-\d{6}", i) for i in ids[20:])


def test_unknown_paths_and_methods(server):
    assert server.request("GET", "/api/v1/nothing").json["code"] == "not_found"
    assert server.request("DELETE", "/api/v1/groups").json["code"] == "method_not_allowed"
    assert server.request("PATCH", "/api/v1/groups", {}).json["code"] == "method_not_allowed"


def test_bad_bodies_change_nothing(server):
    for body, code in [(b"{", "bad_json"), (b"[]", "bad_json"), (b"\xff", "bad_json"),
                       (b'{"name":' + b"[" * 100, "bad_json"), (b"x" * 300_000, "too_large")]:
        a = server.request("POST", "/api/v1/groups", body)
        assert a.json["code"] == code, body[:20]
    assert server.request("GET", "/api/v1/groups").json["groups"] == []


def ask(server, request):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
        s.sendall(request)
        answer = http.client.HTTPResponse(s)
        answer.begin()
        return answer.status, answer.read()


def test_bodies_need_a_length(server):
    status, body = ask(server, (
        f"POST /api/v1/groups HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
        f"{server.session}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n").encode())
    assert status == 400 and b"content-length" in body


def test_an_ipv4_address_means_ipv4(server):
    with pytest.raises(OSError):
        socket.create_connection(("::1", server.port), timeout=2)


def test_strangers_hosts_and_origins_are_refused(server):
    port = server.port
    good = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{{}}\r\n"
    assert ask(server, good.format("").encode())[0] == 200
    assert ask(server, good.format(f"Origin: http://127.0.0.1:{port}\r\n").encode())[0] == 200
    assert ask(server, good.format("Origin: http://evil.example\r\n").encode())[0] == 403
    rebound = good.replace(f"127.0.0.1:{port}", "evil.example").format("")
    assert ask(server, rebound.encode())[0] == 403


def test_connection_is_kept_between_requests(server):
    c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    c.connect()
    sock = c.sock
    for i in range(30):
        c.request("GET", "/healthz" if i % 2 else "/api/v1/me",
                  headers={"Authorization": f"Bearer {server.session}"})
        assert c.getresponse().read()
        assert c.sock is sock
    c.request("POST", "/api/v1/groups", json.dumps({"name": "kept"}),
              {"Authorization": f"Bearer {server.session}"})
    assert c.getresponse().status == 201
    assert c.sock is sock
    c.close()


def test_paths_do_not_leave_their_folder(server):
    (server.state / "content" / "secret.txt").write_text("secret")
    for path in ["/content/../first-password", "/content/%2e%2e/first-password",
                 "/content/secret.txt", "/content/..%2ffirst-password", "/assets/../index.html",
                 "/assets/%00", "/assets/..%5c..%5cx", "/content/" + "a" * 64,
                 "/content/" + "a" * 64 + ".opus", "//etc/passwd", "/content//etc/passwd",
                 "/" + "a/" * 40, "/" + "b" * 600]:
        raw = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        status, body = ask(server, raw.encode())
        assert status in (400, 403, 404), (path, status)
        assert b"secret" not in body and server.password.encode() not in body


def test_metrics_and_health(server):
    text = server.request("GET", "/metrics").body.decode()
    assert "# TYPE roomtone_connections gauge\nroomtone_connections 0\n" in text
    for line in text.splitlines():
        assert line.startswith("# ") or len(line.split()) == 2
    health = server.request("GET", "/healthz").json
    assert health["status"] == "ok" and health["time"]["trusted"] is True


def test_slow_headers_are_cut_off_and_others_served(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for s in slow:
        s.sendall(b"GET / HT")
    assert server.request("GET", "/healthz").status == 200

    def closed(s):
        s.setblocking(False)
        try:
            return s.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
    for s in slow:
        wait_until(lambda: closed(s), "the slow client to be closed", 40)
        s.close()


def schema_of(openapi, schema):
    """A schema with its references resolvable by jsonschema."""
    return {**schema, "components": openapi["components"]}


def test_live_answers_fit_the_api_description(hall):
    jsonschema = pytest.importorskip("jsonschema")
    openapi = json.loads((ROOT / "docs/openapi.json").read_text())

    def check(method, path, template, body=None, status=200):
        a = hall.request(method, path, body)
        assert a.status == status, (path, a.body)
        operation = openapi["paths"][template][method.lower()]
        response = operation["responses"][str(status)]
        if "$ref" in response:
            response = openapi["components"]["responses"][response["$ref"].split("/")[-1]]
        content = response["content"]
        kind = a.headers["Content-Type"].split(";")[0]
        assert kind in content, (path, kind)
        if kind.endswith("json"):
            jsonschema.validate(a.json, schema_of(openapi, content[kind]["schema"]))

    check("GET", "/healthz", "/healthz")
    check("GET", "/metrics", "/metrics")
    check("GET", "/api/v1/me", "/api/v1/me")
    check("GET", "/api/v1/status", "/api/v1/status")
    check("GET", "/api/v1/groups", "/api/v1/groups")
    check("GET", "/api/v1/groups/demo", "/api/v1/groups/{group}")
    check("GET", "/api/v1/groups/nowhere", "/api/v1/groups/{group}", status=404)
    check("GET", "/api/v1/groups/demo/qr.svg", "/api/v1/groups/{group}/qr.svg")
    check("POST", "/api/v1/groups", "/api/v1/groups", {"name": "New", "tour": "weavers"}, 201)
    check("POST", "/api/v1/groups/demo/commands", "/api/v1/groups/{group}/commands",
          {"do": "goto", "cue": 0})
    check("POST", "/api/v1/groups/demo/commands", "/api/v1/groups/{group}/commands",
          {"do": "dance"}, 400)
    check("GET", "/api/v1/tracks", "/api/v1/tracks")
    check("GET", "/api/v1/tours", "/api/v1/tours")
    check("PUT", "/api/v1/tracks/loom", "/api/v1/tracks/{track}", {"title": {"en": "The loom"}})


def test_what_editors_edit_has_a_tag(demo):
    key, kiosk = new_key()

    async def meet():
        async with Client(demo) as c:
            await c.hello(role="kiosk", code=demo.group()["code"], device=key)
    asyncio.run(meet())
    wait_until(lambda: demo.request("GET", f"/api/v1/kiosks/{kiosk}").status == 200, "the kiosk to be known")
    track = demo.request("GET", "/api/v1/tracks?limit=1").json["tracks"][0]["id"]
    for method, path, member, one, two in [
            ("PUT", "/api/v1/venue", "name", "The Mill", "The Silk Mill"),
            ("PUT", f"/api/v1/tracks/{track}", "title", {"en": "A"}, {"en": "B"}),
            ("PATCH", f"/api/v1/kiosks/{kiosk}", "gain", -30, -60),
            ("PATCH", "/api/v1/groups/demo", "name", "A", "B")]:
        def edit(value, **headers):
            return demo.request(method, path, {member: value}, {k.replace("_", "-"): v for k, v in headers.items()})

        def shown():
            return demo.request("GET", path)
        old = shown().headers["ETag"]
        first = edit(one, If_Match=old)
        assert first.status == 200, (path, first.body)
        assert first.headers["ETag"] == shown().headers["ETag"] != old, path
        for headers in [{"If_Match": old}, {"If_None_Match": "*"}]:
            late = edit(two, **headers)
            assert (late.status, late.json["code"]) == (412, "precondition_failed"), path
        assert edit(two, If_Match="nonsense").json["code"] == "bad_request", path
        assert shown().json[member] == one, path
        assert edit(two).status == 200 and shown().json[member] == two, path


def test_lists_come_in_pieces(demo):
    for n in range(5):
        tour = demo.request("GET", "/api/v1/tours/weavers").json["tour"]
        assert demo.request("PUT", f"/api/v1/tours/more-{n}", tour).status == 200
        assert demo.request("PUT", f"/api/v1/tours/gone-{n}", tour).status == 200
        assert demo.request("DELETE", f"/api/v1/tours/gone-{n}").status in (200, 204)
    for path, key in [("/api/v1/tours", "tours"), ("/api/v1/deleted/tours", "tours"), ("/api/v1/tracks", "tracks"),
                      ("/api/v1/groups", "groups")]:
        whole = [x["id"] for x in demo.request("GET", path).json[key]]
        pieces, after = [], None
        while True:
            got = demo.request("GET", f"{path}?limit=2" + (f"&after={after}" if after else "")).json
            assert len(got[key]) <= 2
            pieces += [x["id"] for x in got[key]]
            if "next" not in got:
                break
            after = got["next"]
        assert sorted(whole) == pieces and whole, path
        assert demo.request("GET", f"{path}?limit=0").json["code"] == "bad_request"
