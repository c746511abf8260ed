# SPDX-License-Identifier: Apache-2.0
"""Tours and groups as curators edit them: versions, edits on top of what was seen, a running group that takes
a newer edition over, a school day, what is deleted and comes back."""
import asyncio
import datetime
import signal

import pytest

from harness import Client, wait_until


def tour(server, tour_id="weavers"):
    """What PUT would take, and its tag."""
    a = server.request("GET", f"/api/v1/tours/{tour_id}")
    assert a.status == 200, a.body
    assert a.headers["ETag"] == f'"{a.json["hash"]}"'
    return a.json["tour"], a.headers["ETag"]


def put(server, asked, tag=None, tour_id="weavers", **more):
    headers = {"If-Match": tag} if tag else more.get("headers", {})
    return server.request("PUT", f"/api/v1/tours/{tour_id}", asked, headers)


def effect(server, asked=None):
    a = server.request("POST", "/api/v1/tours/weavers/effect", asked or {})
    assert a.status == 200, a.body
    return {g["id"]: g for g in a.json["groups"]}


# --- tours ---


def test_what_is_shown_can_be_published_again(house):
    asked, tag = tour(house)
    again = put(house, asked, tag)
    assert again.status == 200 and again.headers["ETag"] == tag
    assert len(house.request("GET", "/api/v1/tours/weavers/versions").json["versions"]) == 1


def test_who_has_not_seen_the_newest_edition_changes_nothing(house):
    asked, tag = tour(house)
    asked["cues"][0]["gap_us"] = 1_000_000
    new = put(house, asked, tag)
    assert new.status == 200
    asked["cues"][0]["gap_us"] = 2_000_000
    late = put(house, asked, tag)
    assert late.status == 412 and late.json["code"] == "precondition_failed"
    late = house.request("DELETE", "/api/v1/tours/weavers", headers={"If-Match": tag})
    assert late.json["code"] == "precondition_failed"
    assert tour(house)[0]["cues"][0]["gap_us"] == 1_000_000
    # Without the header it is as ever.
    assert put(house, asked).status == 200
    # Something new only where there is nothing.
    assert put(house, asked, headers={"If-None-Match": "*"}).status == 412
    assert put(house, asked, tour_id="other", headers={"If-None-Match": "*"}).status == 200
    for bad in ["nonsense", '""', 'W/"x"', '"a", "b"']:
        assert put(house, asked, bad).json["code"] == "bad_request", bad


def test_every_edition_can_be_had_again(house):
    asked, tag = tour(house)
    first = asked["cues"]
    put(house, {**asked, "cues": first[:1]}, tag)
    versions = house.request("GET", "/api/v1/tours/weavers/versions").json["versions"]
    assert [v["version"] for v in versions] == [2, 1]
    assert versions[0]["actor"] == "admin" and versions[0]["cues"] == 1 and versions[0]["wall"] > 0
    old = house.request("GET", "/api/v1/tours/weavers/versions/1").json
    assert old["tour"]["cues"] == first and f'"{old["hash"]}"' == tag
    back = house.request("POST", "/api/v1/tours/weavers/versions/1/restore")
    assert back.status == 200 and back.headers["ETag"] == tag
    assert house.request("POST", "/api/v1/tours/weavers/versions/9/restore").status == 404
    assert house.request("GET", "/api/v1/tours/weavers").json["version"] == 3


def test_a_tour_that_is_loaded_is_not_deleted_and_one_that_was_comes_back(house):
    refused = house.request("DELETE", "/api/v1/tours/weavers")
    assert refused.status == 409 and refused.json["code"] == "in_use"
    assert house.group()["name"] in refused.json["detail"]
    asked, _ = tour(house)
    put(house, asked, tour_id="spare")
    assert house.request("DELETE", "/api/v1/tours/spare").status == 200
    assert house.request("GET", "/api/v1/tours/spare").status == 404
    assert [t["id"] for t in house.request("GET", "/api/v1/deleted/tours").json["tours"]] == ["spare"]
    assert house.request("POST", "/api/v1/tours/spare/versions/1/restore").status == 200
    assert tour(house, "spare")[0] == asked
    assert house.request("GET", "/api/v1/deleted/tours").json["tours"] == []


def test_the_tool_knows_tours_too(house, tmp_path):
    file = tmp_path / "tour.json"
    file.write_text(house.ctl("tour", "show", "weavers", "--json").stdout)
    assert "gap" not in house.ctl("tour", "show", "weavers").stdout
    import json
    asked = json.loads(file.read_text())
    asked["tour"]["cues"][0]["gap_us"] = 1_500_000
    file.write_text(json.dumps(asked))
    assert "would" in house.ctl("tour", "effect", "weavers", file).stdout
    house.ctl("tour", "put", "weavers", file)
    # The file still says what it was made of.
    assert "changed this meanwhile" in house.ctl("tour", "put", "weavers", file, check=False).stderr
    assert "1.5 s" in house.ctl("tour", "show", "weavers").stdout
    assert "admin" in house.ctl("tour", "versions", "weavers").stdout
    house.ctl("tour", "restore", "weavers", "1")
    assert "gap_us" not in tour(house)[0]["cues"][0]
    assert "loaded in" in house.ctl("tour", "delete", "weavers", check=False).stderr


# --- a running group ---


def test_a_running_group_takes_a_newer_edition_over_without_losing_its_place(house):
    asked, tag = tour(house)
    at = house.command("play").json["at"]
    before = wait_until(lambda: (s := house.group()["state"])["mode"] == "running" and s, "sound")
    playing, *rest = asked["cues"]
    # Another first cue, a silence behind the one that plays, and the rest the other way round.
    spare = {**rest[0], "id": "spare"}
    edited = {**asked, "cues": [spare, {**playing, "gap_us": 3_000_000}, *rest[::-1]]}
    told = effect(house, edited)["demo"]
    assert told["when"] == "cue_end" and told["cue_id"] == playing["id"]
    assert told["at"] == at + before["dur"]
    assert told["next"] == {"is": rest[0]["id"], "will": rest[-1]["id"]}
    hash_ = put(house, edited, tag).json["hash"]
    # Nothing happens until it is told to.
    assert house.group()["state"]["tour"] == before["tour"]
    assert house.command("load", tour="weavers").json["code"] == "bad_state"
    assert house.command("load", tour="weavers", keep=True).status == 200
    after = house.group()["state"]
    assert after["tour"] == hash_ and after["cue"] == 1 and after["vec"] == before["vec"]
    assert after["next"]["at"] == at + before["dur"] + 3_000_000
    assert after["next"]["cue"] == 2 and effect(house)["demo"]["when"] == "none"
    # It is in the history, and taken back like anything else.
    change = house.request("GET", "/api/v1/groups/demo/history").json["changes"][0]
    assert change["do"] == "load" and change["event"]["keep"] is True and change["plan"]["schedule"] == []
    house.command("restore", to=[change["epoch"], change["rev"] - 1])
    assert house.group()["state"]["tour"] == before["tour"]


def test_what_plays_and_is_gone_must_be_stopped_first(house):
    asked, tag = tour(house)
    house.command("play")
    wait_until(lambda: house.group()["state"]["mode"] == "running", "sound")
    edited = {**asked, "cues": asked["cues"][1:]}
    assert effect(house, edited)["demo"]["when"] == "stop"
    put(house, edited, tag)
    assert house.command("load", tour="weavers", keep=True).json["code"] == "bad_state"
    house.command("stop_now")
    assert effect(house)["demo"]["when"] == "stop"  # it stands on the cue that is gone
    assert house.command("load", tour="weavers").status == 200
    assert effect(house)["demo"]["when"] == "none"


def test_a_kiosk_plays_through_an_edit(house, start_player, tmp_path):
    """No frame is missed and nothing jumps while the group changes over to another edition."""
    asked, tag = tour(house)
    start_player(house.url, house.group()["code"], {}, "--name", "hall")
    house.command("play")

    def report():
        kiosks = [m for m in house.group()["members"] if m["role"] == "kiosk"]
        r = kiosks[0].get("report") if kiosks else None
        return r if r and r["playing"] == "sound" and r.get("servo") == "lock" else None
    wait_until(report, "a kiosk in step")
    first, *rest = asked["cues"]
    before = report() or wait_until(report, "a kiosk in step")
    put(house, {**asked, "cues": [*rest, {**first, "gap_us": 1_000_000}]}, tag)
    assert house.command("load", tour="weavers", keep=True).status == 200
    log = tmp_path / "player.log"
    wait_until(lambda: log.read_text().count("is here") >= 2, "the new edition on the kiosk")
    after = wait_until(lambda: (r := report()) and r["at"] > before["at"] + 1_500_000 and r, "a report")
    assert after["position"] - before["position"] == pytest.approx(after["at"] - before["at"], abs=2000)
    assert after["missing"] == before["missing"] and after["jumps"] == before["jumps"]


def test_a_cue_that_waits_stands_ready_at_the_next(house):
    asked, tag = tour(house)
    asked["cues"][0]["on_end"] = "wait"
    put(house, asked, tag)
    house.command("load", tour="weavers")
    house.command("play", position=0)
    s = wait_until(lambda: (s := house.group()["state"])["mode"] == "running" and s, "sound")
    house.command("seek", position=s["dur"] - 300_000)
    s = wait_until(lambda: (s := house.group()["state"])["mode"] == "ready" and s, "the end")
    assert s["cue"] == 1 and s["vec"] == {"p0": 0, "t0": s["vec"]["t0"], "rate": 0}


# --- groups ---


def group(server, group_id="demo"):
    a = server.request("GET", f"/api/v1/groups/{group_id}")
    return a.json, a.headers["ETag"]


def patch(server, change, tag=None, group_id="demo"):
    return server.request("PATCH", f"/api/v1/groups/{group_id}", change, {"If-Match": tag} if tag else {})


def test_a_group_is_renamed_and_replanned_in_one_change(house):
    was, tag = group(house)
    a = patch(house, {"name": "Class 7", "schedule": ["2030-12-03 10:20 start"], "when_empty": "reset"}, tag)
    assert a.status == 200 and a.json["name"] == "Class 7" and a.json["plan"]["when_empty"] == "reset"
    assert a.json["state"]["rev"] == was["state"]["rev"] + 1
    late = patch(house, {"name": "Class 8"}, tag)
    assert late.status == 412 and late.json["code"] == "precondition_failed"
    # Where the group is does not count as an edit.
    house.command("play")
    wait_until(lambda: house.group()["state"]["mode"] == "running", "sound")
    assert patch(house, {"name": "Class 8"}, a.headers["ETag"]).status == 200
    for bad in [{"name": ""}, {"schedule": ["2030-02-30 10:20 start"]}, {"when_empty": "explode"}]:
        assert patch(house, bad).json["code"] == "bad_message", bad
    assert patch(house, {"name": "x"}, group_id="nowhere").json["code"] == "unknown_group"
    house.stop(signal.SIGKILL)
    house.start()
    now, _ = group(house)
    assert now["name"] == "Class 8" and now["plan"]["schedule"] == ["2030-12-03 10:20 start"]
    assert [c["event"].get("name") for c in
            house.request("GET", "/api/v1/groups/demo/history").json["changes"]
            if c["do"] == "configure"] == ["Class 8", "Class 7"]


def test_a_deleted_group_sends_everybody_away_and_comes_back_as_it_was(house):
    code = house.group()["code"]
    patch(house, {"schedule": ["2030-12-03 10:20 start"]})
    house.command("play")
    wait_until(lambda: house.group()["state"]["mode"] == "running", "sound")

    async def scene():
        async with Client(house) as c:
            await c.join(code)
            refused = house.request("DELETE", "/api/v1/groups/demo")
            assert refused.status == 409 and "1 visitors" in refused.json["detail"]
            gone = house.request("DELETE", "/api/v1/groups/demo?force=true")
            assert gone.status == 200 and gone.json["visitors"] == 1
            assert (await c.receive("bye"))["reason"] == "deleted"
        async with Client(house) as c:
            assert (await c.hello(role="visitor", code=code))["code"] == "wrong_code"
    asyncio.run(scene())
    assert house.request("GET", "/api/v1/groups/demo").json["code"] == "unknown_group"
    assert house.request("POST", "/api/v1/groups/demo/commands", {"do": "play"}).status == 404
    assert house.request("GET", "/api/v1/groups").json["groups"] == []
    assert house.request("DELETE", "/api/v1/groups/demo").status == 404
    # Neither its name nor its code is given to another.
    made = house.request("POST", "/api/v1/groups", {"name": "demo"}).json
    assert made["id"] != "demo" and made["code"] != code
    house.stop(signal.SIGKILL)
    house.start()
    listed = house.request("GET", "/api/v1/deleted/groups").json["groups"]
    assert [g["id"] for g in listed] == ["demo"]
    back = house.request("POST", "/api/v1/deleted/groups/demo/restore")
    assert back.status == 200 and back.json["code"] == code, back.body
    assert back.json["plan"]["schedule"] == ["2030-12-03 10:20 start"]
    assert back.json["state"]["mode"] == "held" and back.json["state"]["vec"]["p0"] > 0
    assert house.request("POST", "/api/v1/deleted/groups/demo/restore").status == 404
    done = [c["do"] for c in house.request("GET", "/api/v1/groups/demo/history").json["changes"]]
    assert done[:2] == ["undelete", "delete"]
    assert house.command("play").status == 200


def test_a_school_day_is_made_at_once_or_not_at_all(house):
    asked = {"tour": "weavers", "name": "Class {n}, {time}", "count": 30, "date": "2030-12-03", "first": "08:30",
             "every_s": 600}
    for wrong in [{"tour": "nowhere"}, {"count": 0}, {"count": 101}, {"name": "Class"}, {"date": "2030-02-30"},
                  {"first": "25:00"}, {"every_s": 3600}, {"name": "x" * 80 + "{n}"}, {"date": ""}]:
        assert house.request("POST", "/api/v1/groups/bulk", {**asked, **wrong}).status in (400, 404), wrong
        assert len(house.request("GET", "/api/v1/groups").json["groups"]) == 1, wrong
    made = house.request("POST", "/api/v1/groups/bulk", asked)
    assert made.status == 201
    groups = made.json["groups"]
    assert [g["name"] for g in groups[:2]] == ["Class 1, 08:30", "Class 2, 08:40"]
    assert groups[29]["plan"]["schedule"] == ["2030-12-03 13:20 start"]
    assert len({g["code"] for g in groups}) == len({g["id"] for g in groups}) == 30
    assert all(g["state"]["mode"] == "ready" and g["tour"] == "weavers" for g in groups)
    # The store knows when each is to be awake, whatever happens now.
    house.stop(signal.SIGKILL)
    house.start()
    assert house.request("GET", "/api/v1/status").json["groups"] == 0
    at = datetime.datetime.fromisoformat("2030-12-03T08:40").astimezone().timestamp()
    shown = house.request("GET", f"/api/v1/groups/{groups[1]['id']}").json
    status = house.request("GET", "/api/v1/status").json
    ahead_s = (shown["due"] - status["house_now"]) / 1e6
    assert ahead_s == pytest.approx(at - datetime.datetime.now().timestamp(), abs=10)


def test_a_date_is_shown_as_it_will_happen(house):
    def day(*rules, **more):
        return house.request("POST", "/api/v1/schedule/day", {"schedule": list(rules), **more})
    a = day("daily 10:00 start", "wed 11:00-12:00/20min start:1", "2030-12-04 09:30 hold", "tue 08:00 stop",
            date="2030-12-04").json  # a Wednesday
    assert [(e["time"], e["do"], e.get("cue"), e["rule"]) for e in a["entries"]] == [
        ("09:30", "hold", None, 2), ("10:00", "start", 0, 0), ("11:00", "start", 1, 1),
        ("11:20", "start", 1, 1), ("11:40", "start", 1, 1), ("12:00", "start", 1, 1)]
    assert a["date"] == "2030-12-04" and not a["more"]
    assert day("daily 00:00 start", date="2030-12-04").json["entries"][0]["time"] == "00:00"
    assert day("daily 00:00-23:59/1min start", date="2030-12-04").json["more"]
    assert day(date="2030-02-30").json["code"] == "bad_message"
    assert day("daily 25:00 start", date="2030-12-04").json["code"] == "bad_message"
    assert day(*["daily 10:00 start"] * 17, date="2030-12-04").json["code"] == "bad_message"
    assert day().json["date"] == datetime.date.today().isoformat()


def test_the_tool_knows_groups_too(house):
    house.ctl("group", "rename", "demo", "Class 7")
    assert "Class 7" in house.ctl("group", "list").stdout
    house.ctl("group", "bulk", "weavers", "Class {n}", "3", "--date", "2030-12-03", "--first", "10:00", "--every",
              "20")
    assert house.ctl("group", "list").stdout.count("Class") == 4
    house.ctl("group", "delete", "class-2")
    assert house.ctl("group", "list").stdout.count("Class") == 3
    assert "class-2" in house.ctl("group", "deleted").stdout
    house.ctl("group", "undelete", "class-2")
    house.ctl("play", "demo")
    wait_until(lambda: house.group()["state"]["mode"] == "running", "sound")
    assert "it plays" in house.ctl("group", "delete", "demo", check=False).stderr
    house.ctl("group", "delete", "demo", "--force")
    assert "10:20" in house.ctl("group", "day", "class-2", "2030-12-03").stdout
