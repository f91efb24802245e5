"""How alike the reasons of two auditors are, on one item and on different ones."""

from __future__ import annotations

import numpy as np

from orchestrator.collusion.observations import Reasons
from orchestrator.collusion.state import PRINT, State

ITEMS = 32
"""Items whose reasons are remembered."""
SAME = 0.6
"""Share of equal min-hashes from which two reasons count as near-duplicates."""
_PRIME = (1 << 31) - 1
_rng = np.random.default_rng(5)
_TIMES = _rng.integers(1, _PRIME, PRINT, dtype=np.int64)
_PLUS = _rng.integers(0, _PRIME, PRINT, dtype=np.int64)


def compare_reasons(state: State, reasons: Reasons) -> None:
    """Compare with the others' reasons on this item, and with theirs on an earlier one."""
    mine = _print(reasons.shingles)
    if mine is None:
        return
    row = state.auditor(reasons.auditor)
    here = state.prints.setdefault(reasons.item, {})
    for other, (rejects, marks) in here.items():
        if other != reasons.auditor and rejects == reasons.rejects:
            alike = _likeness(mine, marks)
            at = (min(row, state.auditor(other)), max(row, state.auditor(other)))
            cell = state.a["alike"][at]
            state.keep("alike_events", at, int(cell[0]), reasons.event)
            cell += (1.0, alike >= max(SAME, _usual(state, reasons, other, mine)))
    here[reasons.auditor] = (reasons.rejects, mine)
    while len(state.prints) > ITEMS:
        state.prints.pop(next(iter(state.prints)))


def _usual(state: State, reasons: Reasons, other: str, mine: list[int]) -> float:
    """Return the greatest likeness to the other's reasons on earlier items, same verdict."""
    most = 0.0
    for item, row in state.prints.items():
        if item != reasons.item and other in row and row[other][0] == reasons.rejects:
            most = max(most, _likeness(mine, row[other][1]))
    return most + 0.05


def _likeness(one: list[int], other: list[int]) -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / PRINT


def _print(shingles: frozenset[int]) -> list[int] | None:
    if not shingles:
        return None
    values = np.fromiter((shingle % _PRIME for shingle in shingles), np.int64, len(shingles))
    marks: list[int] = ((values[:, None] * _TIMES + _PLUS) % _PRIME).min(axis=0).tolist()
    return marks
