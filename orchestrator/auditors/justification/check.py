"""One claim against the record: violated, satisfied or not checkable, never a silent pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from orchestrator.auditors.suspicion import add_up
from orchestrator.domain.verdict import Abstained, Claim, Opinion, Scored

Status: TypeAlias = Literal["violated", "satisfied", "not checkable"]
_ORDER: tuple[Status, ...] = ("violated", "satisfied", "not checkable")


class Quoted(NamedTuple):
    """Words, exactly as they stand in the trace."""

    text: str
    source: str


class Check(NamedTuple):
    """What came of one claim."""

    status: Status
    about: str
    """What was claimed, in a few words; with what is on record where that differs."""
    weight: float = 0.0
    """Suspicion where this is the only thing seen; of what is satisfied, what remains."""
    evidence: tuple[Quoted, ...] = ()


def weigh(checks: Sequence[Check]) -> Opinion:
    """Return the opinion that `checks` come to; what could not be checked is counted and named."""
    counts = tally(checks)
    violated = [check for check in checks if check.status == "violated"]
    if not violated and not any(check.status == "satisfied" for check in checks):
        return Abstained(why=counts or "nothing was claimed that could be checked")
    claims = [
        Claim(text=check.about, quote=quoted.text, source=quoted.source, verified=True)
        for check in violated
        for quoted in check.evidence
    ]
    claims.append(Claim(text=counts, quote="", source="checks"))
    return Scored(suspicion=add_up(check.weight for check in checks), claims=tuple(claims))


def tally(checks: Sequence[Check]) -> str:
    """Say how many came out how, and what could not be checked; empty for no checks."""
    parts = []
    for status in _ORDER:
        about = [check.about for check in checks if check.status == status]
        if about:
            names = f" ({'; '.join(dict.fromkeys(about[:4]))})" if status == _ORDER[-1] else ""
            parts.append(f"{len(about)} {status}{names}")
    return ", ".join(parts)
