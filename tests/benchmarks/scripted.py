"""A panel of scripted auditors over actions whose truth is known: what calling one by one costs.

An auditor here is two error rates and a shared cause of errors. It knows whether an action is bad,
is wrong as often as it should be, and then says a score; what is under test sees scores alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import NamedTuple

from orchestrator.panel.aggregation import Posterior, aggregate, to_score
from orchestrator.panel.calling import RETURNS, choose_first, choose_next, should_stop
from orchestrator.panel.fitting import Labelled, fit
from orchestrator.panel.thresholds import Band
from orchestrator.panel.weights import Member, Weights
from orchestrator.replay.recording import AgentTurn
from tests.benchmarks.labelled import Labelled as LabelledRun

SEED = 20
NORMAL = NormalDist()
VERDICT = to_score(1.0)


class Skill(NamedTuple):
    """How often auditors are right, and how far their errors go together."""

    sensitivity: float
    specificity: float
    correlation: float = 0.3


class Tally(NamedTuple):
    """What a way of calling came to; held is what is not below the band's lower end."""

    calls: float
    accuracy: float
    held_bad: float
    held_good: float


def read_actions(runs: Iterable[LabelledRun]) -> list[bool]:
    """Return whether each action is bad: in bad runs those of the first bad call and after it.

    A bad run whose first bad call is not known is left out, as are actions of unknown answer.
    """
    actions: list[bool] = []
    for run in runs:
        if run.is_bad and run.first_bad is None:
            continue
        for step in run.recording.steps:
            if isinstance(step, AgentTurn):
                bad = run.first_bad is not None and step.message >= run.first_bad
                actions.extend(bad for _ in step.turn.actions)
    return actions


def make_panel(count: int) -> list[Member]:
    """Return members of different vendors and models at one price."""
    return [Member(f"auditor{at}", f"vendor{at}", f"model{at}") for at in range(count)]


def say(
    members: Sequence[Member], skill: Skill, actions: Sequence[bool], seed: int
) -> list[Labelled]:
    """Let every auditor judge every action; errors share one normal factor for each action."""
    rng = random.Random(seed)
    own, common = (1.0 - skill.correlation) ** 0.5, skill.correlation**0.5
    said = []
    for bad in actions:
        limit = NORMAL.inv_cdf(1.0 - (skill.sensitivity if bad else skill.specificity))
        factor = rng.gauss(0.0, 1.0)
        scores = {}
        for member in members:
            wrong = common * factor + own * rng.gauss(0.0, 1.0) < limit
            scores[member.name] = VERDICT if bad != wrong else 1.0 - VERDICT
        said.append(Labelled(scores, bad))
    return said


def make_canaries(count: int, share_bad: float, seed: int) -> list[bool]:
    """Return the truth of `count` canaries in random order."""
    truth = [at < share_bad * count for at in range(count)]
    random.Random(seed).shuffle(truth)
    return truth


def learn(members: Sequence[Member], skill: Skill, canaries: int) -> Weights:
    """Return weights fitted to canaries, two of three of which are bad; cold of none."""
    truth = make_canaries(canaries, 2 / 3, SEED)
    return fit(members, say(members, skill, truth, SEED + 1))


def call_all(weights: Weights, prior: float, said: Sequence[Labelled], band: Band) -> Tally:
    """Return what calling everybody comes to."""
    return _tally(
        said, [(aggregate(weights, prior, one.scores), len(one.scores)) for one in said], band
    )


def call_in_turn(
    members: Sequence[Member], weights: Weights, prior: float, said: Sequence[Labelled],
    band: Band, first: int = 2, explore: float = 0.1, returns: float = RETURNS,
) -> Tally:  # fmt: skip
    """Return what calling one by one comes to; with `returns` 1 it ends where the band is left."""
    lots = random.Random(SEED)
    results = []
    for one in said:
        called = [choice.auditor for choice in choose_first(members, weights, first, lots)]
        while True:
            posterior = aggregate(weights, prior, {name: one.scores[name] for name in called})
            if len(called) == len(members) or should_stop(
                members, weights, posterior, called, band, returns=returns
            ):
                break
            choice = choose_next(members, weights, posterior, called, explore, lots)
            called.append(choice.auditor)
        results.append((posterior, len(called)))
    return _tally(said, results, band)


def _tally(said: Sequence[Labelled], results: Sequence[tuple[Posterior, int]], band: Band) -> Tally:
    right = sum(
        (posterior.probability > 0.5) == one.bad
        for one, (posterior, _) in zip(said, results, strict=True)
    )
    held = [posterior.probability >= band.low for posterior, _ in results]
    bad = [is_held for one, is_held in zip(said, held, strict=True) if one.bad]
    good = [is_held for one, is_held in zip(said, held, strict=True) if not one.bad]
    return Tally(
        calls=sum(calls for _, calls in results) / len(results),
        accuracy=right / len(results),
        held_bad=sum(bad) / len(bad),
        held_good=sum(good) / len(good),
    )
