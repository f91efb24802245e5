"""What the votes of a panel come to: a probability, and what each vote added to its log-odds.

The prior is what the local auditors say. Each opinion adds its weight times how far its score lies
from one half; an abstention is simply absent and adds nothing. Opinions of auditors that no label
has graded are tempered, as their errors go together: seven that agree count as `k_eff` of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from orchestrator.panel.weights import UNTRIED, Learned, Weights, is_of_trace

FURTHEST = 4.0
"""Log-odds beyond which no score is believed."""


class Posterior(NamedTuple):
    """How likely an action is bad once the votes are counted."""

    probability: float
    log_odds: float
    contributions: dict[str, float]
    """Log-odds by auditor; the prior is not among them."""
    k_eff: float
    """How many independent auditors the opinions amount to."""


def aggregate(weights: Weights, prior: float, scores: Mapping[str, float]) -> Posterior:
    """Add the votes to `prior`, itself log-odds; `scores` maps auditors to probabilities of bad.

    A score that rests on the trace alone never lowers the result, whatever its weight.
    """
    names = sorted(scores)
    tempering = temper(weights, names)
    contributions = {
        name: _contribution(weights, name, to_evidence(scores[name]), tempering) for name in names
    }
    log_odds = prior + math.fsum(contributions.values())
    return Posterior(
        to_probability(log_odds), log_odds, contributions, effective_number(weights, names)
    )


def effective_number(weights: Weights, names: Iterable[str]) -> float:
    """Return K / (1 + rho (K - 1)), with rho the mean correlation of the errors of `names`."""
    distinct = sorted(set(names))
    return len(distinct) * temper(weights, distinct)


def temper(weights: Weights, names: Iterable[str]) -> float:
    """Return by what the summed evidence of `names` is multiplied, as they are not independent."""
    distinct = sorted(set(names))
    return 1.0 / (1.0 + weights.dependence(distinct) * max(0, len(distinct) - 1))


def to_evidence(score: float) -> float:
    """Return half the log-odds of a score, within 2 of 0; a bare verdict is worth 1.

    NaN is refused: an answer that is no number is an abstention, and its name is left out.
    """
    if not 0.0 <= score <= 1.0:
        raise ValueError(f"a score is from 0 to 1, not {score}")
    if score in (0.0, 1.0):
        return math.copysign(FURTHEST / 2.0, score - 0.5)
    log_odds = math.log(score) - math.log1p(-score)
    return max(-FURTHEST, min(FURTHEST, log_odds)) / 2.0


def to_score(evidence: float) -> float:
    """Return the score of that much evidence: what `to_evidence` undoes within its bounds."""
    return to_probability(2.0 * evidence)


def to_probability(log_odds: float) -> float:
    """Return the probability of log-odds of any size."""
    if log_odds >= 0.0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    small = math.exp(max(log_odds, -700.0))
    return small / (1.0 + small)


def weight_of(learned: Learned, evidence: float, tempering: float) -> float:
    """Return the weight that evidence of this sign has."""
    if not learned.is_tried:
        return UNTRIED * tempering
    return learned.raising if evidence > 0.0 else learned.clearing


def _contribution(weights: Weights, name: str, evidence: float, tempering: float) -> float:
    learned = weights.of(name)
    part = weight_of(learned, evidence, tempering) * evidence
    if learned.is_tried:
        part += weights.bias
    return max(0.0, part) if is_of_trace(name) else part
