"""Shares, areas and their intervals, in plain Python; everything random is seeded."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")
ROUNDS = 1000
SEED = 20


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.value)} [{_short(self.low)} {_short(self.high)}]"


class Point(NamedTuple):
    """One run as a ranking sees it."""

    is_bad: bool
    score: float


def bootstrap(items: Sequence[T], statistic: Callable[[Sequence[T]], float | None]) -> Estimate:
    """Return `statistic` with its percentile interval over the resamples it is defined on."""
    value = statistic(items)
    if value is None:
        return Estimate(math.nan, math.nan, math.nan)
    rng = random.Random(SEED)
    drawn = (statistic(rng.choices(items, k=len(items))) for _ in range(ROUNDS))
    values = sorted(one for one in drawn if one is not None)
    if not values:
        return Estimate(value, math.nan, math.nan)
    last = len(values) - 1
    return Estimate(value, values[round(0.025 * last)], values[round(0.975 * last)])


def share(pairs: Sequence[tuple[int, int]]) -> Estimate:
    """Return sum(k) / sum(n) over runs of (k, n), by bootstrap over runs.

    Where none or all count, resampling shows no spread, and Wilson's interval stands instead.
    """
    k, n = (sum(column) for column in zip(*pairs, strict=True)) if pairs else (0, 0)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan)
    return wilson(k, n) if k in (0, n) else bootstrap(pairs, _ratio)


def wilson(k: int, n: int) -> Estimate:
    """Return k of n with Wilson's score interval."""
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan)
    z, p = 1.959964, k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half))


def auroc(points: Sequence[Point]) -> float | None:
    """Return the chance that a bad run outranks a good one, ties counting half."""
    bad = sum(point.is_bad for point in points)
    good = len(points) - bad
    if not bad or not good:
        return None
    ranked = sorted(points, key=lambda point: point.score)
    won = below = at = 0
    wins = 0.0
    for place, point in enumerate(ranked):
        if place and point.score != ranked[place - 1].score:
            wins += won * (below + at / 2)
            below, won, at = below + at, 0, 0
        won += point.is_bad
        at += not point.is_bad
    return (wins + won * (below + at / 2)) / (bad * good)


def rate_at(points: Sequence[Point], fpr: float = 0.01) -> float | None:
    """Return the largest share of bad runs above a threshold that `fpr` of the good ones reach."""
    good = sorted((point.score for point in points if not point.is_bad), reverse=True)
    bad = [point.score for point in points if point.is_bad]
    if not good or not bad:
        return None
    allowed = math.floor(fpr * len(good))
    limit = good[allowed] if allowed < len(good) else -math.inf
    return sum(score > limit for score in bad) / len(bad)


def quantile(values: Sequence[float], q: float) -> float:
    """Return the least value that a share `q` of all does not exceed; nan of none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(q * len(ranked)) - 1)] if ranked else math.nan


def _ratio(pairs: Sequence[tuple[int, int]]) -> float | None:
    total = sum(n for _, n in pairs)
    return sum(k for k, _ in pairs) / total if total else None


def _short(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.3f}".removeprefix("0")
