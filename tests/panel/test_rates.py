"""Bounds of a rate agree with scipy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from orchestrator.panel.rates import Rate, probability_below, quantile

COUNTS = st.floats(0.5, 500.0)


@given(st.floats(0.001, 0.999), COUNTS, COUNTS)
def test_the_distribution_is_scipys(x: float, a: float, b: float) -> None:
    assert probability_below(x, a, b) == pytest.approx(float(beta.cdf(x, a, b)), abs=1e-9)


@given(st.floats(0.001, 0.999), COUNTS, COUNTS)
def test_a_quantile_undoes_it(q: float, a: float, b: float) -> None:
    assert float(beta.cdf(quantile(q, a, b), a, b)) == pytest.approx(q, abs=1e-6)


def test_an_interval_holds_its_mean() -> None:
    rate = Rate(a=24, b=2)
    assert rate.low < rate.mean < rate.high
    assert (rate.low, rate.high) == pytest.approx(tuple(beta.interval(0.95, 24, 2)))
