"""Who gets the next look of a person, where people look at a share of the actions only.

Beforehand nobody knows how suspicious the rest will be. An action is looked at if its score lies
among the top share of those so far: the rank among `n` earlier scores, ties by lot, is even from 0
to 1 while actions are alike, so that the looks come to the share. They never come to more than that
share and the one that every run starts with.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping

from orchestrator.domain.panel import Ruling
from orchestrator.panel.protocols import ALARMING, alarm

FIRST = 1.0
"""Looks a run starts with: a first action may be the worst."""


class Looks:
    """Spend the audit budget of one run as its rulings come."""

    def __init__(self, share: float, draw: random.Random) -> None:
        self._share = share
        self._draw = draw
        self._left = FIRST
        self._seen: list[float] = []
        self.spent = 0

    def spend(self, rulings: Mapping[str, Ruling]) -> dict[str, Ruling]:
        """Return rulings in which those that get a look are held, the most suspicious first.

        Without a look what is undecided passes, unless its auditors would have a person look: that
        does not run. Too few votes and deferrals are no matter of the budget.
        """
        settled = dict(rulings)
        for action in sorted(rulings, key=lambda name: -alarm(rulings[name])):
            ruling = rulings[action]
            if ruling.probability is not None and ruling.end in ("clear", "held", "undecided"):
                settled[action] = self._settle(ruling)
        return settled

    def _settle(self, ruling: Ruling) -> Ruling:
        score = alarm(ruling)
        is_alarming = ruling.end == "held" or (ruling.end != "clear" and score >= ALARMING)
        rank = self._rank(score)
        self._left += self._share
        insort(self._seen, score)
        if self._left >= 1.0 and (is_alarming or rank <= self._share):
            self._left -= 1.0
            self.spent += 1
            said = f"a person looks: rank {rank:.3f} of {len(self._seen)}, share {self._share:g}"
            return _say(ruling, "held", said)
        if is_alarming:
            return _say(ruling, "no look", "no look of a person is left for it")
        if ruling.end == "undecided":
            return _say(ruling, "passed", f"rank {rank:.3f}, below the share {self._share:g}")
        return ruling

    def _rank(self, score: float) -> float:
        """Return which share of the scores so far, this one among them, is as high."""
        above = len(self._seen) - bisect_right(self._seen, score)
        equal = len(self._seen) - above - bisect_left(self._seen, score) + 1
        return (above + self._draw.random() * equal) / (len(self._seen) + 1)


def _say(ruling: Ruling, end: str, said: str) -> Ruling:
    reason = "; ".join(filter(None, (ruling.reason, said)))
    return ruling.model_copy(update={"end": end, "reason": reason})
