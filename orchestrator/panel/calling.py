"""Whom to call next, and when to stop: the most expected information for its cost, or by lot.

The chance of each assignment is kept with it, so that statistics over who judged what stay
unbiased: an auditor that is called more often for doubtful actions is not worse for it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from orchestrator.panel.aggregation import Posterior, hear, to_probability, weight_of
from orchestrator.panel.thresholds import Band
from orchestrator.panel.weights import Member, Weights, is_of_trace

RETURNS = 0.1
"""Calling goes on while the calls saved had more than this chance of undoing the answer."""
FREE = 1e-6
"""A call is taken to cost at least this, so that value per cost is a number."""


class Choice(NamedTuple):
    """One assignment."""

    auditor: str
    how: Literal["value", "lot"]
    propensity: dict[str, float]
    """Chance each auditor had to be this choice, given those already called; they sum to 1."""


def choose_first(
    members: Sequence[Member],
    weights: Weights,
    k: int,
    draw: random.Random,
    explore: float = 0.0,
) -> tuple[Choice, ...]:
    """Choose `k` auditors for the first wave, of different vendors while there are any.

    Nothing is known of the action yet, so each is valued where doubt is greatest. Equals are drawn
    by lot, and fewer members than `k` are all chosen.
    """
    undecided = Posterior(0.5, 0.0, {}, 0.0)
    chosen: list[Choice] = []
    while len(chosen) < min(k, len(members)):
        called = [choice.auditor for choice in chosen]
        chosen.append(choose_next(members, weights, undecided, called, explore, draw))
    return tuple(chosen)


def choose_next(
    members: Sequence[Member],
    weights: Weights,
    posterior: Posterior,
    called: Collection[str],
    explore: float,
    draw: random.Random,
) -> Choice:
    """Choose who is called after `called`; ValueError where nobody is left.

    With chance `explore` the lot decides among all who may be called, so that every pairing is
    seen; else the largest expected drop of entropy for its cost does.
    """
    allowed = _allowed(members, called)
    if not allowed:
        raise ValueError("every auditor has been called")
    values = {
        member.name: expected_drop(weights, posterior, member.name, called) / _price(member)
        for member in allowed
    }
    propensity = _propensity(values, explore)
    how: Literal["value", "lot"] = "lot" if draw.random() < explore else "value"
    pool = list(values) if how == "lot" else _best(values)
    return Choice(draw.choice(pool), how, propensity)


def is_settled(posterior: Posterior, band: Band) -> bool:
    """Say whether the votes have left the band; until then only a cap ends the calling."""
    return posterior.probability < band.low or posterior.probability > band.high


def should_stop(
    members: Sequence[Member],
    weights: Weights,
    posterior: Posterior,
    called: Collection[str],
    band: Band,
    *,
    most: int = 5,
    returns: float = RETURNS,
) -> bool:
    """Say whether the band is left and further calls, `most` in all, would hardly lead back.

    Poor auditors leave the band by little, since the prior did most of it: what one of them says
    next may well undo that, so they are called on. Good ones that agree are not.
    """
    if not is_settled(posterior, band):
        return False
    left = [member.name for member in members if member.name not in called]
    left = left[: max(0, most - len(called))]
    is_below = posterior.probability < band.low
    return _chance_of_return(weights, posterior.log_odds, called, left, band, is_below) <= returns


def expected_drop(
    weights: Weights, posterior: Posterior, name: str, called: Collection[str]
) -> float:
    """Return by how many bits one more opinion is expected to lower the doubt, at least 0.

    The two answers it may give are weighted so that the probability expected afterwards is the one
    of now; an auditor whose weight is 0 is then worth nothing, whatever it says.
    """
    up, down = _steps(weights, name, called)
    chance = _chance_of_alarm(posterior.log_odds, up, down)
    above = to_probability(posterior.log_odds + up)
    below = to_probability(posterior.log_odds - down)
    after = chance * _entropy(above) + (1.0 - chance) * _entropy(below)
    return max(0.0, _entropy(posterior.probability) - after)


def _chance_of_return(
    weights: Weights,
    log_odds: float,
    called: Collection[str],
    left: Sequence[str],
    band: Band,
    is_below: bool,
) -> float:
    """Return the chance that the probability is back in the band once all of `left` have spoken."""
    if not left:
        now = to_probability(log_odds)
        return float(now >= band.low if is_below else now <= band.high)
    up, down = _steps(weights, left[0], called)
    chance = _chance_of_alarm(log_odds, up, down)
    then = [*called, left[0]]
    raised = _chance_of_return(weights, log_odds + up, then, left[1:], band, is_below)
    cleared = _chance_of_return(weights, log_odds - down, then, left[1:], band, is_below)
    return chance * raised + (1.0 - chance) * cleared


def _chance_of_alarm(log_odds: float, up: float, down: float) -> float:
    """Return the chance of a step up that leaves the expected probability as it is."""
    above, below = to_probability(log_odds + up), to_probability(log_odds - down)
    if above - below < 1e-12:
        return 0.5
    return min(1.0, max(0.0, (to_probability(log_odds) - below) / (above - below)))


def _steps(weights: Weights, name: str, called: Collection[str]) -> tuple[float, float]:
    """Return how far an opinion of usual strength moves the log-odds up and down."""
    learned = weights.of(name)
    voice = hear(weights, {*called, name})
    up = weight_of(learned, True, voice) * learned.reach_raising
    down = weight_of(learned, False, voice) * learned.reach_clearing
    return max(0.0, up), 0.0 if is_of_trace(name) else max(0.0, down)


def _allowed(members: Sequence[Member], called: Collection[str]) -> list[Member]:
    """Return the members not called yet, of vendors not called yet while there are any."""
    used = {member.vendor for member in members if member.name in called}
    left = [member for member in members if member.name not in called]
    return [member for member in left if member.vendor not in used] or left


def _propensity(values: Mapping[str, float], explore: float) -> dict[str, float]:
    best = _best(values)
    by_lot = explore / len(values)
    return {
        name: by_lot + ((1.0 - explore) / len(best) if name in best else 0.0) for name in values
    }


def _best(values: Mapping[str, float]) -> list[str]:
    largest = max(values.values())
    return [name for name, value in values.items() if math.isclose(value, largest, rel_tol=1e-9)]


def _price(member: Member) -> float:
    return max(member.cost, FREE)


def _entropy(probability: float) -> float:
    """Return the doubt about a yes or no, in bits."""
    if probability <= 0.0 or probability >= 1.0:
        return 0.0
    other = 1.0 - probability
    return -probability * math.log2(probability) - other * math.log2(other)
