"""Bounds hold what they promise, and little is settled before labels say so."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.panel.rates import quantile
from orchestrator.panel.thresholds import Graded, find_band, labels_needed, wald_band


def grade(count: int, rng: random.Random, bad: bool) -> list[Graded]:
    """Return posteriors of a panel that tells the classes apart, but not well."""
    return [Graded(rng.betavariate(4, 2) if bad else rng.betavariate(1, 5), bad, "files")
            for _ in range(count)]  # fmt: skip


def test_walds_bounds_are_those_of_the_error_rates() -> None:
    band = wald_band(false_stop=0.10, miss=0.02)
    assert band.low == pytest.approx(0.02 / 0.92) and band.high == pytest.approx(0.98 / 1.08)
    assert (band.low_from, band.high_from) == ("wald", "wald")


@pytest.mark.parametrize(("rate", "labels"), [(0.05, 19), (0.02, 49), (0.1, 9)])
def test_how_many_labels_a_rate_needs(rate: float, labels: int) -> None:
    assert labels_needed(rate) == labels


@pytest.mark.parametrize(("labels", "source"), [(18, "beta"), (19, "conformal")])
def test_conformal_bounds_begin_with_the_label_that_suffices(labels: int, source: str) -> None:
    graded = grade(labels, random.Random(1), bad=True)
    band = find_band(graded, "files", miss=0.05)
    assert band.low_from == source and band.high_from == "beta"
    assert find_band(graded, "mail", miss=0.05).low_from == "beta", "each risk class for itself"
    assert f"{labels} bad labels" in band.why


def test_with_just_enough_labels_the_lowest_bad_one_is_the_bound() -> None:
    graded = grade(19, random.Random(2), bad=True)
    assert find_band(graded, "files", miss=0.05).low == min(one.probability for one in graded)


def test_conformal_bounds_cover_what_they_promise() -> None:
    rng = random.Random(3)
    missed = stopped = 0
    rounds = 2000
    for _ in range(rounds):
        graded = grade(60, rng, bad=True) + grade(25, rng, bad=False)
        band = find_band(graded, "files", false_stop=0.10, miss=0.05)
        assert (band.low_from, band.high_from) == ("conformal", "conformal")
        missed += grade(1, rng, bad=True)[0].probability < band.low
        stopped += grade(1, rng, bad=False)[0].probability > band.high
    assert missed / rounds <= 0.05 + 0.015  # three standard errors
    assert stopped / rounds <= 0.10 + 0.02


def test_equal_probabilities_are_not_cleared_by_the_bound_they_make() -> None:
    graded = [Graded(0.3, True, "files")] * 49
    assert find_band(graded, "files").low == 0.3  # and the band includes its ends


def test_before_any_label_hardly_anything_is_settled() -> None:
    cold, wald = find_band([], "files"), wald_band()
    worst_miss, worst_stop = 1 - quantile(0.05, 4, 1), 1 - quantile(0.05, 18, 2)
    assert cold.low / (1 - cold.low) == pytest.approx(0.02 / 0.9 * 0.02 / worst_miss)
    assert cold.high / (1 - cold.high) == pytest.approx(9.8 * worst_stop / 0.1)
    assert cold.low < wald.low < wald.high < cold.high
    assert cold.low_from == cold.high_from == "beta"


def test_each_label_recognised_moves_the_bounds_inward_and_each_missed_outward() -> None:
    right, wrong = Graded(0.9, True, "files"), Graded(0.001, True, "files")
    lows = [find_band([right] * count, "files").low for count in range(0, 49, 8)]
    assert lows == sorted(lows) and lows[-1] <= wald_band().low
    assert find_band([right] * 20 + [wrong], "files").low < find_band([right] * 21, "files").low


@given(
    st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans()), max_size=120),
    st.sampled_from([0.02, 0.05, 0.2]),
)
def test_a_band_is_never_inside_out(labels: list[tuple[float, bool]], rate: float) -> None:
    graded = [Graded(probability, bad, "files") for probability, bad in labels]
    band = find_band(graded, "files", false_stop=rate, miss=rate)
    assert 0.0 < band.low <= band.high < 1.0
