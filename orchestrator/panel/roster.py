"""The auditors that are models, as configured: made once for a guard, seated anew for each run."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.clock import Clock
from orchestrator.config import Config
from orchestrator.domain.chance import Chance
from orchestrator.domain.run import RunFacts
from orchestrator.panel.companion import Companion
from orchestrator.panel.hearing import Hearing
from orchestrator.panel.panel import Panel
from orchestrator.panel.snapshot import UNGRADED, Known, PanelSnapshots, recall
from orchestrator.panel.thresholds import Band
from orchestrator.panel.weights import Member, Weights
from orchestrator.rules.ruleset import RuleSet


class Roster:
    """Everybody who may sit on a panel, and what is known of them."""

    def __init__(
        self,
        auditors: Sequence[ModelAuditor],
        config: Config,
        clock: Clock,
        weights: Weights | None = None,
        *,
        folder: str | None = None,
    ) -> None:
        """Keep what is learned in `folder`; without one, nothing is."""
        self.auditors = tuple(auditors)
        self.weights = weights or Weights.cold(
            [Member(one.name, one.vendor, one.model) for one in self.auditors]
        )
        self.snapshots = PanelSnapshots(folder) if folder else None
        self._config = config
        self._clock = clock
        self._band: Band | None = None
        self._companion: Companion | None = None

    def recall(self, digest: str | None) -> Known:
        """Return what the snapshot of that hash says of those who may vote."""
        voters = [one for one in self.auditors if one.role == "auditor"]
        if digest is None:
            return Known(self.weights, None, None, UNGRADED)
        return recall(self.snapshots, digest, voters, self._config.panel)

    def seated(self, known: Known, companion: Companion) -> Roster:
        """Return the same roster for one run: its votes weighed by `known`, with a companion."""
        seated = copy.copy(self)
        seated.weights, seated._band, seated._companion = known.weights, known.band, companion
        return seated

    def convene(self, rules: RuleSet, facts: RunFacts, chance: Chance) -> Hearing | None:
        """Return the panel's hearing of a run; None where no model votes."""
        if not any(auditor.role == "auditor" for auditor in self.auditors):
            return None
        panel = Panel(
            self.auditors,
            self._config.panel,
            facts,
            chance,
            self.weights,
            self._clock,
            band=self._band,
            companion=self._companion,
        )
        return Hearing(
            panel, self._config.panel, rules, facts, chance, self._config.gate.deadline_s
        )

    async def aclose(self) -> None:
        """Close the connections of every auditor."""
        for auditor in self.auditors:
            await auditor.client.aclose()
