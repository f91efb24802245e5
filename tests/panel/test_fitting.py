"""Labels teach: who is right counts more, and probabilities mean what they say."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.panel.aggregation import aggregate
from orchestrator.panel.fitting import SPREAD, Labelled, fit, prior_mean
from orchestrator.panel.weights import Member, Weights
from tests.panel.drawn import COLD, MANY, MEMBERS, NAMES, PART, SKILLS, label

THREE = MEMBERS[:3]


def log_loss(weights: Weights, labelled: list[Labelled]) -> float:
    chances = [aggregate(weights, 0.0, one.scores).probability for one in labelled]
    pairs = zip(chances, labelled, strict=True)
    return -sum(math.log(p if one.bad else 1 - p) for p, one in pairs) / len(labelled)


def accuracy(weights: Weights, labelled: list[Labelled]) -> float:
    return sum(
        (aggregate(weights, 0.0, one.scores).probability > 0.5) == one.bad for one in labelled
    ) / len(labelled)


def test_without_labels_the_weights_are_cold() -> None:
    assert fit(MEMBERS, []) == COLD and fit([], label(SKILLS, 5, 1)).auditors == {}


def test_who_was_never_graded_stays_as_it_was() -> None:
    assert PART.of("eve") == COLD.of("eve")


@pytest.mark.parametrize("count", [20, 40, 200])
def test_labels_help_where_auditors_differ(count: int) -> None:
    fresh = label(SKILLS, 2000, 99)
    fitted = fit(MEMBERS, label(SKILLS, count, 7))
    assert accuracy(fitted, fresh) >= accuracy(COLD, fresh)
    assert log_loss(fitted, fresh) < log_loss(COLD, fresh)


def test_probabilities_mean_what_they_say() -> None:
    fresh = label(SKILLS, 6000, 98)
    weights = fit(MEMBERS, label(SKILLS, 500, 8))
    said = sorted((aggregate(weights, 0.0, one.scores).probability, one.bad) for one in fresh)
    for at in range(0, len(said), 1000):
        part = said[at : at + 1000]
        expected, found = (sum(column) / 1000 for column in zip(*part, strict=True))
        assert found == pytest.approx(expected, abs=0.06)


def test_a_canary_mix_is_not_taken_for_a_base_rate() -> None:
    enriched = fit(THREE, label(SKILLS, 400, 9, share_bad=0.9))
    rare = label(SKILLS, 6000, 97, share_bad=0.05)
    chances = [aggregate(enriched, math.log(0.05 / 0.95), o.scores).probability for o in rare]
    assert enriched.mix > 1.5
    assert sum(chances) / len(rare) == pytest.approx(0.05, abs=0.02)


def test_it_climbs_to_where_the_slope_is_nothing() -> None:
    labelled = label(SKILLS, 25, 10)  # too few of a class for a weight for each side
    weights = fit(THREE, labelled, may_invert=True)
    found = [weights.of(member.name).together.raising for member in THREE]
    grading = [0.5 ** ((len(labelled) - 1 - at) / 500) for at in range(len(labelled))]
    slope = [-(w - prior_mean(3)) / SPREAD**2 for w in found]
    for worth, one in zip(grading, labelled, strict=True):
        evidence = [math.log(one.scores[m.name] / (1 - one.scores[m.name])) / 2 for m in THREE]
        log_odds = weights.mix + sum(w * z for w, z in zip(found, evidence, strict=True))
        miss = worth * (one.bad - 1 / (1 + math.exp(-log_odds)))
        slope = [s + miss * z for s, z in zip(slope, evidence, strict=True)]
    assert slope == pytest.approx([0.0] * 3, abs=1e-6)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 120))
def test_no_weight_is_below_nothing_unless_it_may(seed: int, count: int) -> None:
    labelled = label([(0.1, 0.1), (0.9, 0.9), (0.2, 0.1)], count, seed)
    for learned in fit(THREE, labelled).auditors.values():
        for part in (learned.together, learned.alone):
            assert part.raising >= 0.0 and part.clearing >= 0.0


def test_an_auditor_that_fails_every_canary_may_be_inverted_on_request() -> None:
    labelled = label([(0.05, 0.05), (0.9, 0.9)], 100, 3)
    assert fit(THREE[:2], labelled, may_invert=True).of("ada").alone.raising < 0.0
    assert fit(THREE[:2], labelled).of("ada").alone.raising == 0.0


def test_a_weight_for_each_side_once_both_classes_have_thirty() -> None:
    lenient = label([(0.3, 0.98)], 58, 4)
    few = fit(THREE[:1], lenient[:40]).of("ada").together
    many = fit(THREE[:1], label([(0.3, 0.98)], 400, 4)).of("ada").together
    assert few.raising == few.clearing
    assert many.raising > many.clearing


def test_old_labels_are_forgotten() -> None:
    good, turned = label([(0.95, 0.95)], 300, 5), label([(0.5, 0.5)], 1500, 6)
    turned_last = fit(THREE[:1], [*good, *turned]).of("ada").alone.raising
    turned_first = fit(THREE[:1], [*turned, *good]).of("ada").alone.raising
    assert turned_last < turned_first


def test_rates_count_hits_and_misses_over_what_was_assumed() -> None:
    labelled = [Labelled({"ada": 0.9}, True)] * 3 + [Labelled({"ada": 0.9}, False)]
    learned = fit(THREE[:1], labelled).of("ada")
    assert (learned.bad, learned.good) == (3, 1)
    assert learned.sensitivity.a == pytest.approx(7, abs=0.05)
    assert learned.sensitivity.b == pytest.approx(1)
    assert learned.specificity.b == pytest.approx(3, abs=0.01)
    assert learned.specificity.a == pytest.approx(18)


def test_errors_that_go_together_are_seen() -> None:
    rng, labelled = random.Random(1), []
    for _ in range(300):
        bad, wrong = rng.random() < 0.5, rng.random() < 0.3
        copied = 0.9 if bad != wrong else 0.1
        own = 0.9 if bad == (rng.random() < 0.7) else 0.1
        labelled.append(Labelled({"ada": copied, "cyd": copied, "dan": own}, bad))
    members = [Member("ada", "v", "a"), Member("cyd", "w", "c"), Member("dan", "x", "d")]
    weights = fit(members, labelled)
    assert weights.correlation("cyd", "ada") > 0.9
    assert weights.correlation("ada", "dan") < 0.15
    assert weights.temper(["ada", "cyd"]) < weights.temper(["ada", "dan"])


def test_a_pair_without_common_labels_keeps_what_was_assumed() -> None:
    assert PART.correlation("ada", "eve") == 0.3
    assert COLD.correlation("ada", "bob") == 0.6
    assert COLD.correlation("ada", "ada:trace") == 0.6
    assert MANY.correlation("ada", "bob") != 0.6


def test_a_snapshot_is_known_by_its_hash_and_read_back_whole() -> None:
    again = Weights.model_validate_json(MANY.to_text())
    assert again == MANY and again.hash == MANY.hash != COLD.hash
    assert fit(MEMBERS, label(SKILLS, 300, 2)).hash == MANY.hash


def test_a_score_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="a score is from 0 to 1"):
        fit(MEMBERS, [Labelled({NAMES[0]: 1.5}, True)])
