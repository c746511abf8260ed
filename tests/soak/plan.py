# SPDX-License-Identifier: Apache-2.0
"""What is going to happen in a run, and when: made of the seed alone."""
import hashlib
import random

# What staff do, and how often against each other.
DEEDS = {"read": 5, "fetch": 3, "sign_in": 2, "guess": 3, "take_in": 4, "publish": 4, "found": 3, "export": 1,
         "backup": 1, "reload": 2, "certificate": 1}
FAULTS = ["full", "read_only", "sync_fails", "slow"]
CALM_S = 15  # a life that is to end has no fault so shortly before


class Plan:
    """`events`, [(at_s, kind, what)] in order: ("end", how a life ends), ("deed", which), ("fault", (which, how long))."""

    def __init__(self, seed, seconds):
        dice = random.Random(seed)
        self.seconds = seconds
        self.interval_s = min(10, max(1, seconds / 300))  # between two samples
        self.warm_up_s = min(600, max(8, seconds / 20))   # of a life
        ends = self._ends(dice)
        self.events = sorted(ends + self._faults(dice, [at for at, _, _ in ends]) + self._deeds(dice))
        self.digest = hashlib.sha256(repr(self.events).encode()).hexdigest()[:12]

    def _ends(self, dice):
        """Lives of an hour, or six in a shorter run; some kills meet the next starts as well."""
        mean = min(3600, max(40, self.seconds / 6))
        hows, at, found = ["kill", "clean"], 0, []
        while True:
            at += mean * (0.7 + 0.6 * dice.random())
            if at > self.seconds - 0.6 * mean:
                return found
            how = hows.pop(0) if hows else dice.choice(["kill", "kill", "kills", "clean"])
            found.append((round(at, 2), "end", how))

    def _faults(self, dice, ends):
        found, at = [], 0
        while True:
            at += min(600, max(20, self.seconds / 12)) * (0.5 + dice.random())
            if at > self.seconds - CALM_S:
                return found
            what = (dice.choice(FAULTS), round(1 + 3 * dice.random(), 1))
            if all(end + 5 < at or end > at + CALM_S for end in ends):
                found.append((round(at, 2), "fault", what))

    def _deeds(self, dice):
        found, at = [], 1.0
        while at < self.seconds - 5:
            found.append((round(at, 2), "deed", dice.choices(list(DEEDS), DEEDS.values())[0]))
            at += dice.expovariate(1 / 3)
        return found
