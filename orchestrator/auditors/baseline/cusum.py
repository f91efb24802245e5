"""Near-misses that pile up: an attack cut into pieces that each pass."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

from orchestrator.auditors.baseline.habits import MAX_CLAUSES

ALARM = math.log(1000)
"""Level of the alarm: at an unchanged rate, false alarms are at least e^ALARM = 1000 actions apart
on average (Lorden 1971)."""
LEAST_RATE, LEAST_WORSE, WORSE = 0.01, 0.15, 4.0
"""A clause never come near to is taken to be so once in 100 actions; worse is 4 times its usual
rate, and at least 15 in 100."""


class Pile(NamedTuple):
    """How far near-misses of one clause have piled up."""

    level: float = 0.0
    misses: int = 0
    """Near-misses since the pile was last empty."""


class NearMisses:
    """A Bernoulli CUSUM for each clause (Reynolds and Stoumbos 1999)."""

    def __init__(self, rates: Mapping[str, float], levels: Mapping[str, float]) -> None:
        self._rates = rates
        self._piles = {clause: Pile(level) for clause, level in levels.items()}

    @property
    def levels(self) -> dict[str, float]:
        """Return the level of each pile that is not empty, to start the next run from."""
        return {c: round(pile.level, 4) for c, pile in self._piles.items() if pile.level > 0.0}

    def add(self, clauses: Collection[str]) -> dict[str, Pile]:
        """Take one action that came near to breaching `clauses`; return those whose pile alarms."""
        for clause in clauses:
            if clause not in self._piles and len(self._piles) < MAX_CLAUSES:
                self._piles[clause] = Pile()
        for clause, pile in self._piles.items():
            usual = min(max(self._rates.get(clause, 0.0), LEAST_RATE), 0.5)
            worse = min(max(WORSE * usual, LEAST_WORSE), 0.9)
            self._piles[clause] = _step(pile, clause in clauses, usual, worse)
        piles = {clause: self._piles.get(clause, Pile()) for clause in clauses}
        return {clause: pile for clause, pile in piles.items() if pile.level >= ALARM}


def _step(pile: Pile, is_miss: bool, usual: float, worse: float) -> Pile:
    step = math.log(worse / usual) if is_miss else math.log((1.0 - worse) / (1.0 - usual))
    level = min(pile.level + step, 2 * ALARM)  # so that it can come down again
    return Pile(level, pile.misses + is_miss) if level > 0.0 else Pile()
