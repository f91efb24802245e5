"""The statistics of the measurements, against slower or known ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.estimates import Point, auroc, bootstrap, quantile, rate_at, share, wilson

POINTS = st.lists(st.builds(Point, st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 1.0])))


@given(POINTS)
def test_auroc_is_the_share_of_pairs_ranked_right(points: list[Point]) -> None:
    bad = [point.score for point in points if point.is_bad]
    good = [point.score for point in points if not point.is_bad]
    pairs = [(b > g) + (b == g) / 2 for b in bad for g in good]
    expected = sum(pairs) / len(pairs) if pairs else None
    assert auroc(points) == pytest.approx(expected)


@given(POINTS, st.sampled_from([0.01, 0.2, 0.5]))
def test_no_more_good_runs_reach_the_threshold_than_allowed(
    points: list[Point], fpr: float
) -> None:
    rate = rate_at(points, fpr)
    if rate is None:
        return
    bad = sorted((point.score for point in points if point.is_bad), reverse=True)
    caught = bad[: round(rate * len(bad))]
    good = [point.score for point in points if not point.is_bad]
    if caught:
        assert sum(score >= caught[-1] for score in good) <= fpr * len(good)


def test_wilson_is_the_textbooks() -> None:
    found = wilson(0, 621)
    assert (found.value, found.low) == (0.0, 0.0) and found.high == pytest.approx(0.00615, abs=1e-4)
    half = wilson(10, 20)
    assert (half.low, half.high) == pytest.approx((0.2993, 0.7007), abs=1e-3)


def test_a_share_of_nothing_or_all_keeps_an_interval() -> None:
    assert share([(0, 10)] * 5).high > 0.0
    assert share([(1, 1)] * 20).low < 1.0
    assert math.isnan(share([]).value)


def test_the_bootstrap_repeats_itself_and_covers_its_value() -> None:
    pairs = [(n % 3 == 0, 1) for n in range(60)]
    one, two = (share([(int(k), n) for k, n in pairs]) for _ in range(2))
    assert one == two and one.low < one.value < one.high


def test_a_statistic_that_is_undefined_has_no_number() -> None:
    assert str(bootstrap([Point(True, 0.5)], auroc)) == "- [- -]"


def test_a_quantile_is_a_value_that_was_there() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert math.isnan(quantile([], 0.5))
