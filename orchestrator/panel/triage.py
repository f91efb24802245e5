"""Which turns the panel sees."""

from __future__ import annotations

import random
from collections.abc import Iterable

from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.panel import Why
from orchestrator.rules.tools import Stakes


def choose_turn(
    config: PanelConfig,
    stakes: Iterable[Stakes],
    suspicion: float,
    draw: random.Random,
) -> Why | None:
    """Return why a turn goes to the panel, or None.

    `stakes` and `suspicion` are of its open actions. The lot is drawn for every turn, so that what
    triage would pass is audited at a known rate, whatever anybody thinks of it.
    """
    is_drawn = draw.random() < config.audit_rate
    if config.triage == "all":
        return "every turn"
    if suspicion >= config.suspicious_at:
        return "suspicious"
    if config.triage == "consequential" and any(stake != "none" for stake in stakes):
        return "consequential"
    return "drawn by lot" if is_drawn else None
