# SPDX-License-Identifier: Apache-2.0
"""Staff: users, sessions, wrong passwords, what a socket may, who did what, requests that are sent again."""
import asyncio
import contextlib
import http.client
import json
import signal
import sqlite3
import time

import pytest

from harness import LONG_PIN, ROOT, Client, wait_until

PASSWORD = "four weavers at one loom"
OTHER = "one bell over the dyehouse"


def login(server, user, password=PASSWORD):
    return server.request("POST", "/api/v1/login", {"user": user, "password": password}, {"Authorization": ""})


def make(server, user, role="viewer", password=PASSWORD):
    a = server.request("POST", "/api/v1/users", {"user": user, "role": role, "password": password})
    assert a.status == 201, a.body
    return login(server, user, password).json["session"]


def change(server, user, **fields):
    return server.request("PATCH", f"/api/v1/users/{user}", fields)


def as_(server, token, method, path, body=None, **headers):
    return server.request(method, path, body, {"Authorization": f"Bearer {token}", **headers})


def trail(server, **query):
    asked = "&".join(f"{k}={v}" for k, v in query.items())
    return server.request("GET", f"/api/v1/audit?{asked}").json


# --- users ------------------------------------------------------------------------------------------


def test_users_are_made_changed_and_removed(server):
    anna = make(server, "anna", "curator")
    assert as_(server, anna, "GET", "/api/v1/me").json["role"] == "curator"
    listed = server.request("GET", "/api/v1/users").json["users"]
    assert [(u["user"], u["role"], u["sessions"]) for u in listed] == [("admin", "admin", 1), ("anna", "curator", 1)]
    again = server.request("POST", "/api/v1/users", {"user": "anna", "role": "viewer", "password": OTHER})
    assert (again.status, again.json["code"]) == (409, "exists")
    assert change(server, "anna", role="viewer").json["role"] == "viewer"
    assert as_(server, anna, "GET", "/api/v1/me").status == 401, "a new role ends sessions"
    assert login(server, "anna").json["role"] == "viewer"
    assert change(server, "anna", disabled=True).json["disabled"] is True
    assert login(server, "anna").json["code"] == "wrong_password"
    assert change(server, "anna", disabled=False).status == 200
    anna = login(server, "anna").json["session"]
    assert server.request("DELETE", "/api/v1/users/anna").status == 204
    assert as_(server, anna, "GET", "/api/v1/me").status == 401
    assert server.request("DELETE", "/api/v1/users/anna").json["code"] == "not_found"
    assert change(server, "anna", role="admin").json["code"] == "not_found"


def test_what_is_no_user_is_refused(server):
    good = {"user": "anna", "role": "viewer", "password": PASSWORD}
    for wrong, code in [({"user": ""}, "bad_message"), ({"user": "a" * 41}, "bad_message"),
                        ({"user": "Anna"}, "bad_message"), ({"user": "../x"}, "bad_message"),
                        ({"role": "king"}, "bad_message"), ({"role": None}, "bad_message"),
                        ({"password": 7}, "bad_message"), ({"password": "short"}, "weak_password"),
                        ({"password": "x" * 201}, "weak_password"), ({"password": "Museum2026!"}, "weak_password"),
                        ({"password": "1234567890"}, "weak_password"), ({"password": "aaaaaaaaaaaa"}, "weak_password"),
                        ({"password": "Roomtone-2026"}, "weak_password"), ({"password": "passwordpassword"}, "weak_password"),
                        ({"user": "annamarie", "password": "annamarie1"}, "weak_password")]:
        a = server.request("POST", "/api/v1/users", {**good, **wrong})
        assert a.json["code"] == code, (wrong, a.body)
    assert change(server, "admin").json["code"] == "bad_message"
    assert len(server.request("GET", "/api/v1/users").json["users"]) == 1


def test_somebody_stays_who_may_everything(server):
    for wrong in ({"role": "curator"}, {"disabled": True}):
        assert change(server, "admin", **wrong).json["code"] == "last_admin"
    assert server.request("DELETE", "/api/v1/users/admin").json["code"] == "last_admin"
    make(server, "anna", "admin")
    assert change(server, "admin", role="curator").status == 200
    # The session that asked goes on, with less.
    assert server.request("GET", "/api/v1/me").json["role"] == "curator"
    assert change(server, "anna", role="viewer").json["code"] == "forbidden"


def test_my_own_password(server):
    anna, elsewhere = make(server, "anna"), login(server, "anna").json["session"]
    put = "PUT", "/api/v1/me/password"
    assert as_(server, anna, *put, {"old_password": OTHER, "password": OTHER}).json["code"] == "wrong_password"
    assert as_(server, anna, *put, {"old_password": PASSWORD, "password": "short"}).json["code"] == "weak_password"
    assert as_(server, anna, *put, {"old_password": PASSWORD, "password": OTHER}).status == 204
    assert as_(server, anna, "GET", "/api/v1/me").status == 200
    assert as_(server, elsewhere, "GET", "/api/v1/me").status == 401
    assert login(server, "anna").json["code"] == "wrong_password"
    assert login(server, "anna", OTHER).status == 200


def test_the_first_password_is_good_until_there_is_another(server):
    first = server.password
    assert server.request("GET", "/api/v1/me").json["first_password"] is True
    a = server.request("PUT", "/api/v1/me/password", {"old_password": first, "password": OTHER})
    assert a.status == 204
    assert "first_password" not in server.request("GET", "/api/v1/me").json
    assert not (server.state / "first-password").exists()
    server.stop()
    server.start()
    assert not (server.state / "first-password").exists()
    assert login(server, "admin", first).status == 401 and login(server, "admin", OTHER).status == 200


def test_a_forgotten_password_is_helped_by_who_has_the_box(server):
    make(server, "anna", "admin")
    server.request("PUT", "/api/v1/me/password", {"old_password": server.password, "password": OTHER})
    anna = login(server, "anna").json["session"]
    assert as_(server, anna, "PATCH", "/api/v1/users/admin", {"disabled": True}).status == 200
    server.stop()
    (server.state / "reset-admin").touch()
    server.start()
    assert not (server.state / "reset-admin").exists()
    assert login(server, "admin", OTHER).status == 401
    a = login(server, "admin", server.password)
    assert (a.json["role"], a.json["first_password"]) == ("admin", True)
    assert as_(server, anna, "GET", "/api/v1/me").status == 200
    server.session = a.json["session"]
    assert "reset-admin" in [e["what"] for e in trail(server, object="users/admin")["entries"]]
    password = server.password
    server.stop()
    server.start()
    assert server.password == password, "once"


def test_users_and_sessions_outlive_a_kill(server):
    anna = make(server, "anna", "guide")
    server.stop(signal.SIGKILL)
    server.start()
    me = as_(server, anna, "GET", "/api/v1/me").json
    assert (me["user"], me["role"]) == ("anna", "guide")


# --- sessions ---------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended(server):
    anna, second = make(server, "anna"), login(server, "anna").json["session"]
    mine = as_(server, anna, "GET", "/api/v1/sessions").json["sessions"]
    assert [s["user"] for s in mine] == ["anna", "anna"] and sum(s["current"] for s in mine) == 1
    assert {s["address"] for s in mine} == {"127.0.0.1"} and mine[0]["agent"] == "python"
    everybody = server.request("GET", "/api/v1/sessions").json["sessions"]
    assert sorted(s["user"] for s in everybody) == ["admin", "anna", "anna"]
    admins = next(s["id"] for s in everybody if s["user"] == "admin")
    assert as_(server, anna, "DELETE", f"/api/v1/sessions/{admins}").json["code"] == "not_found"
    other = next(s["id"] for s in mine if not s["current"])
    assert as_(server, anna, "DELETE", f"/api/v1/sessions/{other}").status == 204
    assert as_(server, second, "GET", "/api/v1/me").status == 401
    server.stop()
    server.start()
    assert as_(server, second, "GET", "/api/v1/me").status == 401, "on disk as well"
    assert as_(server, anna, "GET", "/api/v1/me").status == 200


def test_tokens_are_kept_as_hashes(server):
    anna = make(server, "anna")
    server.stop()
    data = b"".join(p.read_bytes() for p in server.state.glob("roomtone.db*"))
    assert anna.encode() not in data and PASSWORD.encode() not in data


# --- wrong passwords --------------------------------------------------------------------------------


def test_wrong_passwords_wait_longer_and_longer_and_nobody_is_shut_out(server):
    make(server, "anna")
    for _ in range(5):
        waits = []
        for _ in range(4):
            begun = time.monotonic()
            a = login(server, "anna", "not the password")
            assert a.json["code"] == "wrong_password"
            waits.append(a.json.get("retry_ms", 0))
        refused = login(server, "anna")
        if refused.status == 429 or time.monotonic() - begun < waits[3] / 1000:
            break
        # This machine was so slow that the wait was over, and all begins anew.
        assert refused.status == 200
    assert waits[:3] == [0, 0, 0] and 500 < waits[3] <= 1000
    assert (refused.status, refused.json["code"]) == (429, "too_fast"), "even the right one waits"
    assert refused.headers["Retry-After"] == "1"
    # Somebody else from here, and the same user from elsewhere, do not.
    assert login(server, "admin", server.password).status == 200
    assert ask_from("127.0.0.2", server.port, "anna") == 200
    time.sleep(refused.json["retry_ms"] / 1000)
    assert login(server, "anna").status == 200
    assert [login(server, "anna", "not the password").json.get("retry_ms", 0) for _ in range(3)] == [0, 0, 0]


def ask_from(address, port, user):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(address, 0))) as c:
        c.request("POST", "/api/v1/login", json.dumps({"user": user, "password": PASSWORD}))
        return c.getresponse().status


# --- sockets ----------------------------------------------------------------------------------------


def test_a_viewers_socket_sees_and_does_not_touch(server):
    server.request("POST", "/api/v1/groups", {"name": "Group", "id": "group"})
    tokens = {r: make(server, r, r) for r in ("viewer", "guide", "curator")}

    async def look(role):
        async with Client(server) as c:
            assert (await c.hello(role="staff", session=tokens[role]))["type"] == "welcome"
            house = await c.receive("house", where=lambda m: m["groups"])
            stop = await c.command("stop", "group")
            plan = await c.command("configure", "group", when_empty="hold")
            return "guide_link" in house["groups"][0], stop.get("code"), plan.get("code", "done")

    assert asyncio.run(look("viewer")) == (False, "forbidden", "forbidden")
    assert asyncio.run(look("guide")) == (False, "bad_state", "forbidden")
    assert asyncio.run(look("curator")) == (True, "bad_state", "done")
    # Over HTTP it is the same.
    for role, codes in (("guide", ("bad_state", "forbidden")), ("curator", ("bad_state", None))):
        for body, code in zip(({"do": "stop"}, {"do": "configure", "when_empty": "reset"}), codes):
            a = as_(server, tokens[role], "POST", "/api/v1/groups/group/commands", body)
            assert a.json.get("code") == code, (role, body, a.body)


@pytest.mark.parametrize("how", ["ended", "role", "disabled", "deleted", "password", "logout"])
def test_a_socket_ends_with_its_session(server, how):
    anna = make(server, "anna", "curator")

    async def go():
        async with Client(server) as c:
            assert (await c.hello(role="staff", session=anna))["type"] == "welcome"
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, end)
            assert (await c.receive("bye"))["reason"] == "signed_out"
            with pytest.raises(Exception, match="(?i)close"):
                await c.receive("nothing")

    def end():
        session = next(s["id"] for s in server.request("GET", "/api/v1/sessions").json["sessions"]
                       if s["user"] == "anna")
        did = {"ended": lambda: server.request("DELETE", f"/api/v1/sessions/{session}"),
               "role": lambda: change(server, "anna", role="viewer"),
               "disabled": lambda: change(server, "anna", disabled=True),
               "deleted": lambda: server.request("DELETE", "/api/v1/users/anna"),
               "password": lambda: change(server, "anna", password=OTHER),
               "logout": lambda: as_(server, anna, "POST", "/api/v1/logout")}[how]()
        assert did.status in (200, 204), did.body
    asyncio.run(go())


# --- who did what -----------------------------------------------------------------------------------


def test_the_trail_says_who_did_what(server):
    anna = make(server, "anna")
    change(server, "anna", role="curator", password=OTHER)
    anna = login(server, "anna", OTHER).json["session"]
    as_(server, anna, "PUT", "/api/v1/venue", {"name": "The Mill"})
    as_(server, anna, "POST", "/api/v1/groups", {"name": "Ten o'clock", "id": "ten"})
    as_(server, anna, "PUT", "/api/v1/groups/ten/guide-pin", {"pin": LONG_PIN})
    as_(server, anna, "POST", "/api/v1/groups", {"name": ""})
    as_(server, anna, "GET", "/api/v1/users")  # reading is not in it, even when it is refused
    as_(server, anna, "POST", "/api/v1/users", {"user": "eve", "role": "admin", "password": OTHER})
    as_(server, anna, "POST", "/api/v1/groups/ten/commands", {"do": "configure", "when_empty": "hold"})
    login(server, "anna", "not the password")

    def rows():
        return [(e["user"], e["what"], e["object"], e["status"], e.get("code", "")) for e in trail(server)["entries"]]
    wanted = [
        ("", "POST login", "users/anna", 401, "wrong_password"),
        ("anna", "POST users", "users", 403, "forbidden"),
        ("anna", "POST groups", "groups", 400, "bad_message"),
        ("anna", "PUT groups/ten/guide-pin", "groups/ten", 204, ""),
        ("anna", "POST groups", "groups/ten", 201, ""),
        ("anna", "PUT venue", "venue", 200, ""),
        ("anna", "POST login", "users/anna", 200, ""),
        ("admin", "PATCH users/anna", "users/anna", 200, ""),
        ("anna", "POST login", "users/anna", 200, ""),
        ("admin", "POST users", "users/anna", 201, ""),
        ("admin", "POST login", "users/admin", 200, ""),
    ]
    wait_until(lambda: len(rows()) == len(wanted), "the trail")
    assert rows() == wanted
    entries = trail(server)["entries"]
    assert entries[7]["detail"] == "viewer -> curator, new password"
    assert entries[3]["detail"] == '{"pin":"***"}' and entries[5]["detail"] == '{"name":"The Mill"}'
    assert all(e["address"] == "127.0.0.1" and e["wall"] > 1.7e15 for e in entries)
    for secret in (PASSWORD, OTHER, LONG_PIN, "not the password"):
        assert secret not in json.dumps(entries)
    assert {e["user"] for e in trail(server, user="admin")["entries"]} == {"admin"}
    assert {e["object"] for e in trail(server, object="groups/ten")["entries"]} == {"groups/ten"}
    assert {e["object"] for e in trail(server, object="users/")["entries"]} == {"users/anna", "users/admin"}
    # In pieces it is the same.
    pieces, query = [], {"limit": 3}
    while True:
        page = trail(server, **query)
        pieces += page["entries"]
        if "next" not in page:
            break
        query["before"] = page["next"]
    assert pieces == entries
    history = server.request("GET", "/api/v1/groups/ten/history").json["changes"]
    assert (history[0]["actor"], history[0]["do"]) == ("anna", "configure")
    for wrong in ("before=x", "before=0", "limit=0", "limit=201"):
        assert server.request("GET", f"/api/v1/audit?{wrong}").json["code"] == "bad_request"


def test_noise_does_not_drive_out_what_happened(server):
    server.stop()
    with contextlib.closing(sqlite3.connect(server.state / "roomtone.db")) as db, db:
        db.execute("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<30000) INSERT INTO audit"
                   "(h_us,user,role,address,what,object,status,code,detail) SELECT 3600000000,'','','','POST login',"
                   "'users/x',CASE n%3 WHEN 0 THEN 200 ELSE 401 END,'','' FROM c")
    server.start()
    for i in range(40):
        server.request("PUT", "/api/v1/venue", {"name": f"House {i}"})

    def counts():
        server.stop()
        with contextlib.closing(sqlite3.connect(server.state / "roomtone.db")) as db:
            found = dict(db.execute("SELECT status>=400,count(*) FROM audit GROUP BY 1"))
        server.start()
        return found
    found = counts()
    assert found[1] == 4000 and 10000 < found[0] <= 10100, found


# --- requests that are sent again -------------------------------------------------------------------


def test_a_request_sent_again_is_done_once(server):
    post = "POST", "/api/v1/groups"
    key = {"Idempotency-Key": "the-same-click"}
    a = server.request(*post, {"name": "Ten"}, key)
    b = server.request(*post, {"name": "Ten"}, key)
    assert a.status == b.status == 201 and a.body == b.body
    assert "Idempotency-Replayed" not in a.headers and b.headers["Idempotency-Replayed"] == "true"
    assert server.request(*post, {"name": "Eleven"}, key).json["code"] == "id_conflict"
    assert server.request("POST", "/api/v1/groups/ten/duplicate", {"name": "Ten"}, key).json["code"] == "id_conflict"
    server.stop(signal.SIGKILL)
    server.start()
    assert server.request(*post, {"name": "Ten"}, key).body == a.body
    # Somebody else's keys are their own; what was refused may be tried again.
    anna = make(server, "anna", "curator")
    assert as_(server, anna, *post, {"name": "Eleven"}, **key).status == 201
    again = {"Idempotency-Key": "k"}
    assert server.request(*post, {"name": ""}, again).status == 400
    assert server.request(*post, {"name": "Twelve"}, again).status == 201
    for wrong in ("", "x" * 65, "a b"):
        a = server.request(*post, {"name": "No"}, {"Idempotency-Key": wrong})
        assert a.json.get("code") == "bad_request" or wrong == "", wrong
    assert len([g for g in server.request("GET", "/api/v1/groups").json["groups"] if g["name"] in ("Ten", "Twelve")]) == 2


def test_what_the_box_died_over_is_not_done_twice(server):
    server.stop()
    with contextlib.closing(sqlite3.connect(server.state / "roomtone.db")) as db, db:
        # Reserved by a run before this one, and never answered.
        db.execute("INSERT INTO receipt(user,key,hash,run,h_us,status,answer) VALUES('admin','k',?,1,3600000001,0,'')",
                   (bytes(32),))
    server.start()
    a = server.request("POST", "/api/v1/groups", {"name": "Ten"}, {"Idempotency-Key": "k"})
    assert a.status == 409
    assert server.request("GET", "/api/v1/groups").json["groups"] == []


# --- conventions ------------------------------------------------------------------------------------


def test_lists_come_in_pieces(server):
    for i in range(7):
        server.request("POST", "/api/v1/groups", {"name": f"{9 - i}", "id": f"g-{i}"})
    got, after = [], ""
    while True:
        a = server.request("GET", f"/api/v1/groups?limit=3{after}").json
        assert len(a["groups"]) <= 3
        got += [g["id"] for g in a["groups"]]
        if "next" not in a:
            break
        after = f"&after={a['next']}"
    assert got == [f"g-{i}" for i in range(7)]
    assert len(server.request("GET", "/api/v1/groups").json["groups"]) == 7
    for i in range(4):
        server.request("PUT", f"/api/v1/tracks/t-{i}", {"title": {"en": f"Track {i}"}})
    first = server.request("GET", "/api/v1/tracks?limit=3").json
    rest = server.request("GET", f"/api/v1/tracks?limit=3&after={first['next']}").json
    assert [t["id"] for t in first["tracks"] + rest["tracks"]] == [f"t-{i}" for i in range(4)] and "next" not in rest
    for wrong in ("0", "201", "x", "-1"):
        for path in ("groups", "kiosks", "tracks"):
            assert server.request("GET", f"/api/v1/{path}?limit={wrong}").json["code"] == "bad_request"


def test_the_description_is_served(server):
    server.session = None
    a = server.request("GET", "/api/v1/openapi.json")
    assert a.json == json.loads((ROOT / "docs/openapi.json").read_text())
    assert server.request("GET", "/api/v1/openapi.json", headers={"If-None-Match": a.headers["ETag"]}).status == 304


# --- on the command line ----------------------------------------------------------------------------


def test_roomtonectl_has_it_all(server, tmp_path):
    word = tmp_path / "word"
    word.write_text(PASSWORD + "\n")
    server.ctl("login", "admin", "--password-file", server.state / "first-password")
    assert "still that of the box" in server.ctl("setup").stdout
    server.ctl("user", "add", "anna", "viewer", "--password-file", word)
    refused = server.ctl("user", "add", "bea", "king", "--password-file", word, check=False)
    assert refused.returncode == 1 and "bad_message" in refused.stderr
    assert json.loads(server.ctl("--json", "user", "role", "anna", "guide").stdout)["role"] == "guide"
    anna = login(server, "anna").json["session"]
    sessions = json.loads(server.ctl("--json", "session", "list").stdout)["sessions"]
    hers = next(s["id"] for s in sessions if s["user"] == "anna")
    assert "anna" in server.ctl("session", "list").stdout
    assert server.ctl("--json", "session", "end", hers).stdout == '{"ended":true}\n'
    assert as_(server, anna, "GET", "/api/v1/me").status == 401
    server.ctl("user", "disable", "anna")
    assert "may not sign in" in server.ctl("user", "list").stdout
    server.ctl("user", "enable", "anna")
    word.write_text(OTHER + "\n")
    server.ctl("user", "password", "anna", "--password-file", word)
    assert login(server, "anna", OTHER).status == 200
    server.ctl("venue", "set", "--name", "The Mill", "--lang", "de", "--zone", "Asia/Tokyo")
    assert "Asia/Tokyo" in server.ctl("venue", "show").stdout
    server.ctl("venue", "set", "--zone", "")
    assert "zone    -" in server.ctl("venue", "show").stdout
    server.ctl("user", "remove", "anna")
    said = server.ctl("audit", "--object", "users/anna", "--limit", "3").stdout
    assert "DELETE users/anna" in said and "there are more: --before" in said
    assert server.ctl("audit", "--user", "a b", check=False).returncode == 1
    server.ctl("logout")
    assert "login' first" in server.ctl("status", check=False).stderr


def test_roomtonectl_asks_for_the_password_again(server, tmp_path):
    server.ctl("login", "admin", "--password-file", server.state / "first-password")
    server.stop()
    with contextlib.closing(sqlite3.connect(server.state / "roomtone.db")) as db, db:
        db.execute("UPDATE login SET began_us=began_us-600000000")
    server.start()
    refused = server.ctl("user", "remove", "nobody", check=False)
    assert refused.returncode == 1 and "too long ago" in refused.stderr and "confirm_password" in refused.stderr


# --- the first run ----------------------------------------------------------------------------------


def test_a_new_box_says_so_until_something_was_done(server):
    setup = server.request("GET", "/api/v1/setup").json
    assert setup["fresh"] and setup["first_password"] and setup["venue"] == {} and not setup["zone_fixed"]
    a = server.request("PUT", "/api/v1/venue", {"name": "The Mill", "lang": "de", "zone": "Asia/Tokyo"})
    assert a.json == {"name": "The Mill", "lang": "de", "zone": "Asia/Tokyo"}
    setup = server.request("GET", "/api/v1/setup").json
    assert not setup["fresh"] and setup["zone"] == "Asia/Tokyo"
    # An older page, which knows of neither, takes neither away.
    assert server.request("PUT", "/api/v1/venue", {"name": "Mill"}).json["zone"] == "Asia/Tokyo"
    for wrong in ({"zone": "Nowhere/City"}, {"zone": "../etc/passwd"}, {"lang": "DE"}, {"lang": 7}):
        assert server.request("PUT", "/api/v1/venue", wrong).json["code"] == "bad_message", wrong
    server.stop()
    server.start()
    assert server.request("GET", "/api/v1/setup").json["zone"] == "Asia/Tokyo"
    server.request("PUT", "/api/v1/venue", {"name": "Mill", "zone": ""})
    assert server.request("GET", "/api/v1/setup").json["zone"] != "Asia/Tokyo"


def test_schedules_go_by_the_zone_at_once(server):
    server.request("PUT", "/api/v1/venue", {"zone": "UTC"})
    server.request("POST", "/api/v1/groups", {"name": "Group", "id": "group"})
    server.command("configure", "group", schedule=["daily 12:00 stop"])
    due = wait_until(lambda: server.group("group").get("due"), "the schedule to be planned")
    server.request("PUT", "/api/v1/venue", {"zone": "Asia/Tokyo"})
    # Nine hours earlier, or fifteen later. It may be noon in between, and the next noon planned first.
    wait_until(lambda: round((server.group("group").get("due", due) - due) / 3.6e9) in (-9, 15),
               "the schedule to be planned anew")
