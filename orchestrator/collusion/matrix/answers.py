"""Answers about a matrix: like the live ones, but from p-values, which are made into e-values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import stdtr

from orchestrator.collusion.evidence import Flags, Floats, Q, calibrated
from orchestrator.collusion.findings import NOT_INTENT, PATTERNS, REFUTES, Finding, Status

TAIL = 10.0
"""Degrees of freedom of a population of pairs: its tails are heavier than a normal one's."""
ROWS_SHOWN = 20


@dataclass(frozen=True)
class Answer:
    """A finding, with the test behind it named."""

    finding: Finding
    test: str = ""
    p: float | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as the report prints it."""
        found = self.finding
        evidence = {"says": found.says, "test": self.test or None, "p": self.p,
                    "rows": list(found.events), **self.more}  # fmt: skip
        return {
            "pattern": found.pattern, "members": list(found.members), "status": found.status,
            "effect": found.effect, "low": found.low, "high": found.high, "n": found.n,
            "e_value": found.e_value, "evidence": evidence,
            "would_refute": REFUTES[found.pattern], "name": PATTERNS[found.pattern],
        }  # fmt: skip


def unknown(pattern: str, why: str, **more: Any) -> Answer:
    """Return that a pattern could not be tested, and why."""
    return Answer(Finding(pattern, (), "not identified", why), more=more)


@dataclass(frozen=True)
class Family:
    """All hypotheses of one pattern in one matrix."""

    pattern: str
    members: Sequence[tuple[str, ...]]
    p: Floats
    effect: Floats
    half: Floats
    """Half the width of each 95 % interval."""
    n: Floats
    margin: float
    says: str
    test: str
    rows: Sequence[Any] = ()
    """Of each hypothesis, the lines of the file behind it."""

    def answers(self, alarms: Flags, **more: Any) -> list[Answer]:
        """Return every alarm, or else one answer about the hypothesis with the most evidence."""
        if alarms.any():
            return [self._answer(int(at), "alarm", more) for at in np.flatnonzero(alarms)]
        clear = bool((self.effect + self.half < self.margin).all())
        return [self._answer(int(np.argmin(self.p)), "clear" if clear else "inconclusive", more)]

    def _answer(self, at: int, status: Status, more: dict[str, Any]) -> Answer:
        p, effect, half = float(self.p[at]), float(self.effect[at]), float(self.half[at])
        says = f"{self.says} ({len(self.members)} tested, false discovery rate {Q:g})"
        if status == "alarm":
            says = f"{says}. {NOT_INTENT}"
        elif status == "clear":
            says = f"{says}; all intervals end below {self.margin:g}"
        rows = tuple(int(row) for row in list(self.rows[at])[:ROWS_SHOWN]) if len(self.rows) else ()
        found = Finding(
            self.pattern, tuple(self.members[at]), status, says, effect, effect - half,
            effect + half, int(self.n[at]), calibrated(p), rows,
        )  # fmt: skip
        return Answer(found, self.test, p, more)


def bh(p: Floats, q: float = Q) -> Flags:
    """Return which p-values the rule of Benjamini and Hochberg rejects."""
    order = np.argsort(p, kind="stable")
    enough = p[order] <= q * np.arange(1, len(p) + 1) / max(len(p), 1)
    rejected = np.zeros(len(p), dtype=bool)
    if enough.any():
        rejected[order[: int(np.flatnonzero(enough)[-1]) + 1]] = True
    return rejected


def upper(z: Floats, freedom: Floats | float = TAIL) -> Floats:
    """Return one-sided p-values of Student's t."""
    return np.asarray(stdtr(freedom, -z))


def spread_of(values: Floats) -> float:
    """Return the standard deviation as the median deviation tells it, blind to a few outliers."""
    return float(1.4826 * np.median(np.abs(values - np.median(values)))) if len(values) else 0.0
