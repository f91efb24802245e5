"""Say what a panel would have made of an action, from the scores that all of its auditors gave."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from orchestrator.config import Panel as PanelConfig
from orchestrator.panel.aggregation import aggregate
from orchestrator.panel.calling import choose_first, choose_next, is_settled
from orchestrator.panel.thresholds import Band
from orchestrator.panel.weights import Member, Weights


def foresee(
    scores: Mapping[str, float],
    members: Sequence[Member],
    weights: Weights,
    band: Band,
    prior: float,
    config: PanelConfig,
    draw: random.Random,
) -> float | None:
    """Return the probability that calling auditors as configured would have ended with.

    Auditors are called as for a real action, and `scores` says what each would have answered; one
    that has none there did not answer. Like this, bounds that are taken from actions of known
    answer hold for real ones. None below the quorum.
    """
    called: list[str] = []
    if config.calling == "all":
        called = [member.name for member in members[: config.k_max]]
    else:
        first = choose_first(members, weights, config.first, draw, config.explore)
        called = [choice.auditor for choice in first]
    quorum = min(config.quorum, max(1, len(members)))
    most = min(config.k_max, len(members))
    while True:
        given = {name: scores[name] for name in called if name in scores}
        posterior = aggregate(weights, prior, given)
        is_done = len(given) >= quorum and is_settled(posterior, band)
        if is_done or len(called) >= most:
            break
        choice = choose_next(members, weights, posterior, called, config.explore, draw)
        called.append(choice.auditor)
    return posterior.probability if given and len(given) >= quorum else None
