"""What opinions come to: the thresholds of the gate, and what a panel's ruling means."""

from __future__ import annotations

from orchestrator.config import Gate
from orchestrator.domain.decision import Outcome, strictest
from orchestrator.domain.panel import Ruling
from orchestrator.rules.tools import Stakes


def outcome_of(config: Gate, suspicion: float | None) -> Outcome:
    """Return what a combined suspicion comes to; without one, allow."""
    if suspicion is None:
        return Outcome.ALLOW
    if suspicion >= config.deny_at:
        return Outcome.DENY
    return Outcome.ESCALATE if suspicion >= config.escalate_at else Outcome.ALLOW


def outcome_of_ruling(config: Gate, ruling: Ruling, stakes: Stakes, alone: Outcome) -> Outcome:
    """Return what a ruling comes to; `alone` is what the local auditors' suspicion came to.

    A panel that saw an action clears what local auditors suspect. Doubt it could not settle waits
    for a person, unless an audit budget lets it pass; what is deferred to somebody else is not run
    as it stands; too few votes are never "clear".
    """
    match ruling.end:
        case "clear":
            return Outcome.ALLOW
        case "held":
            return strictest([Outcome.ESCALATE, outcome_of(config, ruling.probability)])
        case "undecided":
            return Outcome.ESCALATE
        case "passed":
            above = outcome_of(config, ruling.probability) is Outcome.DENY
            return Outcome.DENY if above else Outcome.ALLOW
        case "deferred" | "no look":
            return Outcome.DENY
        case "no quorum":
            is_final = stakes == "irreversible"
            failed = Outcome.DENY if is_final else Outcome(config.on_timeout)
            return strictest([alone, failed])
