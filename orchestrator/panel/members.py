"""Make the auditors that are models, as the configuration names them."""

from __future__ import annotations

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.rubric import load_rubric
from orchestrator.clock import Clock
from orchestrator.config import Config


def build_members(config: Config, clock: Clock) -> tuple[ModelAuditor, ...]:
    """Return the enabled auditors that are models; no SDK is imported where there is none.

    ConfigError for a model that cannot be reached as written, PolicyError for a wrong rubric.
    """
    entries = [entry for entry in config.auditors if entry.enabled and entry.kind == "model"]
    if not entries:
        return ()
    from orchestrator.models.connect import connect

    return tuple(
        ModelAuditor(
            entry.name,
            load_rubric(entry.rubric),
            connect(entry, clock=clock),
            trust=entry.trust,
            role=entry.role,
        )
        for entry in entries
    )
