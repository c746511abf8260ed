# SPDX-License-Identifier: Apache-2.0
"""What a dead server left on disk: its files are copied and the copy is opened, never the original,
since opening alone would already repair it."""
import contextlib
import pathlib
import shutil
import sqlite3
import tempfile


@contextlib.contextmanager
def left_behind(state):
    """A connection to a copy of the database of a server that does not run."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("roomtone.db", "roomtone.db-wal"):
            file = pathlib.Path(state) / name
            if file.exists():
                shutil.copy(file, folder)
        db = sqlite3.connect(f"{folder}/roomtone.db")
        try:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            yield db
        finally:
            db.close()


def history_of(db):
    """The table that has a row for each change of a room."""
    names = {n for n, in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    return "history" if "history" in names else "log"


def commands_of(db):
    """Room, id, epoch and revision of the commands that took effect."""
    seen = db.execute("SELECT 1 FROM sqlite_master WHERE name='cmd_seen'").fetchone()  # before schema 13
    return db.execute("SELECT room_id,cmd_id,epoch,rev FROM "
                      + ("cmd_seen" if seen else "history WHERE cmd_id IS NOT NULL")).fetchall()


def commands_on_disk(state):
    """{cmd_id: (epoch, rev)} of the commands that took effect, and the revisions by room."""
    with left_behind(state) as db:
        seen = {c: (e, r) for _, c, e, r in commands_of(db)}
        log = set(db.execute(f"SELECT room_id,epoch,rev FROM {history_of(db)}"))
    return seen, log
