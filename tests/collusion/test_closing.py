"""Votes on an item are compared as the definitions say, however it is made fast."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from orchestrator.collusion.closing import BASE_RATE, MOST, OVERLAP, PSEUDO, _slope
from orchestrator.collusion.engine import Engine
from orchestrator.collusion.observations import Closed, Vote
from orchestrator.collusion.patterns import alarms
from orchestrator.collusion.simulation.course import Simulator
from orchestrator.collusion.simulation.population import Scenario, auditor_name
from orchestrator.collusion.state import BINS
from tests.benchmarks.collusion_cost import stream


class Plain:
    """The definitions, looked up anew for every vote."""

    def __init__(self) -> None:
        self.shown: dict[str, list[bool]] = {}
        self.bins: dict[tuple[str, int], list[bool]] = {}
        self.residuals: list[float] = []
        self.pairs: dict[tuple[str, str], list[float]] = {}

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
            u, shared = 1.0, q * (1 - q)
            for vote in pair:
                p = self.usual(vote.auditor, q)
                sensitivity, false = self.rates(vote.auditor)
                u *= (vote.rejects - p) / math.sqrt(p * (1 - p))
                shared *= (sensitivity - false) / math.sqrt(p * (1 - p))
            one, other = sorted(vote.auditor for vote in pair)
            held = self.pairs.setdefault((one, other), [0.0, 0.0])
            held[0] += min(max(u, -1.0), MOST)
            held[1] += max(shared, 0.0)


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
    sums = state.view("pairs")[..., [1, 3]]
    assert np.count_nonzero(sums[..., 0]) == len(plain.pairs) > 150
    for i, j in np.argwhere(sums[..., 0] != 0).tolist():
        one, other = sorted((names[i], names[j]))
        assert sums[i, j].tolist() == pytest.approx(plain.pairs[one, other], abs=1e-9)


def test_honest_auditors_do_not_stand_out_among_rubber_stamps() -> None:
    """What the doubt about an item makes of two good records is no dependence of their errors."""
    for seed in range(2):
        simulator = Simulator(Scenario(plant="stamper", size=0.9), seed)
        stamps = (0, 1, 2)
        simulator.population = replace(simulator.population, guilty=stamps)
        found = set()
        while simulator.event < 2000:
            simulator.advance(100)
            found |= alarms(simulator.engine.state)
        assert found == {("P1", (auditor_name(at),)) for at in stamps}


def test_the_line_through_pairs_is_not_turned_by_a_few() -> None:
    x = np.linspace(0.0, 0.4, 40)
    y = 0.1 + 0.8 * x
    y[[3, 20, 37]] += 0.5
    assert _slope(x, y) == pytest.approx(0.8, abs=0.02)
    assert _slope(np.zeros(9), np.arange(9.0)) == 0.0
    assert _slope(x, -y) == 0.0 and _slope(x, 3 * y) == 1.0
