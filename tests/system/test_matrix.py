# SPDX-License-Identifier: Apache-2.0
"""Every route as everybody: who may is what docs/openapi.json says (x-role), and nobody else gets past the
door, nor reads more than they may."""
import asyncio
import contextlib
import hashlib
import json
import re
import sqlite3

import pytest

from harness import LONG_PIN, ROOT, Client, Server

API = json.loads((ROOT / "docs/openapi.json").read_text())
RANKS = ["anybody", "viewer", "guide", "curator", "admin"]
PASSWORD = "four weavers at one loom"
ROUTES = [(method.upper(), path, operation) for path, item in API["paths"].items()
          for method, operation in item.items()]
# What would end the house for those who come after, or nobody can do twice, comes by name below.
ENDS = {"api_logout", "api_backup_restore"}


def path_of(path, operation):
    """Its path with things that are not there: whoever is let in changes nothing, or next to nothing."""
    return re.sub(r"\{(\w+)\}", lambda m: {"lang": "en"}.get(m[1], "not-here"), path)


def body_of(operation):
    """Nothing that could be understood: whoever is let in is told so."""
    return b"{\"none\":" if "requestBody" in operation else None


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A house with a user of each role, the tokens of all, of a visitor, and of a session that is over."""
    s = Server(tmp_path_factory.mktemp("matrix") / "state").start().login()
    for role in RANKS[1:4]:
        a = s.request("POST", "/api/v1/users", {"user": role, "role": role, "password": PASSWORD})
        assert a.status == 201, a.body
    s.request("POST", "/api/v1/groups", {"name": "Group", "id": "group"})
    s.tokens = {"anybody": None, "admin": s.session}
    for role in RANKS[1:4]:
        s.tokens[role] = sign_in(s, role)
    over = sign_in(s, "admin", s.password)
    s.tokens["visitor"] = visit(s)
    s.stop()
    with contextlib.closing(sqlite3.connect(s.state / "roomtone.db")) as db, db:
        db.execute("UPDATE login SET expires_us=1 WHERE token_hash=?", (hashlib.sha256(over.encode()).digest(),))
    s.start()
    s.tokens["expired"] = over
    yield s
    s.stop()


def sign_in(server, user, password=PASSWORD):
    a = server.request("POST", "/api/v1/login", {"user": user, "password": password},
                       headers={"Authorization": ""})
    assert a.status == 200, a.body
    return a.json["session"]


def visit(server):
    """The session's token of a visitor who joined."""
    async def join():
        async with Client(server) as c:
            await c.join(server.group("group")["code"])
            return (await c.receive("session"))["token"]
    return asyncio.run(join())


def ask(server, who, method, path, body=None, **headers):
    token = server.tokens[who]
    headers["Authorization"] = f"Bearer {token}" if token else ""
    return server.request(method, path, body, headers)


def rank(who):
    return RANKS.index(who) if who in RANKS else 0


@pytest.mark.parametrize("who", [*RANKS, "visitor", "expired"])
def test_every_route(house, who):
    for method, path, operation in ROUTES:
        name = operation["operationId"]
        if name in ENDS and rank(who) >= rank(operation["x-role"]):
            continue
        a = ask(house, who, method, path_of(path, operation), body_of(operation))
        refused = a.status in (401, 403) and a.json["code"] != "wrong_password"
        what = f"{who}: {method} {path}: {a.status} {a.body[:200]}"
        if rank(who) >= rank(operation["x-role"]):
            assert not refused, what
        else:
            code = "forbidden" if rank(who) else "unauthorized"
            assert (a.status, a.json["code"]) == (401 if code == "unauthorized" else 403, code), what
            assert ("WWW-Authenticate" in a.headers) == (a.status == 401), what
            assert set(a.json) <= {"type", "title", "status", "code"}, what


def test_nothing_was_changed_by_it(house):
    assert {u["user"]: u["role"] for u in ask(house, "admin", "GET", "/api/v1/users").json["users"]} == \
        {"admin": "admin", "curator": "curator", "guide": "guide", "viewer": "viewer"}
    assert [g["id"] for g in ask(house, "admin", "GET", "/api/v1/groups").json["groups"]] == ["group"]


def test_other_methods_say_what_there_is(house):
    by_path = {}
    for method, path, operation in ROUTES:
        by_path.setdefault(path_of(path, operation), set()).add(method)
    patterns = {p: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(p)) + "$") for p in API["paths"]}
    for path, methods in by_path.items():
        # A path may fit a pattern of others as well (/tracks/{track} beside a fixed name).
        for p, pattern in patterns.items():
            if pattern.match(path):
                methods |= {m.upper() for m in API["paths"][p]}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods:
            a = ask(house, "admin", method, path)
            assert (a.status, a.json["code"]) == (405, "method_not_allowed"), (method, path)
            said = set(a.headers["Allow"].split(", "))
            assert said - {"HEAD"} == methods and ("HEAD" in said) == ("GET" in methods), (path, said)


SECRETS = {  # what gives whoever reads it more than they have: not in what the roles before may read
    "guide_link": "curator",
}


@pytest.mark.parametrize("who", ["viewer", "guide", "curator", "admin"])
def test_nobody_reads_what_gives_them_more(house, who):
    guide_link = ask(house, "admin", "GET", "/api/v1/groups/group").json["guide_link"].split("/")[-1]
    ask(house, "curator", "PUT", "/api/v1/groups/group/guide-pin", {"pin": LONG_PIN})
    seen = b""
    for method, path, operation in ROUTES:
        if method != "GET" or rank(who) < rank(operation["x-role"]) or path in ("/api/v1/backup", "/api/v1/openapi.json"):
            continue
        a = ask(house, who, method, re.sub(r"\{group\}", "group", path))
        seen += a.body
    may = rank(who) >= rank(SECRETS["guide_link"])
    assert (guide_link.encode() in seen) == may
    assert LONG_PIN.encode() not in seen and b"argon2" not in seen
    for other, token in house.tokens.items():
        assert not token or token.encode() not in seen, other


def test_a_cookie_is_nothing_without_the_pages_own_token(house):
    """As another site's page would have a browser send it, should SameSite and Origin ever fail."""
    me = ask(house, "admin", "GET", "/api/v1/me").json
    mine = {"Cookie": f"roomtone_session={house.tokens['admin']}"}
    viewer = ask(house, "viewer", "GET", "/api/v1/me").json["csrf"]
    for method, path, operation in ROUTES:
        if method == "GET" or operation["x-role"] == "anybody" or operation["operationId"] in ENDS:
            continue
        for token in (None, "", me["csrf"][:-1], me["csrf"][::-1], viewer):
            headers = dict(mine) if token is None else {**mine, "X-CSRF-Token": token}
            a = house.request(method, path_of(path, operation), body_of(operation), headers)
            assert (a.status, a.json["code"]) == (403, "bad_csrf"), (method, path, token)
        a = house.request(method, path_of(path, operation), body_of(operation), {**mine, "X-CSRF-Token": me["csrf"]})
        assert a.status not in (401, 403), (method, path, a.body)


def test_what_is_grave_wants_the_password_again(tmp_path):
    """Logins five minutes old: what deletes, goes back or is about users waits for the password."""
    s = Server(tmp_path / "state").start().login()
    s.stop()
    with contextlib.closing(sqlite3.connect(s.state / "roomtone.db")) as db, db:
        db.execute("UPDATE login SET began_us=began_us-301000000")
    s.start()
    light = {"api_sessions_end", "api_groups_remove_pin", "api_uploads_remove", "api_jobs_cancel"}
    grave = set()
    for method, path, operation in ROUTES:
        name = operation["operationId"]
        if name == "api_logout":
            continue
        a = s.request(method, path_of(path, operation), body_of(operation))
        if a.status == 403:
            assert a.json["code"] == "confirm_password", (method, path, a.body)
            grave.add(name)
    deletes = {o["operationId"] for m, _, o in ROUTES if m == "DELETE"} - light
    assert deletes | {"api_users_create", "api_users_change", "api_backup_restore"} == grave
    assert s.request("POST", "/api/v1/me/confirm", {"password": "not mine at all"}).json["code"] == "wrong_password"
    assert s.request("DELETE", "/api/v1/users/nobody").json["code"] == "confirm_password"
    assert s.request("POST", "/api/v1/me/confirm", {"password": s.password}).status == 204
    assert s.request("DELETE", "/api/v1/users/nobody").json["code"] == "not_found"
    s.stop()
