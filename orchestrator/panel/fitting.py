"""Fit what votes count to actions whose answer is known: canaries, and what people settled.

Logistic regression with a prior that keeps every auditor near the weight of an ungraded one, so
that a few labels already help and no auditor can be trusted without end. Old labels are forgotten.
Numpy is imported where it is needed: scoring a turn does without.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from orchestrator.panel.aggregation import FURTHEST
from orchestrator.panel.rates import Rate
from orchestrator.panel.weights import (
    SENSITIVITY,
    SPECIFICITY,
    UNTRIED,
    Influence,
    Learned,
    Member,
    Weights,
    is_of_trace,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float64]

SPREAD, DEPENDENCE = 0.6, 0.35
"""Standard deviation of a weight around its prior mean; correlation that sets the prior mean."""
HALF_LIFE = 500
"""Labels after which one counts half."""
BOTH_SIDES = 30
"""Labels of each class from which an auditor has a weight for each side of one half."""
PAIR_LABELS = 10.0
"""Labels that what is assumed of a pair's correlation counts as."""
STEPS, HALVINGS, CLOSE = 30, 30, 1e-6


class Labelled(NamedTuple):
    """An action of known answer and what the auditors said of it; abstentions are absent."""

    scores: dict[str, float]
    bad: bool


class _Table(NamedTuple):
    """The labels as arrays, a row each; a column for each member."""

    evidence: Array
    """0 where an auditor said nothing."""
    present: Array
    bad: Array
    worth: Array
    """What is left of a label's weight."""


def fit(
    members: Sequence[Member],
    labelled: Sequence[Labelled],
    *,
    may_invert: bool = False,
) -> Weights:
    """Return what `labelled`, oldest first, teaches about `members`; scores of others are ignored.

    A weight below 0 would let a cry of alarm lower the suspicion,
    and an auditor that fails its canaries on purpose could then clear an action by condemning it.
    So weights stay at 0 or above unless `may_invert`; those of trace-only scores always do.
    """
    cold = Weights.cold(members)
    if not labelled or not members:
        return cold
    names = [member.name for member in members]
    table = _tabulate(names, labelled)
    mix = _log_mix(table)
    floors = [0.0 if not may_invert or is_of_trace(name) else -math.inf for name in names]
    together = _fit_together(table, mix, floors)
    alone = _fit_alone(table, mix, floors)
    return cold.model_copy(
        update={
            "mix": mix,
            "auditors": {
                name: _learn(table, place, together[place], alone[place])
                for place, name in enumerate(names)
            },
            "correlations": _correlate(cold, names, table),
        }
    )


def prior_mean(count: int) -> float:
    """Return the weight expected of one auditor in a panel of `count` before any label."""
    return UNTRIED / math.sqrt(1.0 + DEPENDENCE * max(0, count - 1))


def _tabulate(names: Sequence[str], labelled: Sequence[Labelled]) -> _Table:
    import numpy as np

    rows = [[one.scores.get(name, math.nan) for name in names] for one in labelled]
    scores = np.array(rows, dtype=np.float64)
    if np.any((scores < 0.0) | (scores > 1.0)):
        raise ValueError("a score is from 0 to 1")
    with np.errstate(divide="ignore"):
        log_odds = np.log(scores) - np.log1p(-scores)
    given = np.clip(log_odds, -FURTHEST, FURTHEST) / 2.0
    for place, name in enumerate(names):
        if is_of_trace(name):
            given[:, place] = np.maximum(given[:, place], 0.0)  # NaN stays NaN
    return _Table(
        evidence=np.nan_to_num(given, nan=0.0),
        present=(~np.isnan(given)).astype(np.float64),
        bad=np.array([one.bad for one in labelled], dtype=np.float64),
        worth=0.5 ** (np.arange(len(labelled) - 1, -1, -1) / HALF_LIFE),
    )


def _log_mix(table: _Table) -> float:
    """Return the log-odds of bad among the labels, with one more of each class."""
    bad = float(table.worth @ table.bad)
    return math.log(bad + 1.0) - math.log(float(table.worth.sum()) - bad + 1.0)


def _fit_together(table: _Table, mix: float, floors: Sequence[float]) -> list[Influence]:
    """Return what each auditor's opinion counts when all of them speak."""
    import numpy as np

    sides = [_sides(table, place) for place in range(len(floors))]
    columns = [column for pair in sides for column in pair]
    design = np.column_stack(columns)
    floor = np.array([limit for limit, pair in zip(floors, sides, strict=True) for _ in pair])
    values = _climb(table, design[None], mix, prior_mean(len(floors)), floor[None])[0]
    found, at = [], 0
    for pair in sides:
        raising, clearing = float(values[at]), float(values[at + len(pair) - 1])
        found.append(Influence(raising=raising, clearing=clearing))
        at += len(pair)
    return found


def _fit_alone(table: _Table, mix: float, floors: Sequence[float]) -> list[Influence]:
    """Return what each auditor's opinion counts when nobody else speaks."""
    import numpy as np

    designs, nothing = [], np.zeros(len(table.bad))
    for place in range(len(floors)):
        sides = _sides(table, place)
        designs.append(np.column_stack(sides if len(sides) == 2 else [*sides, nothing]))
    floor = np.array([[limit, limit] for limit in floors])
    values = _climb(table, np.stack(designs), mix, prior_mean(1), floor)
    return [
        Influence(raising=row[0], clearing=row[len(_sides(table, place)) - 1])
        for place, row in enumerate(values.tolist())
    ]


class _Place(NamedTuple):
    """Where several climbs are at once, a row each."""

    weights: Array
    height: Array
    """Log-posterior, up to a constant."""
    chance: Array
    """Probability of bad that the weights give each label."""


def _climb(table: _Table, designs: Array, mix: float, mean: float, floors: Array) -> Array:
    """Return the most probable weights of several problems at once.

    Newton's steps that keep the floors: a step that does not improve is halved, and a weight at
    its floor stays there while it would fall.
    """
    import numpy as np

    turned = np.ascontiguousarray(designs.transpose(0, 2, 1))
    at = _look(table, designs, mix, mean, np.maximum(np.full(floors.shape, mean), floors))
    for _ in range(STEPS):
        step = _newton_step(table, designs, turned, mean, at, floors)
        share = np.ones((len(designs), 1))
        for _ in range(HALVINGS):
            reached = _look(
                table, designs, mix, mean, np.maximum(at.weights + share * step, floors)
            )
            lower = reached.height < at.height - CLOSE
            if not lower.any():
                break
            share = np.where(lower[:, None], share / 2.0, share)
        moved = float(np.abs(reached.weights - at.weights).max())
        at = reached
        if moved < CLOSE:
            break
    return at.weights


def _look(table: _Table, designs: Array, mix: float, mean: float, weights: Array) -> _Place:
    import numpy as np

    log_odds = (designs @ weights[:, :, None])[:, :, 0] + mix
    small = np.exp(-np.abs(log_odds))
    chance = np.where(log_odds >= 0.0, 1.0, small) / (1.0 + small)
    loss = np.log1p(small) + np.maximum(log_odds, 0.0) - table.bad * log_odds
    penalty = ((weights - mean) ** 2).sum(axis=1) / (2.0 * SPREAD**2)
    return _Place(weights, -(loss @ table.worth) - penalty, chance)


def _newton_step(
    table: _Table, designs: Array, turned: Array, mean: float, at: _Place, floors: Array
) -> Array:
    import numpy as np

    slope = (turned @ (table.worth * (table.bad - at.chance))[:, :, None])[:, :, 0]
    slope -= (at.weights - mean) / SPREAD**2
    free = ~((at.weights <= floors) & (slope < 0.0))
    bend = (turned * (table.worth * at.chance * (1.0 - at.chance))[:, None, :]) @ designs
    unit = np.eye(at.weights.shape[1])
    bend += unit / SPREAD**2
    bend = bend * (free[:, :, None] & free[:, None, :]) + unit * ~free[:, :, None]
    return np.linalg.solve(bend, (slope * free)[:, :, None])[:, :, 0].astype(np.float64)


def _sides(table: _Table, place: int) -> list[Array]:
    """Return an auditor's evidence in one column, or in two once it has labels enough."""
    import numpy as np

    evidence = table.evidence[:, place]
    if min(_count(table, place)) < BOTH_SIDES:
        return [evidence]
    return [np.maximum(evidence, 0.0), np.minimum(evidence, 0.0)]


def _count(table: _Table, place: int) -> tuple[int, int]:
    """Return the labels of bad and of good actions that an auditor was graded on."""
    present = table.present[:, place]
    bad = int(present @ table.bad)
    return bad, int(present.sum()) - bad


def _learn(table: _Table, place: int, together: Influence, alone: Influence) -> Learned:
    """Return what the labels say of one auditor; one without labels stays as it was."""
    bad, good = _count(table, place)
    if bad + good == 0:
        return Learned()
    evidence, present = table.evidence[:, place], table.present[:, place]
    raised = (evidence > 0.0).astype(float)
    on_bad, on_good = present * table.worth * table.bad, present * table.worth * (1.0 - table.bad)
    hits, alarms = float(on_bad @ raised), float(on_good @ raised)
    return Learned(
        bad=bad,
        good=good,
        together=together,
        alone=alone,
        reach_raising=_mean_reach(evidence[evidence > 0.0]),
        reach_clearing=_mean_reach(-evidence[evidence < 0.0]),
        sensitivity=Rate(a=SENSITIVITY.a + hits, b=SENSITIVITY.b + float(on_bad.sum()) - hits),
        specificity=Rate(a=SPECIFICITY.a + float(on_good.sum()) - alarms, b=SPECIFICITY.b + alarms),
    )


def _mean_reach(distances: Array) -> float:
    return float(distances.mean()) if len(distances) else Learned().reach_raising


def _correlate(cold: Weights, names: Sequence[str], table: _Table) -> dict[str, dict[str, float]]:
    """Return the correlation of each pair's errors, drawn towards what was assumed of the pair."""
    import numpy as np

    raised = table.evidence > 0.0
    wrong = (raised != (table.bad[:, None] > 0.5)) * table.present
    weighted = table.present * table.worth[:, None]
    count = table.present.T @ weighted
    safe = np.maximum(count, 1e-12)
    mean = (
        (wrong * table.worth[:, None]).T @ table.present
    ) / safe  # of the row's, beside the column's
    both = (wrong * table.worth[:, None]).T @ wrong / safe
    scale = np.sqrt(mean * (1.0 - mean) * mean.T * (1.0 - mean.T))
    measured = np.where(scale > 1e-12, (both - mean * mean.T) / np.maximum(scale, 1e-12), np.nan)
    places = {name: place for place, name in enumerate(names)}
    found: dict[str, dict[str, float]] = {}
    for low, others in cold.correlations.items():
        for high, assumed in others.items():
            at = places[low], places[high]
            labels = 0.0 if math.isnan(measured[at]) else float(count[at])
            told = labels * float(measured[at]) if labels else 0.0
            share = (told + PAIR_LABELS * assumed) / (labels + PAIR_LABELS)
            found.setdefault(low, {})[high] = max(-1.0, min(1.0, share))
    return found
