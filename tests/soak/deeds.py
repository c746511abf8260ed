# SPDX-License-Identifier: Apache-2.0
"""What staff do beside: each deed is a function that a thread of its own calls, and may meet the server's death anywhere.
An answer that is neither expected nor owed to a fault ends the run."""
import http.client
import io
import signal
import sqlite3
import ssl
import subprocess
import tarfile
import tempfile
import threading
import time

from harness import BIN, PATIENCE, new_id

GONE = (OSError, http.client.HTTPException)  # what a request of a server that dies gives


class Deeds:
    def __init__(self, house, sounds):
        self.house, self.sounds = house, sounds
        self.count = {}
        self.one = threading.Lock()  # reloads: another's would take the folder away that this one waits for
        self.password = house.server.password

    def do(self, name, dice):
        """Does it; `cut short` counts those that a death interrupted."""
        life = self.house.life
        try:
            getattr(self, name)(dice)
        except GONE:
            if self.house.life == life and self.house.open.is_set() and self.house.server.process.poll() is None:
                raise
            name = "cut short"
        except Interrupted:
            name = "refused by a fault"
        self.count[name] = self.count.get(name, 0) + 1

    def ask(self, method, path, body=None, headers=None, expect=(200, 201, 202, 204)):
        server = self.house.server
        faulty = self.house.faulty()
        a = server.request(method, path, body, headers)
        if a.status == 403 and a.json["code"] == "confirm_password":
            self.ask("POST", "/api/v1/me/confirm", {"password": self.password})
            a = server.request(method, path, body, headers)
        code = a.json["code"] if a.status >= 400 else a.status
        # Busy is who deletes a group whose last change the fault refused.
        owed = code == "busy" or str(code).startswith("storage_")
        if code not in expect and owed and (faulty or self.house.faulty()):
            raise Interrupted
        assert code in expect, f"{method} {path}: {a.status} {a.body[:300]}"
        return a

    # --- looking

    def read(self, dice):
        for path in dice.sample(["/healthz", "/metrics", "/api/v1/status", "/api/v1/groups", "/api/v1/tours",
                                 "/api/v1/tracks", "/api/v1/audit", "/api/v1/jobs", "/api/v1/kiosks", "/api/v1/venue",
                                 "/api/v1/groups/demo/history", "/api/v1/tours/weavers/versions", "/api/v1/openapi.json",
                                 "/api/v1/deleted/groups", "/api/v1/sessions", "/api/v1/groups/demo/qr.svg"], 5):
            self.ask("GET", path)

    def fetch(self, dice):
        """A phone's way through a tour: the document, and pieces of all its sounds."""
        document = self.ask("GET", "/api/v1/tours/weavers").json["hash"]
        for cue in self.ask("GET", f"/content/{document}.json").json["cues"]:
            for v in cue["track"]["variants"]:
                first = dice.randrange(v["bytes"] - 1)
                a = self.ask("GET", f"/content/{v['opus']}.opus", headers={"Range": f"bytes={first}-"}, expect=(206,))
                assert len(a.body) == v["bytes"] - first

    def sign_in(self, dice):
        body = {"user": "ben", "password": self.house.users["ben"]}
        token = self.ask("POST", "/api/v1/login", body).json["session"]
        as_ben = {"Authorization": f"Bearer {token}"}
        self.ask("GET", "/api/v1/me", headers=as_ben)
        self.ask("PUT", "/api/v1/venue", {}, headers=as_ben, expect=("forbidden",))
        self.ask("POST", "/api/v1/logout", headers=as_ben)
        self.ask("GET", "/api/v1/me", headers=as_ben, expect=("unauthorized",))

    def guess(self, dice):
        user = dice.choice(["ann", "nobody"])
        self.ask("POST", "/api/v1/login", {"user": user, "password": f"a guess {dice.random()}"},
                 expect=("wrong_password", "too_fast"))

    # --- changing

    def take_in(self, dice):
        """A short file becomes a track; some are deleted again."""
        track, sound = f"soak-{dice.randrange(3)}", dice.choice(self.sounds)
        self.ask("PUT", f"/api/v1/tracks/{track}", {"title": {"en": track}})
        up = self.ask("POST", "/api/v1/uploads", {"name": "a.wav", "size": len(sound)}).json["id"]
        at = 0
        while at < len(sound):
            a = self.ask("PUT", f"/api/v1/uploads/{up}?offset={at}", sound[at:at + 100_000])
            at = a.json["received"]
            if dice.random() < 0.05:
                self.ask("DELETE", f"/api/v1/uploads/{up}")
                return
        job = self.ask("POST", f"/api/v1/tracks/{track}/audio/en", {"upload": up}, expect=(202, "not_found"))
        if job.status == 202:  # else another deed has deleted the track
            self.until_over(job.json["id"])
        if dice.random() < 0.3:
            self.ask("DELETE", f"/api/v1/tracks/{track}", expect=(204, "not_found"))

    def until_over(self, job):
        end = time.monotonic() + 2 * PATIENCE
        while True:
            a = self.ask("GET", f"/api/v1/jobs/{job}", expect=(200, "not_found"))
            if a.status == 404 or a.json["state"] in ("done", "cancelled"):
                return
            if a.json["state"] == "failed":
                code = a.json.get("code")
                assert code in ("not_found", "cancelled") or self.house.faulty(30), a.json
                return
            assert time.monotonic() < end, f"the job does not end: {a.json}"
            time.sleep(0.2)

    def publish(self, dice):
        """One of a few editions, so that what is kept of them has an end."""
        a = self.ask("GET", "/api/v1/tours/weavers")
        asked = a.json["tour"]
        asked["cues"][dice.randrange(len(asked["cues"]))]["gap_us"] = 500_000 * dice.randrange(3)
        self.ask("PUT", "/api/v1/tours/weavers", asked, {"If-Match": a.headers["ETag"]},
                 expect=(200, "precondition_failed"))

    def found(self, dice):
        """A group is made, planned and deleted, and some come back for a moment."""
        made = self.ask("POST", "/api/v1/groups", {"name": "Class", "tour": "weavers"}, {"Idempotency-Key": new_id()})
        group = made.json["id"]
        self.ask("PATCH", f"/api/v1/groups/{group}", {"name": "Class 7", "schedule": ["2030-12-03 10:20 start"]})
        self.ask("POST", f"/api/v1/groups/{group}/commands", {"do": "play"})
        if dice.random() < 0.3:
            self.ask("DELETE", f"/api/v1/groups/{group}?force=true")
            self.ask("POST", f"/api/v1/deleted/groups/{group}/restore")
        self.ask("DELETE", f"/api/v1/groups/{group}?force=true")

    def export(self, dice):
        with tarfile.open(fileobj=io.BytesIO(self.ask("GET", "/api/v1/exhibition").body)) as tar:
            assert tar.getnames()[0] == "exhibition.json"

    def backup(self, dice):
        with tempfile.NamedTemporaryFile(dir=self.house.folder) as file:
            file.write(self.ask("GET", "/api/v1/backup").body)
            file.flush()
            db = sqlite3.connect(f"file:{file.name}?mode=ro", uri=True)
            try:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            finally:
                db.close()

    def reload(self, dice):
        """Settings change, and the nightly backup goes to an empty folder: that brings it forward."""
        with self.one:
            where = self.house.change_settings()
            self.house.server.process.send_signal(signal.SIGHUP)
            self.until(lambda: list(where.glob("roomtone-*.backup")), "the backup after a reload")

    def certificate(self, dice):
        """A new one, that the server finds by itself."""
        house = self.house
        with self.one:
            subprocess.run([BIN / "roomtonectl", "certificate", "make", "--force", "--dir", house.folder / "tls"],
                           check=True, stdout=subprocess.DEVNULL)
            wanted = (house.folder / "tls/server.crt").read_text()

            def shown():
                return ssl.get_server_certificate(("127.0.0.1", house.server.tls_port)) in wanted
            self.until(shown, "the new certificate")

    def until(self, condition, what):
        life, end = self.house.life, time.monotonic() + PATIENCE
        while not condition():
            if self.house.life != life or not self.house.open.is_set():
                raise ConnectionError
            if self.house.faulty(10):
                raise Interrupted
            assert time.monotonic() < end, \
                f"waited in vain for {what}: {self.ask('GET', '/api/v1/status').json.get('backup')}"
            time.sleep(0.1)


class Interrupted(Exception):
    """A fault that the run made refused it."""
