"""A rate that is known only from counts: a Beta posterior, its mean and its bounds."""

from __future__ import annotations

import functools
import math

from pydantic import Field

from orchestrator.domain.value import Value

TAIL = 0.025
"""Each side of a 95 % interval leaves this out."""
HALVINGS = 45


class Rate(Value):
    """Beta(a, b): `a` counts for, `b` against, each with what was assumed before any label."""

    a: float = Field(gt=0.0)
    b: float = Field(gt=0.0)

    @property
    def mean(self) -> float:
        """Return the expected rate."""
        return self.a / (self.a + self.b)

    @property
    def low(self) -> float:
        """Return the lower end of the 95 % interval."""
        return quantile(TAIL, self.a, self.b)

    @property
    def high(self) -> float:
        """Return the upper end of the 95 % interval."""
        return quantile(1.0 - TAIL, self.a, self.b)


@functools.lru_cache(maxsize=4096)
def quantile(q: float, a: float, b: float) -> float:
    """Return the rate below which Beta(a, b) lies with probability `q`."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if probability_below(middle, a, b) < q:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def probability_below(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function: P(Beta(a, b) <= x)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):  # where the fraction converges slowly, take the other tail
        return 1.0 - probability_below(1.0 - x, b, a)
    log_scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    log_scale += a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_scale) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, 400):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        d = 1.0 / _away_from_zero(1.0 + term * d)
        c = _away_from_zero(1.0 + term / c)
        value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return value


def _away_from_zero(number: float) -> float:
    return number if abs(number) > 1e-300 else 1e-300
