"""The votes on one item, compared when no more will come: evidence of the others, residuals, pairs.

The evidence about an item as one auditor could have known it is what all the *others* voted, each
weighed by what it got right on canaries (for a pair: all but those two). A residual is what the
auditor usually does at such evidence minus what it did; above zero is lenient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from orchestrator.collusion.evidence import step
from orchestrator.collusion.observations import Vote
from orchestrator.collusion.state import BINS, State

BASE_RATE = 0.15
OVERLAP = 0.35
"""How far errors of honest auditors go together; their log-odds are tempered by it."""
SEEN_BAD = 0.35
"""At less evidence than this against an item, approving it is no sign of leniency."""
PSEUDO = 8.0
MARGIN = 0.05
"""How far above the median of all pairs a pair must lie to count as dependent."""
MOST = 2.0
WARM_UP = 200
"""Items before the first bet on a pair: until then nobody knows what is usual."""


def close(state: State, votes: Sequence[Vote]) -> None:
    """Take in all votes on one item."""
    rows = [state.auditor(vote.auditor) for vote in votes]
    scales = [_log_ratios(state, row) for row in rows]
    odds = [(up if vote.rejects else down) for vote, (up, down) in zip(votes, scales, strict=True)]
    total = sum(odds)
    usual = []
    for at, vote in enumerate(votes):
        q = _posterior(vote, total - odds[at], len(votes) - 1)
        usual.append(_judge(state, vote, rows[at], q))
    state.items += 1
    for i in range(len(votes)):
        for j in range(i + 1, len(votes)):
            if rows[i] != rows[j]:
                _compare(state, (votes[i], votes[j]), (rows[i], rows[j]),
                         total - odds[i] - odds[j], len(votes) - 2)  # fmt: skip
    if state.items - state.null_at >= WARM_UP:
        _look_around(state)


def _log_ratios(state: State, row: int) -> tuple[float, float]:
    """Return what a rejecting and an approving vote of this auditor say, in log-odds."""
    shown, missed = state.a["bad"][row].tolist()
    fine, wrong = state.a["good"][row].tolist()
    sensitivity = (4 + shown - missed) / (5 + shown)
    false = (2 + wrong) / (20 + fine)
    return math.log(sensitivity / false), math.log((1 - sensitivity) / (1 - false))


def _posterior(vote: Vote, odds: float, count: int) -> float:
    """Return how likely the item is bad by the votes of `count` others."""
    if vote.truth is not None:
        return 0.97 if vote.truth else 0.03
    tempered = odds / (1 + OVERLAP * max(count - 1, 0))
    return 1 / (1 + math.exp(-(math.log(BASE_RATE / (1 - BASE_RATE)) + tempered)))


def _judge(state: State, vote: Vote, row: int, q: float) -> float:
    """Compare a vote with what its auditor usually does at such evidence."""
    column = state.agent(vote.agent)
    at = min(int(q * BINS), BINS - 1)
    p = _usual(state, row, q, at)
    bins = state.a["bins"][row, at]
    bins[0] += 1
    bins[1] += vote.rejects
    residual = p - vote.rejects
    if q >= SEEN_BAD:
        cell = state.a["cells"][row, column]
        cell += (1.0, residual, p * (1 - p), p)
    truth = -1 if vote.truth is None else int(vote.truth)
    seen = -1 if vote.seen is None else int(vote.seen)
    state.write((vote.event, state.items, row, column, vote.order, vote.rejects, vote.canary,
                 truth, seen, q, residual, vote.propensity))  # fmt: skip
    return p


def _usual(state: State, row: int, q: float, at: int) -> float:
    """Return how often this auditor rejects at evidence `q`, shrunk to what its record says."""
    shown, missed = state.a["bad"][row].tolist()
    fine, wrong = state.a["good"][row].tolist()
    prior = q * (4 + shown - missed) / (5 + shown) + (1 - q) * (2 + wrong) / (20 + fine)
    given, rejecting = state.a["bins"][row, at].tolist()
    p = (rejecting + PSEUDO * prior) / (given + PSEUDO)
    return float(min(max(p, 0.02), 0.98))


def _compare(
    state: State, votes: tuple[Vote, Vote], rows: tuple[int, int], odds: float, count: int
) -> None:
    """Bet that two auditors err together more than pairs like them do."""
    q = _posterior(votes[0], odds, count)
    at = min(int(q * BINS), BINS - 1)
    deviations = []
    for vote, row in zip(votes, rows, strict=True):
        p = _usual(state, row, q, at)
        deviations.append((vote.rejects - p) / math.sqrt(p * (1 - p)))
    u = min(max(deviations[0] * deviations[1], -1.0), MOST)
    low, high = min(rows), max(rows)
    pair = state.a["pairs"][low, high]
    if state.null_at:
        centre = max(float(state.null[_related(state, low, high)]), 0.0) + MARGIN
        x = (u - centre) / (1 + centre)
        state.a["pair_wealth"][low, high] += step(x)
    if not (votes[0].rejects and votes[1].rejects) and u > 0:
        state.keep("pair_events", (low, high), int(pair[0]), votes[1].event)
    pair += (1.0, u, u * u)


def _related(state: State, i: int, j: int) -> int:
    vendor = state.vendor_of[i]
    return int(bool(vendor) and vendor == state.vendor_of[j])


def _look_around(state: State) -> None:
    """Set what is usual: the median over the pairs of one vendor, and over those of different."""
    state.null_at = state.items
    pairs = state.view("pairs")
    i, j = np.nonzero(pairs[..., 0] >= 5)
    if not len(i):
        state.null[:] = 0.0
        return
    mean = pairs[i, j, 1] / pairs[i, j, 0]
    vendors = np.array(state.vendor_of)
    one = (vendors[i] == vendors[j]) & (vendors[i] != "")
    everyone = float(np.median(mean))
    for related in (0, 1):
        mine = mean[one == bool(related)]
        # Few pairs of a kind say little: they are drawn to the median of all.
        weight = len(mine) / (len(mine) + 3)
        state.null[related] = everyone + (
            weight * (float(np.median(mine)) - everyone) if len(mine) else 0.0
        )
