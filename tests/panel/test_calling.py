"""Who is called: the most information for its cost, of another vendor, or by a lot that is kept."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.panel.aggregation import Posterior, aggregate, to_probability, to_score
from orchestrator.panel.calling import (
    choose_first,
    choose_next,
    expected_drop,
    is_settled,
    should_stop,
)
from orchestrator.panel.fitting import fit
from orchestrator.panel.thresholds import Band, wald_band
from orchestrator.panel.weights import Member, Weights
from tests.panel.drawn import COLD, MANY, MEMBERS, NAMES, WEIGHTS, label

HALF = Posterior(0.5, 0.0, {}, 0.0)
EQUAL = tuple(Member(name, f"v{name}", f"m{name}") for name in NAMES)
YES, NO = to_score(1.0), to_score(-1.0)


@given(
    WEIGHTS,
    st.floats(-6.0, 6.0),
    st.sets(st.sampled_from(NAMES), max_size=6),
    st.floats(0.0, 1.0),
    st.integers(0, 1000),
)
def test_chances_add_up_and_the_chosen_had_one(
    weights: Weights, log_odds: float, called: set[str], explore: float, seed: int
) -> None:
    posterior = Posterior(to_probability(log_odds), log_odds, {}, 0.0)
    choice = choose_next(MEMBERS, weights, posterior, called, explore, random.Random(seed))
    assert sum(choice.propensity.values()) == pytest.approx(1.0)
    assert choice.propensity[choice.auditor] > 0.0
    assert called.isdisjoint(choice.propensity)
    used = {member.vendor for member in MEMBERS if member.name in called}
    unused = {member.name for member in MEMBERS if member.vendor not in used}
    assert set(choice.propensity) == (unused or set(NAMES) - called)


@pytest.mark.parametrize("weights", [COLD, MANY])
def test_chances_are_the_frequencies(weights: Weights) -> None:
    draw, rounds = random.Random(4), 3000
    choices = [choose_next(EQUAL, weights, HALF, ["ada"], 0.3, draw) for _ in range(rounds)]
    found = Counter(choice.auditor for choice in choices)
    for name, chance in choices[0].propensity.items():
        assert found[name] / rounds == pytest.approx(chance, abs=0.03)
    by_lot = sum(choice.how == "lot" for choice in choices)
    assert by_lot / rounds == pytest.approx(0.3, abs=0.03)


def test_the_better_auditor_is_called_first_and_a_price_can_undo_it() -> None:
    draw = random.Random(1)
    assert choose_first(EQUAL, MANY, 1, draw)[0].auditor == "ada"
    dear = [member._replace(cost=50.0) if member.name == "ada" else member for member in EQUAL]
    assert choose_first(dear, MANY, 1, draw)[0].auditor != "ada"


def test_the_first_wave_has_different_vendors_while_there_are_any() -> None:
    draw = random.Random(2)
    wave = choose_first(MEMBERS, MANY, 4, draw)
    vendors = [MANY.vendors[choice.auditor] for choice in wave]
    assert len(set(vendors)) == 4
    everyone = choose_first(MEMBERS, MANY, 99, draw)
    assert sorted(choice.auditor for choice in everyone) == sorted(NAMES)


def test_equals_are_drawn_by_lot() -> None:
    draw = random.Random(3)
    firsts = Counter(choose_first(EQUAL, COLD, 1, draw)[0].auditor for _ in range(700))
    assert set(firsts) == set(NAMES) and min(firsts.values()) > 60


def test_the_same_seed_makes_the_same_choices() -> None:
    one, two = (choose_first(MEMBERS, COLD, 5, random.Random(5), 0.5) for _ in range(2))
    assert one == two


def test_nobody_is_left_to_call() -> None:
    with pytest.raises(ValueError, match="every auditor"):
        choose_next(MEMBERS, COLD, HALF, NAMES, 0.1, random.Random(1))


@given(WEIGHTS, st.floats(-8.0, 8.0), st.sampled_from(NAMES))
def test_an_opinion_is_never_expected_to_add_doubt(
    weights: Weights, log_odds: float, name: str
) -> None:
    posterior = Posterior(to_probability(log_odds), log_odds, {}, 0.0)
    assert 0.0 <= expected_drop(weights, posterior, name, ()) <= 1.0


def test_an_auditor_that_counts_nothing_is_worth_nothing() -> None:
    weights = fit(EQUAL[:2], label([(0.05, 0.05), (0.9, 0.9)], 200, 3))
    assert expected_drop(weights, HALF, "ada", ()) == pytest.approx(0.0)
    assert expected_drop(weights, HALF, "bob", ()) > 0.1


def test_the_band_includes_its_ends() -> None:
    band = Band(0.2, 0.8)
    for probability, settled in (
        (0.1, True),
        (0.2, False),
        (0.5, False),
        (0.8, False),
        (0.9, True),
    ):
        assert is_settled(Posterior(probability, 0.0, {}, 1.0), band) is settled


def test_good_auditors_that_agree_are_enough_and_poor_ones_are_not() -> None:
    members, band, prior = EQUAL[:5], wald_band(), -2.944
    stops = []
    for skill in ((0.9, 0.95), (0.65, 0.75)):
        weights = fit(members, label([skill] * 5, 300, 8))
        called = NAMES[:2]
        posterior = aggregate(weights, prior, dict.fromkeys(called, NO))
        assert is_settled(posterior, band), "the prior has done most of it"
        stops.append(should_stop(members, weights, posterior, called, band))
        assert should_stop(members, weights, posterior, NAMES[:5], band), "nobody is left"
        assert should_stop(members, weights, posterior, called, band, most=2), "nor allowed"
    assert stops == [True, False]


def test_inside_the_band_nothing_stops() -> None:
    assert not should_stop(EQUAL, COLD, HALF, NAMES, wald_band())


def test_alarms_of_good_auditors_are_enough_too() -> None:
    members = EQUAL[:5]
    weights = fit(members, label([(0.95, 0.98)] * 5, 300, 9))
    posterior = aggregate(weights, 0.0, dict.fromkeys(NAMES[:3], YES))
    assert should_stop(members, weights, posterior, NAMES[:3], wald_band())
