# SPDX-License-Identifier: Apache-2.0
"""The kill suite's judge must convict: each breach once, and a clean history none."""
import pytest

from ledger import Ledger

A, B, C = ("a" * 32, "b" * 32, "c" * 32)


def a_ledger():
    """One room at (1, 1); A is acknowledged, B refused, C open; a guest saw A's state."""
    x = Ledger()
    x.look([("g", 1, 1)], [], [("g", 1, 1, "load", "room")])
    for cmd_id, do in ((A, "play"), (B, "pause"), (C, "seek")):
        x.send(cmd_id, "g", {"do": do})
    x.hear_answer({"type": "ack", "cmd_id": A, "epoch": 1, "rev": 2, "at": 5})
    x.hear_answer({"type": "error", "cmd_id": B, "code": "bad_state"})
    x.hear_state("guest", {"group": "g", "epoch": 1, "rev": 2}, True)
    return x


PLAY, SEEK = ("g", 1, 2, "play", "ann"), ("g", 1, 3, "seek", "ann")


@pytest.mark.parametrize("rooms, commands, rows", [
    ([("g", 1, 2)], [("g", A, 1, 2)], [PLAY]),
    ([("g", 1, 3)], [("g", A, 1, 2), ("g", C, 1, 3)], [PLAY, SEEK]),
    ([("g", 1, 3)], [("g", A, 1, 2)], [PLAY, ("g", 1, 3, "advance", "room")]),
])
def test_clean(rooms, commands, rows):
    x = a_ledger()
    x.look(rooms, commands, rows)
    x.look(rooms, commands, [])


@pytest.mark.parametrize("what, rooms, commands, rows", [
    ("I1", [("g", 1, 2)], [], [("g", 1, 2, "advance", "room")]),
    ("I1", [("g", 1, 3)], [("g", A, 1, 3)], [("g", 1, 2, "advance", "room"),
                                             ("g", 1, 3, "play", "ann")]),
    ("I2", [("g", 1, 3)], [("g", A, 1, 2)], [PLAY]),
    ("I2", [("g", 1, 4)], [("g", A, 1, 2), ("g", C, 1, 4)], [PLAY, ("g", 1, 4, "seek", "ann")]),
    ("phantom", [("g", 1, 3)], [("g", A, 1, 2)], [PLAY, SEEK]),
    ("phantom", [("g", 1, 3)], [("g", A, 1, 2), ("g", C, 1, 3)],
     [PLAY, ("g", 1, 3, "stop", "ann")]),
    ("refused", [("g", 1, 3)], [("g", A, 1, 2), ("g", B, 1, 3)],
     [PLAY, ("g", 1, 3, "pause", "ann")]),
])
def test_breach_on_disk(what, rooms, commands, rows):
    with pytest.raises(AssertionError, match=what):
        a_ledger().look(rooms, commands, rows)


def test_revision_that_was_shown_but_is_gone():
    x = a_ledger()
    x.hear_state("guest", {"group": "g", "epoch": 1, "rev": 3}, False)
    with pytest.raises(AssertionError, match="I3"):
        x.look([("g", 1, 2)], [("g", A, 1, 2)], [PLAY])


@pytest.mark.parametrize("what, state, first", [
    ("I4", {"group": "g", "epoch": 1, "rev": 2}, False),
    ("I4", {"group": "g", "epoch": 1, "rev": 1}, True),
    ("I6", {"group": "g", "epoch": 1, "rev": 2, "cue": 7}, True),
])
def test_state_that_falls_or_moves(what, state, first):
    with pytest.raises(AssertionError, match=what):
        a_ledger().hear_state("guest", state, first)


@pytest.mark.parametrize("answer", [
    {"type": "ack", "cmd_id": A, "epoch": 1, "rev": 2, "at": 6, "duplicate": True},
    {"type": "ack", "cmd_id": A, "epoch": 1, "rev": 2, "at": 5},
    {"type": "error", "cmd_id": A, "code": "bad_state"},
])
def test_other_answer_to_a_retry(answer):
    x = a_ledger()
    x.look([("g", 1, 2)], [("g", A, 1, 2)], [PLAY])
    with pytest.raises(AssertionError, match="I7"):
        x.hear_answer(answer, retry=True)
