"""The auditors that are models, as configured: made once for a guard, seated anew for each run."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.clock import Clock
from orchestrator.config import Config
from orchestrator.domain.chance import Chance
from orchestrator.domain.run import RunFacts
from orchestrator.models.spend import Spend
from orchestrator.panel.debate import require_arbiter
from orchestrator.panel.hearing import Hearing
from orchestrator.panel.panel import Panel
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
        spend: Spend | None = None,
    ) -> None:
        require_arbiter(config.debate, [auditor.role for auditor in auditors])
        self.auditors = tuple(auditors)
        self.weights = weights or Weights.cold(
            [Member(one.name, one.vendor, one.model) for one in self.auditors]
        )
        self._config = config
        self._clock = clock
        self._spend = spend

    def convene(self, rules: RuleSet, facts: RunFacts, chance: Chance) -> Hearing | None:
        """Return the panel's hearing of a run; None where no model votes."""
        if not any(auditor.role == "auditor" for auditor in self.auditors):
            return None
        panel = Panel(
            self.auditors, self._config.panel, facts, chance, self.weights, self._clock,
            debate=self._config.debate, spend=self._spend,
        )  # fmt: skip
        return Hearing(
            panel, self._config.panel, rules, facts, chance, self._config.gate.deadline_s
        )

    async def aclose(self) -> None:
        """Close the connections of every auditor."""
        for auditor in self.auditors:
            await auditor.client.aclose()
