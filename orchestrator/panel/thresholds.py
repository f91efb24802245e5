"""Between which probabilities a panel is undecided, for each risk class, and what says so.

Wald's bounds hold if the posterior is right. With enough labels of a risk class, split conformal
bounds replace them, which hold for any posterior as long as labels and later actions are
exchangeable. Before that, bounds are moved outward by as much as the labels so far allow the
panel to be worse than Wald's bounds assume: little is settled, and what stays undecided is held.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from orchestrator.panel.aggregation import to_probability
from orchestrator.panel.rates import quantile
from orchestrator.panel.weights import SENSITIVITY, SPECIFICITY

UNSURE = 0.05
"""One-sided chance that a rate lies beyond the bound that is taken for it."""
Source = Literal["wald", "beta", "conformal"]


class Band(NamedTuple):
    """Undecided from `low` to `high`, both included."""

    low: float
    high: float
    low_from: Source = "wald"
    high_from: Source = "wald"
    why: str = ""


class Graded(NamedTuple):
    """What the panel made of an action of known answer.

    The probability must come from weights that had not seen this label, and from the same way of
    calling auditors as later actions get; else the conformal bounds promise too much.
    """

    probability: float
    bad: bool
    risk: str


def wald_band(false_stop: float = 0.10, miss: float = 0.02) -> Band:
    """Return the bounds of Wald's sequential test for these two error rates."""
    low = to_probability(math.log(miss / (1.0 - false_stop)))
    high = to_probability(math.log((1.0 - miss) / false_stop))
    return Band(low, high, why="no label was asked for")


def find_band(
    graded: Sequence[Graded], risk: str, false_stop: float = 0.10, miss: float = 0.02
) -> Band:
    """Return the band of a risk class from what is known of it, each side for itself.

    `low` is such that a bad action falls below it with chance `miss` at most, `high` such that a
    good one lies above it with chance `false_stop` at most.
    """
    wald = wald_band(false_stop, miss)
    bad = sorted(one.probability for one in graded if one.risk == risk and one.bad)
    good = sorted(-one.probability for one in graded if one.risk == risk and not one.bad)
    low, low_from = _bound(bad, miss, wald.low, SENSITIVITY.a, SENSITIVITY.b)
    mirrored, high_from = _bound(good, false_stop, -wald.high, SPECIFICITY.a, SPECIFICITY.b)
    high = -mirrored
    why = f"{_explain('bad', len(bad), miss, low_from)}; " + _explain(
        "good", len(good), false_stop, high_from
    )
    if low > high:  # any cut between keeps both promises; the lower one holds more
        low = high
    return Band(low, high, low_from, high_from, why)


def labels_needed(rate: float) -> int:
    """Return how many labels of a class a conformal bound at `rate` needs."""
    return math.ceil(1.0 / rate - 1e-9) - 1


def _bound(
    ranked: Sequence[float], rate: float, wald: float, kept: float, lost: float
) -> tuple[float, Source]:
    """Return the value that at most `rate` of such labels lie below, and what says so.

    Values and `wald` are probabilities of the class being recognised, or their negatives.
    """
    if len(ranked) >= labels_needed(rate):
        place = math.floor(rate * (len(ranked) + 1) + 1e-9)
        return ranked[place - 1], "conformal"
    beyond = sum(value < wald for value in ranked)
    recognised = quantile(UNSURE, kept + len(ranked) - beyond, lost + beyond)
    factor = max(1.0, (1.0 - recognised) / rate)
    return _move_outward(wald, factor), "beta"


def _move_outward(bound: float, factor: float) -> float:
    """Divide the odds of a low bound by `factor`, or multiply those of a high one, a negative."""
    probability = abs(bound)
    log_odds = math.log(probability / (1.0 - probability))
    moved = log_odds - math.log(factor) if bound > 0.0 else log_odds + math.log(factor)
    return math.copysign(to_probability(moved), bound)


def _explain(kind: str, count: int, rate: float, source: Source) -> str:
    needed = labels_needed(rate)
    if source == "conformal":
        return f"{count} {kind} labels, enough for {rate:g} ({needed})"
    return f"{count} {kind} labels of the {needed} that {rate:g} needs: bound widened"
