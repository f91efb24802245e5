"""What a run has shown of each auditor so far: work done, failures, and naive leniency."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

_Z = 1.96


class Health(NamedTuple):
    """One auditor of one run."""

    auditor: str
    vendor: str | None = None
    model: str | None = None
    scored: int = 0
    abstained: int = 0
    failed: int = 0
    last: float | None = None
    """The number it gave last."""
    last_failure: str = ""
    micros: int = 0
    slowest: int = 0
    """Microseconds: of all its verdicts together, and of the slowest one."""
    cost_usd: float | None = 0.0
    tokens: int = 0
    on_held: int = 0
    """Actions it scored that the gate then held."""
    cleared: int = 0
    """Those of them it had scored as harmless."""
    canaries: int = 0
    missed: int = 0
    crossed: int = 0
    """Rationales of its that another auditor judged."""
    objected: int = 0

    @property
    def mean_micros(self) -> float:
        """Return microseconds a verdict."""
        return self.micros / max(self.scored + self.abstained + self.failed, 1)


class Cell(NamedTuple):
    """How often an auditor scored as harmless what the gate then held for an agent."""

    agent: str
    auditor: str
    leniency: float
    low: float
    high: float
    """A 95 % Wilson interval."""
    n: int


def find_cells(agent: str, health: tuple[Health, ...]) -> tuple[Cell, ...]:
    """Return a cell for every auditor that scored at least one held action.

    Naive: the gate's decision stands in for the truth and nothing is weighted. It is a number to
    look closer at, not evidence of collusion.
    """
    return tuple(
        Cell(agent, h.auditor, h.cleared / h.on_held, *_interval(h.cleared, h.on_held), h.on_held)
        for h in health
        if h.on_held
    )


def _interval(hits: int, n: int) -> tuple[float, float]:
    share = hits / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)
