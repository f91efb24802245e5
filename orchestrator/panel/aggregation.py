"""What the votes of a panel come to: a probability, and what each vote added to its log-odds.

The prior is what the local auditors say. Each opinion adds its weight times how far its score lies
from one half; an abstention is simply absent and adds nothing. Errors go together, so that seven
opinions count as `k_eff` of them. Those of auditors that no label has graded are tempered by it.
Those of graded ones have a weight fitted beside the whole panel and one fitted alone, and count
between the two: at either end that is what was fitted, and where all errors are equally
correlated it is right between as well.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
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


class Voice(NamedTuple):
    """What a set of speakers makes of the weight of each."""

    tempering: float
    """1 / (1 + rho (K - 1)): multiplies what ungraded auditors say."""
    alone: float
    """Share of the weight fitted alone in the weight of a graded one."""


def aggregate(weights: Weights, prior: float, scores: Mapping[str, float]) -> Posterior:
    """Add the votes to `prior`, itself log-odds; `scores` maps auditors to probabilities of bad.

    A score that rests on the trace alone never lowers the result, whatever its weight.
    """
    names = sorted(scores)
    voice = hear(weights, names)
    contributions = {
        name: _contribution(weights, name, to_evidence(scores[name]), voice) for name in names
    }
    log_odds = prior + math.fsum(contributions.values())
    return Posterior(
        to_probability(log_odds), log_odds, contributions, len(names) * voice.tempering
    )


def effective_number(weights: Weights, names: Iterable[str]) -> float:
    """Return K / (1 + rho (K - 1)), with rho the mean correlation of the errors of `names`."""
    distinct = set(names)
    return len(distinct) * weights.temper(distinct)


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


def hear(weights: Weights, names: Collection[str]) -> Voice:
    """Return how much each opinion counts when `names` speak, and no others.

    Of K graded auditors n speak: a weight is the one fitted alone for n = 1, the one fitted beside
    all for n = K, and in between has (K - n) / (K - 1) / (1 + rho (n - 1)) of the former, which is
    what equally correlated errors make of it.
    """
    tempering = weights.temper(names)
    graded, speaking = len(weights.tried), len(weights.tried.intersection(names))
    if graded < 2 or speaking < 2:
        return Voice(tempering, 1.0)
    return Voice(tempering, tempering * (graded - speaking) / (graded - 1))


def weight_of(learned: Learned, raises: bool, voice: Voice) -> float:
    """Return the weight of an auditor's opinion that raises the suspicion, or clears."""
    share = 1.0 if raises else learned.clears
    if not learned.is_tried:
        return UNTRIED * voice.tempering * share
    one, many = learned.alone, learned.together
    alone, together = (one.raising, many.raising) if raises else (one.clearing, many.clearing)
    return (voice.alone * alone + (1.0 - voice.alone) * together) * share


def _contribution(weights: Weights, name: str, evidence: float, voice: Voice) -> float:
    part = weight_of(weights.of(name), evidence > 0.0, voice) * evidence
    return max(0.0, part) if is_of_trace(name) else part
