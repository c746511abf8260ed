# SPDX-License-Identifier: Apache-2.0
"""What the clients of a server asked and heard, held against what it left on disk when it was
killed. A breach is an AssertionError that names it; the numbers are those of the invariants:

  I1  what was acknowledged is on disk
  I2  a room's row, its commands and its history agree
  I3  nobody saw a revision that is not on disk
  I4  a client's (epoch, rev) rises
  I6  a state that is the same revision is the same state, before and after
  I7  the same cmd_id gets the same answer
  and nothing is on disk that nobody asked for, or that was refused
"""


class Ledger:
    def __init__(self):
        self.sent = {}      # cmd_id: (group, do)
        self.acks = {}      # cmd_id: (epoch, rev, at)
        self.refused = {}   # cmd_id: code
        self.open = {}      # cmd_id: (group, message): no answer yet
        self.on_disk = {}   # cmd_id: (epoch, rev), of the last look
        self.tops = {}      # group: (epoch, rev) of the last look
        self.shown = {}     # (group, epoch, rev): the state as it was told
        self.last = {}      # client: (epoch, rev)
        self.unseen = set()  # revisions told since the last look
        self.unchecked = {}  # acks since the last look

    # --- what clients do and hear

    def send(self, cmd_id, group, message):
        self.sent[cmd_id] = (group, message["do"])
        self.open[cmd_id] = (group, message)

    def hear_answer(self, m, retry=False):
        cmd_id = m["cmd_id"]
        self.open.pop(cmd_id, None)
        if m["type"] == "error":
            assert cmd_id not in self.acks, f"I7: acknowledged, then refused: {m}"
            self.refused[cmd_id] = m["code"]
            return
        ack = (m["epoch"], m["rev"], m["at"])
        assert self.acks.setdefault(cmd_id, ack) == ack, f"I7: {ack} after {self.acks[cmd_id]}"
        known = cmd_id in self.on_disk
        assert not retry or known == m.get("duplicate", False), f"I7: on disk: {known}, but {m}"
        assert not retry or not known or self.on_disk[cmd_id] == ack[:2], f"I7: another place: {m}"
        self.unchecked[cmd_id] = ack

    def hear_state(self, client, m, first):
        """`first` on its connection: it may be the one the client already has."""
        at, before = (m["epoch"], m["rev"]), self.last.get(client, (0, 0))
        assert at > before or (first and at == before), f"I4: {client} got {at} after {before}"
        self.last[client] = at
        key = (m["group"], *at)
        assert self.shown.setdefault(key, m) == m, f"I6: {m} was {self.shown[key]}"
        self.unseen.add(key)

    # --- what is on disk

    def look(self, rooms, commands, rows):
        """rooms: [(id, epoch, rev)]; commands: [(room, cmd_id, epoch, rev)]; rows, newer than the
        last look: [(room, epoch, rev, op, actor)]. Also takes note of it."""
        by_place = {(room, e, r): c for room, c, e, r in commands}
        self.on_disk = {c: (e, r) for _, c, e, r in commands}
        self._look_at_rows(rooms, rows, by_place)
        for cmd_id, ack in self.unchecked.items():
            assert self.on_disk.get(cmd_id) == ack[:2], \
                f"I1: acknowledged {ack}, on disk {self.on_disk.get(cmd_id)}"
        for cmd_id in self.refused:
            assert cmd_id not in self.on_disk, f"refused ({self.refused[cmd_id]}), yet on disk"
        places = {row[:3] for row in rows}
        for key in self.unseen:
            assert key in places or key[1:] <= self.tops[key[0]], f"I3: {key} is not on disk"
        self.tops = {room: (e, r) for room, e, r in rooms}
        self.unseen.clear()
        self.unchecked.clear()

    def _look_at_rows(self, rooms, rows, by_place):
        tops = dict(self.tops)
        for room, epoch, rev, op, actor in sorted(rows):
            top = tops.get(room, (epoch, rev - 1))
            assert (epoch, rev) == (top[0], top[1] + 1) or epoch == top[0] + 1, \
                f"I2: {room}: ({epoch}, {rev}) after {top}"
            tops[room] = (epoch, rev)
            cmd_id = by_place.get((room, epoch, rev))
            if cmd_id is None:
                assert actor == "room", f"phantom: {room} ({epoch}, {rev}): {op} of {actor}"
            else:
                assert self.sent.get(cmd_id) == (room, op), \
                    f"phantom: {room} ({epoch}, {rev}): {op}, asked {self.sent.get(cmd_id)}"
        for room, epoch, rev in rooms:
            assert tops[room] == (epoch, rev), f"I2: {room} at {(epoch, rev)}, history {tops[room]}"
