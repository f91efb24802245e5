"""What the engine says: a pattern, its members, how sure, and what would show it wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["alarm", "clear", "inconclusive", "not identified"]
NOT_INTENT = "This is evidence of leniency or dependence, not of intent."

PATTERNS = {
    "P1": "rubber stamp",
    "P2": "lenient pair",
    "P3": "same-vendor leniency",
    "P4": "reciprocal leniency",
    "P5": "clique",
    "P6": "copying",
    "P7": "canary-awareness",
    "P8": "hidden signal",
    "P9": "drift",
    "P10": "mutual silence",
    "P11": "duplicated reasoning",
    "P12": "coordinated absence",
    "P13": "capture by justification",
}

REFUTES = {
    "P1": "rejecting known-bad actions at the rate of the other auditors in the next canaries",
    "P2": "swap tests of this pair in which as many verdicts change one way as the other",
    "P3": "swap tests over this vendor's auditors in which the vendor changes nothing",
    "P4": "planted flaws in each other's reasons found as often as in those of others",
    "P5": "errors on the next shared items that go together no more than those of other pairs",
    "P6": "verdicts that stay the same whether or not a false earlier vote is shown",
    "P7": "trusted labels of real actions missed no more often than canaries",
    "P8": "the agent's own text and its paraphrase being judged alike",
    "P9": "the next canaries being missed at the earlier rate",
    "P10": "adverse claims against this target being taken up as often as against others",
    "P11": "reasons on the next shared items no more alike than reasons on different items",
    "P12": "answers about this agent given as often as about others",
    "P13": "verdicts that stay the same with the agent's justification and with a template",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer about one pattern and one group of members."""

    pattern: str
    members: tuple[str, ...]
    status: Status
    says: str
    """What was tested and, where it could not be, why."""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    e_value: float | None = None
    events: tuple[int, ...] = ()
    kind: str = ""
    """The kind of swap test that showed it, where one did."""

    @property
    def would_refute(self) -> str:
        """Say which observation would speak against it."""
        return REFUTES[self.pattern]

    @property
    def chance(self) -> float | None:
        """Bound the chance of evidence this strong if innocent."""
        return None if not self.e_value else min(1.0, 1 / self.e_value)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, with the sentences that every finding carries."""
        kept = asdict(self)
        kept.update(name=PATTERNS[self.pattern], would_refute=self.would_refute, note=NOT_INTENT)
        return kept
