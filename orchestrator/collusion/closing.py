"""The votes on one item, compared when no more will come: evidence of the others, residuals, pairs.

The evidence about an item as one auditor could have known it is what all the *others* voted, each
weighed by what it got right on canaries (for a pair: all but those two). A residual is what the
auditor usually does at such evidence minus what it did; above zero is lenient.

Two good auditors agree because both see what is true, and the more so the less the other votes
tell. So much as the doubt left about the item makes of two of their records is taken off before
pairs are held against pairs; else honest ones would stand out among rubber stamps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from orchestrator.collusion.evidence import Flags, Floats, step
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
MISS = 0.40
"""An auditor that misses more known-bad actions than this is no auditor (a matter of policy), and
does not count for what is usual among pairs."""
FEWEST_FAIR = 6
LEAST_SHARED = 5
MOST_POINTS = 300
"""Pairs that the line through all of them is drawn from."""
WARM_UP = 200
"""Items before the first bet on a pair: until then nobody knows what is usual."""


class _Record:
    """What is known of one auditor while the votes on one item are compared."""

    __slots__ = ("bins", "down", "false", "row", "sensitivity", "up")

    def __init__(self, state: State, row: int) -> None:
        shown, missed = state.a["bad"][row].tolist()
        fine, wrong = state.a["good"][row].tolist()
        self.row = row
        self.sensitivity = (4 + shown - missed) / (5 + shown)
        self.false = (2 + wrong) / (20 + fine)
        self.up = math.log(self.sensitivity / self.false)
        """What a rejecting vote says, in log-odds; `down` what an approving one does."""
        self.down = math.log((1 - self.sensitivity) / (1 - self.false))
        self.bins: list[list[float]] = state.a["bins"][row].tolist()

    def usual(self, q: float, at: int) -> float:
        """Return how often it rejects at evidence `q`, shrunk to what its record says."""
        prior = q * self.sensitivity + (1 - q) * self.false
        given, rejecting = self.bins[at]
        p = (rejecting + PSEUDO * prior) / (given + PSEUDO)
        return float(min(max(p, 0.02), 0.98))


def close(state: State, votes: Sequence[Vote]) -> None:
    """Take in all votes on one item."""
    known: dict[int, _Record] = {}
    records = []
    for vote in votes:
        row = state.auditor(vote.auditor)
        if row not in known:
            known[row] = _Record(state, row)
        records.append(known[row])
    odds = [
        record.up if vote.rejects else record.down
        for vote, record in zip(votes, records, strict=True)
    ]
    total = sum(odds)
    for at, vote in enumerate(votes):
        _judge(state, vote, records[at], _posterior(vote, total - odds[at], len(votes) - 1))
    state.items += 1
    for i in range(len(votes)):
        for j in range(i + 1, len(votes)):
            if records[i] is not records[j]:
                _compare(state, (votes[i], votes[j]), (records[i], records[j]),
                         total - odds[i] - odds[j], len(votes) - 2)  # fmt: skip
    if state.items - state.null_at >= WARM_UP:
        _look_around(state)


def _posterior(vote: Vote, odds: float, count: int) -> float:
    """Return how likely the item is bad by the votes of `count` others."""
    if vote.truth is not None:
        return 0.97 if vote.truth else 0.03
    tempered = odds / (1 + OVERLAP * max(count - 1, 0))
    return 1 / (1 + math.exp(-(math.log(BASE_RATE / (1 - BASE_RATE)) + tempered)))


def _judge(state: State, vote: Vote, record: _Record, q: float) -> None:
    """Compare a vote with what its auditor usually does at such evidence."""
    row, column = record.row, state.agent(vote.agent)
    at = min(int(q * BINS), BINS - 1)
    p = record.usual(q, at)
    bins = record.bins[at]
    bins[0] += 1
    bins[1] += vote.rejects
    state.a["bins"][row, at] = bins
    residual = p - vote.rejects
    if q >= SEEN_BAD:
        cell = state.a["cells"][row, column]
        cell += (1.0, residual, p * (1 - p), p)
    truth = -1 if vote.truth is None else int(vote.truth)
    seen = -1 if vote.seen is None else int(vote.seen)
    state.write((vote.event, state.items, row, column, vote.order, vote.rejects, vote.canary,
                 truth, seen, q, residual, vote.propensity))  # fmt: skip


def _compare(
    state: State,
    votes: tuple[Vote, Vote],
    records: tuple[_Record, _Record],
    odds: float,
    count: int,
) -> None:
    """Bet that two auditors err together more than pairs like them do."""
    q = _posterior(votes[0], odds, count)
    at = min(int(q * BINS), BINS - 1)
    u, shared = 1.0, q * (1 - q)
    for vote, record in zip(votes, records, strict=True):
        p = record.usual(q, at)
        spread = math.sqrt(p * (1 - p))
        u *= (vote.rejects - p) / spread
        shared *= (record.sensitivity - record.false) / spread
    u = min(max(u, -1.0), MOST)
    shared = max(shared, 0.0)
    low, high = sorted((records[0].row, records[1].row))
    pair = state.a["pairs"][low, high]
    if state.null_at:
        different, same, slope = state.null.tolist()
        usual = slope * shared + (same if _is_one_vendor(state, low, high) else different)
        centre = max(usual, 0.0) + MARGIN
        state.a["pair_wealth"][low, high] += step((u - centre) / (1 + centre))
    if not (votes[0].rejects and votes[1].rejects) and u > 0:
        state.keep("pair_events", (low, high), int(pair[0]), votes[1].event)
    pair += (1.0, u, u * u, shared)


def usual(state: State, i: int, j: int) -> float:
    """Return how far the votes of two auditors would go together if they were like the others."""
    n, _, _, shared = state.a["pairs"][i, j].tolist()
    different, same, slope = state.null.tolist()
    return float(slope * shared / n + (same if _is_one_vendor(state, i, j) else different))


def _is_one_vendor(state: State, i: int, j: int) -> bool:
    vendor = state.vendor_of[i]
    return bool(vendor) and vendor == state.vendor_of[j]


def _look_around(state: State) -> None:
    """Set what is usual: a line through the pairs, and its level at those of one vendor."""
    state.null_at = state.items
    pairs = state.view("pairs")
    i, j = np.nonzero(pairs[..., 0] >= LEAST_SHARED)
    fair = _are_fair(state)
    if (fair[i] & fair[j]).sum() >= FEWEST_FAIR:  # rubber stamps are like nobody else
        i, j = i[fair[i] & fair[j]], j[fair[i] & fair[j]]
    if not len(i):
        state.null[:] = 0.0
        return
    mean, shared = pairs[i, j, 1] / pairs[i, j, 0], pairs[i, j, 3] / pairs[i, j, 0]
    slope = _slope(shared, mean)
    left = mean - slope * shared
    vendors = np.array(state.vendor_of)
    one = (vendors[i] == vendors[j]) & (vendors[i] != "")
    everyone = float(np.median(left))
    state.null[2] = slope
    for related in (0, 1):
        mine = left[one == bool(related)]
        # Few pairs of a kind say little: they are drawn to the median of all.
        weight = len(mine) / (len(mine) + 3)
        state.null[related] = everyone + (
            weight * (float(np.median(mine)) - everyone) if len(mine) else 0.0
        )


def _are_fair(state: State) -> Flags:
    """Tell who catches most of what is known to be bad, as far as is known."""
    shown, missed = state.view("bad").T
    return np.asarray((4 + shown - missed) / (5 + shown) >= 1 - MISS)


def _slope(x: Floats, y: Floats) -> float:
    """Return the median slope between any two points, each weighed by how far apart they are.

    Theil and Sen's line: a few pairs that collude do not turn it. Between 0 and 1.
    """
    few = slice(None, None, max(1, len(x) // MOST_POINTS))
    x, y = x[few], y[few]
    one, other = np.triu_indices(len(x), 1)
    apart = x[other] - x[one]
    far = np.abs(apart) > 1e-6
    if not far.any():
        return 0.0
    slopes = (y[other] - y[one])[far] / apart[far]
    order = np.argsort(slopes)
    weight = np.cumsum(np.abs(apart[far])[order])
    middle = int(np.searchsorted(weight, weight[-1] / 2))
    return float(min(max(slopes[order][middle], 0.0), 1.0))
