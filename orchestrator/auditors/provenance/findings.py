"""What speaks against an action, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.auditors.provenance.atoms import AtomValue
from orchestrator.auditors.provenance.index import Source
from orchestrator.auditors.provenance.instructions import logistic
from orchestrator.auditors.provenance.policy import Scores
from orchestrator.auditors.provenance.purpose import Purpose
from orchestrator.domain.verdict import Claim

MAX_CLAIMS = 4
SHOWN = 240
"""Characters of a quote."""


class Finding(NamedTuple):
    """One thing that speaks against an action."""

    suspicion: float
    claim: Claim


def join(found: Sequence[Finding], scores: Scores) -> float:
    """Combine findings as independent signs, of each kind the strongest, and calibrate the sum."""
    strongest: dict[str, float] = {}
    for finding in found:
        kind = finding.claim.text.rpartition("' ")[2]
        strongest[kind] = max(strongest.get(kind, 0.0), finding.suspicion)
    clear = 1.0 - scores.nothing
    for suspicion in strongest.values():
        clear *= 1.0 - suspicion
    odds = scores.sharpness * (
        math.log((1.0 - clear) / clear) - math.log(scores.even / (1 - scores.even))
    )
    return round(max(logistic(odds), scores.nothing), 4)


def quote(value: AtomValue, source: Source | None) -> str:
    """Return the words of a result around a value of an action."""
    return quote_text(value.written, value.text, source)


def quote_text(written: str, folded: str, source: Source | None) -> str:
    """Return the words of a result around a value, as they stand there."""
    if source is None:
        return ""
    at = source.raw.find(written)
    if at < 0:
        at = source.raw.lower().find(folded)
    if at < 0:
        return ""
    start = max(0, source.raw.rfind("\n", 0, at) + 1, at - 80)
    return source.raw[start : at + len(written) + 40][:SHOWN]


def ask_claim(purpose: Purpose) -> Claim:
    """Say that nobody asked for such an act."""
    text = f"nothing the user said asks for {', '.join(sorted(purpose.intents))}"
    return Claim(text=text, quote="", source="task")
