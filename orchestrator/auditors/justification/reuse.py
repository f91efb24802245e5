"""Reasons that are used again and again, found by MinHash over their words.

Broder, "On the resemblance and containment of documents" (1997), with one 32-bit hash a shingle
and a fixed mask for each permutation.
"""

from __future__ import annotations

import operator
import zlib
from collections import deque
from typing import NamedTuple

_LANES = 16
_SHINGLE = 3
_MOST_WORDS = 60
_FEWEST_WORDS = 6
_MOST_REASONS = 32
_ALIKE = 0.75
_MASKS = tuple(zlib.crc32(f"lane {lane}".encode()) for lane in range(_LANES))


class Reason(NamedTuple):
    """A reason that was given, as it is compared."""

    sketch: tuple[int, ...]
    what: str
    """What it was given for."""


class Reasons:
    """The reasons given last in one run."""

    def __init__(self) -> None:
        self._given: deque[Reason] = deque(maxlen=_MOST_REASONS)

    def add(self, text: str, what: str) -> int:
        """Take a reason in; return for how many other things nearly the same one was given.

        A reason of a few words is no reason to compare.
        """
        words = text.lower().split()[:_MOST_WORDS]
        if len(words) < _FEWEST_WORDS:
            return 0
        sketch = _sketch(words)
        others = {
            reason.what
            for reason in self._given
            if reason.what != what and _resemblance(reason.sketch, sketch) >= _ALIKE
        }
        self._given.append(Reason(sketch, what))
        return len(others)


def _sketch(words: list[str]) -> tuple[int, ...]:
    hashes = [
        zlib.crc32(" ".join(words[at : at + _SHINGLE]).encode("utf-8", "replace"))
        for at in range(len(words) - _SHINGLE + 1)
    ]
    return tuple(min(value ^ mask for value in hashes) for mask in _MASKS)


def _resemblance(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    same: int = sum(map(operator.eq, one, other))
    return same / _LANES
