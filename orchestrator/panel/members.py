"""Make the auditors that are models, as the configuration names them."""

from __future__ import annotations

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.clock import Clock
from orchestrator.config import Config
from orchestrator.models.spend import Spend
from orchestrator.panel.debate import require_arbiter


def build_members(
    config: Config, clock: Clock, spend: Spend | None = None
) -> tuple[ModelAuditor, ...]:
    """Return the enabled auditors that are models; no SDK is imported where there is none.

    All of them share breakers and limits, and charge `spend`. ConfigError for a model that cannot
    be reached as written or a debate nobody could decide, PolicyError for a wrong rubric.
    """
    entries = [entry for entry in config.auditors if entry.enabled and entry.kind == "model"]
    require_arbiter(config.debate, [entry.role for entry in entries])
    if not entries:
        return ()
    from orchestrator.models.connect import Endpoints, connect

    endpoints = Endpoints()
    spend = spend or Spend(config.budget, clock)
    return tuple(
        ModelAuditor(
            entry.name,
            load_rubric(entry.rubric),
            connect(entry, spend, clock, endpoints),
            trust=entry.trust,
            role=entry.role,
        )
        for entry in entries
    )
