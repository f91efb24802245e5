"""Votes on an item are compared as the definitions say, however it is made fast."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from orchestrator.collusion.closing import BASE_RATE, MOST, OVERLAP, PSEUDO
from orchestrator.collusion.engine import Engine
from orchestrator.collusion.observations import Closed, Vote
from orchestrator.collusion.state import BINS
from tests.benchmarks.collusion_cost import stream


class Plain:
    """The definitions, looked up anew for every vote."""

    def __init__(self) -> None:
        self.shown: dict[str, list[bool]] = {}
        self.bins: dict[tuple[str, int], list[bool]] = {}
        self.residuals: list[float] = []
        self.pairs: dict[tuple[str, str], float] = {}

    def rates(self, auditor: str) -> tuple[float, float]:
        caught = self.shown.get(auditor, [])
        return (4 + sum(caught)) / (5 + len(caught)), 2 / 20

    def odds(self, vote: Vote) -> float:
        sensitivity, false = self.rates(vote.auditor)
        if vote.rejects:
            return math.log(sensitivity / false)
        return math.log((1 - sensitivity) / (1 - false))

    def evidence(self, of: Vote, others: list[Vote]) -> float:
        if of.truth is not None:
            return 0.97 if of.truth else 0.03
        said = sum(map(self.odds, others)) / (1 + OVERLAP * max(len(others) - 1, 0))
        return 1 / (1 + math.exp(-(math.log(BASE_RATE / (1 - BASE_RATE)) + said)))

    def usual(self, auditor: str, q: float) -> float:
        sensitivity, false = self.rates(auditor)
        given = self.bins.get((auditor, int(q * BINS)), [])
        prior = q * sensitivity + (1 - q) * false
        return min(max((sum(given) + PSEUDO * prior) / (len(given) + PSEUDO), 0.02), 0.98)

    def close(self, votes: list[Vote]) -> None:
        for vote in votes:
            if vote.canary:
                self.shown.setdefault(vote.auditor, []).append(vote.rejects)
        for vote in votes:
            q = self.evidence(vote, [other for other in votes if other is not vote])
            self.residuals.append(self.usual(vote.auditor, q) - vote.rejects)
            self.bins.setdefault((vote.auditor, int(q * BINS)), []).append(vote.rejects)
        for pair in combinations(votes, 2):
            q = self.evidence(pair[0], [other for other in votes if other not in pair])
            u = 1.0
            for vote in pair:
                p = self.usual(vote.auditor, q)
                u *= (vote.rejects - p) / math.sqrt(p * (1 - p))
            one, other = sorted(vote.auditor for vote in pair)
            self.pairs[one, other] = self.pairs.get((one, other), 0.0) + min(max(u, -1.0), MOST)


def test_residuals_and_pairs_are_those_of_the_definitions() -> None:
    engine, plain = Engine(), Plain()
    open_: list[Vote] = []
    for observation in stream(1800, seed=4):
        engine.take(observation)
        if isinstance(observation, Vote):
            open_.append(observation)
        elif isinstance(observation, Closed):
            plain.close(open_)
            open_ = []
    state = engine.state
    log = state.log[: state.logged]
    assert log["residual"] == pytest.approx(np.array(plain.residuals), abs=1e-6)
    names = list(state.auditors)
    sums = state.view("pairs")[..., 1]
    assert np.count_nonzero(sums) == len(plain.pairs) > 150
    for i, j in np.argwhere(sums != 0).tolist():
        one, other = sorted((names[i], names[j]))
        assert sums[i, j] == pytest.approx(plain.pairs[one, other], abs=1e-9)
