"""Who is called next on a turn, and when calling stops."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.panel import How
from orchestrator.panel.aggregation import Posterior, aggregate
from orchestrator.panel.ballot import Ballot
from orchestrator.panel.calling import choose_first, choose_next, is_settled, should_stop
from orchestrator.panel.thresholds import Band
from orchestrator.panel.weights import Member, Weights


class Wave(NamedTuple):
    """Auditors called together, and the chance each had to be."""

    names: tuple[str, ...]
    how: How
    propensity: dict[str, float]


class Schedule:
    """Choose wave after wave from what the votes came to so far."""

    def __init__(
        self,
        members: Sequence[Member],
        weights: Weights,
        config: PanelConfig,
        band: Band,
        quorum: int,
    ) -> None:
        self._members = tuple(members)
        self._names = tuple(member.name for member in members)
        self._weights = weights
        self._config = config
        self._band = band
        self._quorum = quorum

    def choose(
        self, ballot: Ballot, priors: Mapping[str, float], draw: random.Random
    ) -> Wave | None:
        """Return who is called next; None when all is settled or nobody may be called."""
        called, config = ballot.called, self._config
        if not self._members or len(called) >= min(config.k_max, len(self._members)):
            return None
        if config.calling == "all":
            names = tuple(self._names)[: config.k_max]
            return Wave(names, "all", dict.fromkeys(names, 1.0)) if not called else None
        if not called:
            first = choose_first(self._members, self._weights, config.first, draw, config.explore)
            chances = {choice.auditor: choice.propensity[choice.auditor] for choice in first}
            return Wave(tuple(chances), "first", chances)
        open_ = [
            posterior
            for action, prior in priors.items()
            if not self._may_stop(ballot, action, posterior := self.weigh(ballot, action, prior))
        ]
        if not open_:
            return None
        unsure = min(open_, key=lambda posterior: abs(posterior.log_odds))
        choice = choose_next(self._members, self._weights, unsure, called, config.explore, draw)
        return Wave((choice.auditor,), choice.how, choice.propensity)

    def weigh(self, ballot: Ballot, action: str, prior: float) -> Posterior:
        return aggregate(self._weights, prior, ballot.scores(action))

    def _may_stop(self, ballot: Ballot, action: str, posterior: Posterior) -> bool:
        """Say whether more votes on an action would hardly matter."""
        has_quorum = len(ballot.scores(action)) >= self._quorum
        return has_quorum and should_stop(
            self._members,
            self._weights,
            posterior,
            ballot.called,
            self._band,
            most=self._config.k_max,
        )

    def is_settled(self, ballot: Ballot, action: str, posterior: Posterior) -> bool:
        return len(ballot.scores(action)) >= self._quorum and is_settled(posterior, self._band)
