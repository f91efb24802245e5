"""The auditors that are models, as configured: made once for a guard, seated anew for each run."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.clock import Clock
from orchestrator.config import Config
from orchestrator.domain.chance import Chance
from orchestrator.domain.panel import How
from orchestrator.domain.run import RunFacts
from orchestrator.models.spend import Spend
from orchestrator.panel.companion import Companion
from orchestrator.panel.debate import require_arbiter
from orchestrator.panel.hearing import Hearing
from orchestrator.panel.news import News
from orchestrator.panel.panel import Panel
from orchestrator.panel.panels import Panels
from orchestrator.panel.protocols import find_protocol
from orchestrator.panel.snapshot import UNGRADED, Known, PanelSnapshots, recall
from orchestrator.panel.thresholds import Band
from orchestrator.panel.weights import Member, Weights
from orchestrator.rules.ruleset import RuleSet


def seat(
    auditors: Sequence[ModelAuditor],
    config: Config,
    clock: Clock,
    spend: Spend | None = None,
    folder: str | None = None,
) -> Roster | None:
    """Return the roster of a guard; None where no auditor is a model and none is needed.

    ConfigError where the control protocol lacks what it rests on.
    """
    if not auditors:
        find_protocol(config, ())
        return None
    return Roster(auditors, config, clock, spend=spend, folder=folder)


class Roster:
    """Everybody who may sit on a panel, and what is known of them."""

    def __init__(
        self,
        auditors: Sequence[ModelAuditor],
        config: Config,
        clock: Clock,
        weights: Weights | None = None,
        *,
        spend: Spend | None = None,
        folder: str | None = None,
    ) -> None:
        """Keep what is learned in `folder`; without one, nothing is."""
        require_arbiter(config.debate, [auditor.role for auditor in auditors])
        self.auditors = tuple(auditors)
        self.weights = weights or Weights.cold(
            [Member(one.name, one.vendor, one.model) for one in self.auditors]
        )
        self.snapshots = PanelSnapshots(folder) if folder else None
        self._config = config
        self._clock = clock
        self._spend = spend
        self._protocol = find_protocol(config, self.auditors)
        self._band: Band | None = None
        self._out: frozenset[str] = frozenset()
        self._companion: Companion | None = None

    def recall(self, digest: str | None) -> Known:
        """Return what the snapshot of that hash says of those who may vote."""
        voters = [one for one in self.auditors if one.role == "auditor"]
        if digest is None:
            return Known(self.weights, None, None, UNGRADED)
        return recall(self.snapshots, digest, voters, self._config.panel)

    def seated(
        self, known: Known, companion: Companion, out: frozenset[str] = frozenset()
    ) -> Roster:
        """Return the same roster for one run: its votes weighed by `known`, with a companion.

        Those who are `out` do not vote; without anybody left, no action has a quorum.
        """
        seated = copy.copy(self)
        seated._out = out
        seated.weights, seated._band, seated._companion = known.weights, known.band, companion
        return seated

    def convene(self, rules: RuleSet, facts: RunFacts, chance: Chance) -> Hearing | None:
        """Return the panel's hearing of a run; None where no model votes."""
        if not any(auditor.role == "auditor" for auditor in self.auditors):
            return None

        news = News(self.auditors, self._spend, account=chance.nonce("account"))

        def make(auditors: Sequence[ModelAuditor], own: Chance, how: How | None) -> Panel:
            is_turn = own is chance  # samples of a turn have no canaries beside them
            return Panel(
                auditors, self._config.panel, facts, own, self.weights, self._clock,
                debate=self._config.debate, news=news, how=how,
                band=self._band, companion=self._companion if is_turn else None,
            )  # fmt: skip

        sitting = [one for one in self.auditors if one.name not in self._out]
        panels = Panels(sitting, self._protocol, chance, make)
        return Hearing(
            panels, self._config.panel, rules, facts, chance, self._config.gate.deadline_s, news
        )

    def start_day(self, spent_usd: float) -> None:
        """Take over what other runs of today were charged."""
        if self._spend:
            self._spend.start_day(spent_usd)

    async def aclose(self) -> None:
        """Close the connections of every auditor."""
        for auditor in self.auditors:
            await auditor.client.aclose()
