"""Compute past rulings again without an auditor; votes are on record, so nobody is asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from orchestrator.domain.event import Decided, DecisionReviewed, Event, PanelSettled, RunOpened
from orchestrator.domain.panel import End, Ruling
from orchestrator.domain.run import RunFacts
from orchestrator.panel.aggregation import aggregate, to_probability
from orchestrator.panel.weights import Weights

KINDS = ("run_opened", "panel_settled", "decided")
"""Kinds of events that it rests on."""
JUDGED: tuple[End, ...] = ("clear", "held", "undecided")
"""Ends that follow from the votes alone; what a protocol made of them is left as it was."""
CLOSE = 0.01


def review(
    events: Iterable[Event],
    auditor: str,
    weights_of: Callable[[str | None], Weights],
    holds: Callable[[RunFacts], bool] = lambda _: True,
) -> Iterator[DecisionReviewed]:
    """Yield the rulings that end otherwise without the vote of `auditor`, in the runs that count.

    `weights_of` takes the hash of what a run knew of its auditors. What was decided stays decided.
    """
    facts: dict[str, RunFacts] = {}
    pivotal: dict[tuple[str, str], DecisionReviewed] = {}
    for event in events:
        match event.fact:
            case RunOpened(facts=opened):
                if holds(opened):
                    facts[event.run] = opened
            case PanelSettled(ruling=ruling) if event.run in facts:
                found = _without(event, ruling, auditor, facts[event.run], weights_of)
                if found and found.end != found.end_without:
                    pivotal[event.run, ruling.action] = found
            case Decided(decision=decision):
                held = pivotal.pop((event.run, decision.action), None)
                if held:
                    yield held.model_copy(update={"outcome": decision.judged})
    yield from pivotal.values()


def _without(
    event: Event,
    ruling: Ruling,
    auditor: str,
    facts: RunFacts,
    weights_of: Callable[[str | None], Weights],
) -> DecisionReviewed | None:
    if auditor not in ruling.scores or ruling.end not in JUDGED or ruling.prior is None:
        return None
    rest = {name: score for name, score in ruling.scores.items() if name != auditor}
    probability = _recompute(ruling, rest, auditor, weights_of(facts.panel))
    end = _end(ruling, probability, len(rest), facts)
    return DecisionReviewed(
        ruling=event.id,
        action=ruling.action,
        auditor=auditor,
        end=ruling.end,
        probability=ruling.probability,
        end_without=end,
        probability_without=None if end == "no quorum" else round(probability, 4),
    )


def _recompute(ruling: Ruling, rest: dict[str, float], auditor: str, weights: Weights) -> float:
    """Return what the other votes come to, by the weights of then.

    Where those are lost, so that all votes together do not come to what they did, the auditor's own
    part is taken off what is on record.
    """
    prior, recorded = ruling.prior or 0.0, ruling.probability or 0.0
    again = aggregate(weights, prior, ruling.scores).probability
    if abs(again - recorded) <= CLOSE:
        return aggregate(weights, prior, rest).probability
    others = (part for name, part in ruling.contributions.items() if name != auditor)
    return to_probability(prior + math.fsum(others))


def _end(ruling: Ruling, probability: float, votes: int, facts: RunFacts) -> End:
    panel = facts.config.get("panel")
    asked = panel.get("quorum") if isinstance(panel, dict) else None
    quorum = asked if isinstance(asked, int) else 1
    if not votes or votes < min(quorum, ruling.scored + ruling.abstained + ruling.failed - 1):
        return "no quorum"
    if probability <= ruling.low:
        return "clear"
    return "held" if probability >= ruling.high else "undecided"
