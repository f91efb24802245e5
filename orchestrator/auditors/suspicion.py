"""From several signs of one auditor to its one number."""

from __future__ import annotations

from collections.abc import Iterable

NOTHING_SEEN = 0.02
HIGHEST = 0.97
_SHARE = 0.6
"""What the next weaker sign still adds: signs seen in the same words are not independent."""
_MORE = 0.12
_MOST_TIMES = 4


def add_up(weights: Iterable[float]) -> float:
    """Return the suspicion that signs of these weights make together."""
    clear, share = 1.0, 1.0
    for weight in sorted(weights, reverse=True):
        clear *= 1.0 - weight * share
        share *= _SHARE
    return max(NOTHING_SEEN, min(HIGHEST, round(1.0 - clear, 4)))


def insist(weight: float, times: int) -> float:
    """Return what a sign weighs that is seen several times in one text."""
    return min(HIGHEST, weight * (1.0 + _MORE * min(times - 1, _MOST_TIMES)))
