"""E-values are below one in the mean where nothing is wrong, and grow where something is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from orchestrator.collusion.evidence import (
    above,
    calibrated,
    difference,
    e_bh,
    mixture,
    rise,
    step,
    wilson,
)
from orchestrator.collusion.patterns.judges import change


@pytest.mark.parametrize("trials", [1, 7, 30])
def test_the_beta_binomial_e_value_has_mean_at_most_one_at_the_limit(trials: int) -> None:
    hits = np.arange(trials + 1.0)
    chance = binom.pmf(hits, trials, 0.4)
    assert chance @ above(hits, np.full(trials + 1, float(trials)), 0.4) == pytest.approx(1.0)
    assert binom.pmf(hits, trials, 0.3) @ above(hits, np.full(trials + 1, float(trials)), 0.4) < 1


def test_eleven_canaries_show_a_stamper_among_ten_auditors() -> None:
    e = above(np.array([10.0] + [2.0] * 9), np.full(10, 11.0), 0.4)
    assert e[0] > 11 and not e_bh(e)[1:].any()
    assert e_bh(above(np.array([16.0] + [2.0] * 9), np.full(10, 17.0), 0.4)).tolist()[0]


def test_a_fair_bet_stays_fair() -> None:
    up, down = mixture(step(1.0)), mixture(step(-1.0))
    assert (up + down) / 2 == pytest.approx(1.0)


def test_e_bh_rejects_the_largest_k_with_enough() -> None:
    assert e_bh(np.array([45.0, 1.0])).tolist() == [True, False]
    assert e_bh(np.array([39.0, 1.0])).tolist() == [False, False]
    assert e_bh(np.array([21.0, 25.0])).tolist() == [True, True]


def test_intervals_hold_their_estimate() -> None:
    low, high = wilson(3, 10)
    assert 0 <= low < 0.3 < high <= 1
    effect, low, high = difference(8, 2, 40)
    assert effect == pytest.approx(0.15) and low < effect < high
    assert wilson(0, 0) == (0.0, 1.0) and difference(0, 0, 0) == (0.0, -1.0, 1.0)


def test_a_p_value_is_worth_less_as_an_e_value() -> None:
    assert calibrated(0.01) == pytest.approx(5.0)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_a_rise_where_there_is_none_is_worth_less_than_one_in_the_mean(rate: float) -> None:
    before, after = 12, 9
    early, late = np.meshgrid(np.arange(before + 1.0), np.arange(after + 1.0), indexing="ij")
    chance = binom.pmf(early, before, rate) * binom.pmf(late, after, rate)
    trials = np.full(early.shape, 1.0)
    values = np.exp(rise(early, before * trials, late, after * trials))
    assert 0 < (chance * values).sum() < 1
    assert np.exp(rise(*np.array([[1.0], [30.0], [20.0], [30.0]])))[0] > 1000


def test_a_change_may_be_looked_for_after_every_canary() -> None:
    rng = np.random.default_rng(2)
    crossed = 0
    for rate in np.repeat([0.1, 0.2, 0.4], 50):
        missed = (rng.random(120) < rate).astype(np.uint8)
        crossed += max(change(missed[:count])[0] for count in range(20, 121, 4)) >= 10
    assert crossed <= 15  # Ville: at most a tenth of the sequences, ever
    turned = np.concatenate([rng.random(60) < 0.2, rng.random(40) < 0.7]).astype(np.uint8)
    value, at = change(turned)
    assert value > 100 and 50 <= at <= 70
