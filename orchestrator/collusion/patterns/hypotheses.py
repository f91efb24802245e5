"""All hypotheses of one pattern with their e-values, and the answers they come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from orchestrator.collusion.evidence import Floats, e_bh
from orchestrator.collusion.findings import NOT_INTENT, Finding, Status


class Measured(NamedTuple):
    """How large an effect is, on how many observations, and which events show it."""

    effect: float
    low: float
    high: float
    n: int
    events: tuple[int, ...] = ()
    kind: str = ""


class Tested:
    """One pattern's hypotheses; e-BH runs across all of them."""

    def __init__(
        self,
        pattern: str,
        groups: Sequence[tuple[str, ...]],
        values: Floats,
        measure: Callable[[int], Measured],
        *,
        says: str,
        margin: float,
        missing: str,
    ) -> None:
        self.pattern = pattern
        self.groups = groups
        """The members each hypothesis is about."""
        self.values = values
        self.measure = measure
        self.says = says
        self.margin = margin
        """An interval that ends below this is clear."""
        self.missing = missing
        """Why it cannot be tested where there is no hypothesis."""

    @cached_property
    def rejected(self) -> list[int]:
        """Return the hypotheses that e-BH rejects."""
        return [int(at) for at in np.flatnonzero(e_bh(self.values))] if len(self.groups) else []

    def findings(self) -> list[Finding]:
        """Return every alarm, or else one answer about the hypothesis with the most evidence."""
        if not self.groups:
            return [Finding(self.pattern, (), "not identified", self.missing)]
        if self.rejected:
            return [self._finding(at, "alarm") for at in self.rejected]
        measured = [self.measure(at) for at in range(len(self.groups))]
        clear = all(each.high < self.margin and each.n for each in measured)
        status: Status = "clear" if clear else "inconclusive"
        return [self._finding(int(np.argmax(self.values)), status)]

    def _finding(self, at: int, status: Status) -> Finding:
        effect, low, high, n, events, kind = self.measure(at)
        return Finding(
            self.pattern, self.groups[at], status, self._sentence(status), effect, low, high, n,
            float(self.values[at]), events, kind,
        )  # fmt: skip

    def _sentence(self, status: Status) -> str:
        if status == "alarm":
            return f"{self.says}; e-BH at .05 over {len(self.groups)} hypotheses. {NOT_INTENT}"
        if status == "clear":
            return f"{self.says}; all {len(self.groups)} intervals end below {self.margin:g}"
        return (
            f"{self.says}; the strongest of {len(self.groups)} hypotheses, below the alarm level, "
            f"and not all intervals end below {self.margin:g}"
        )
