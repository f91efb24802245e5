"""Votes add up: more alarm never lowers the result, order is nothing, silence is nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.panel.aggregation import (
    aggregate,
    effective_number,
    to_evidence,
    to_probability,
    to_score,
)
from orchestrator.panel.fitting import Labelled, fit
from orchestrator.panel.weights import Member, Weights
from tests.panel.drawn import COLD, MANY, MEMBERS, NAMES, PART, PRIORS, SCORES, WEIGHTS, label

YES, NO = to_score(1.0), to_score(-1.0)


@given(WEIGHTS, PRIORS, SCORES, st.sampled_from(NAMES), st.floats(0.0, 1.0))
def test_more_alarm_never_lowers_it(
    weights: Weights, prior: float, scores: dict[str, float], name: str, more: float
) -> None:
    less = {**scores, name: min(more, scores.get(name, 1.0))}
    both = {**scores, name: max(more, scores.get(name, 0.0))}
    low, high = aggregate(weights, prior, less), aggregate(weights, prior, both)
    assert high.log_odds >= low.log_odds - 1e-12


@given(WEIGHTS, PRIORS, SCORES, st.randoms())
def test_the_order_of_votes_is_nothing(
    weights: Weights, prior: float, scores: dict[str, float], rng: object
) -> None:
    names = list(scores)
    rng.shuffle(names)  # type: ignore[attr-defined]
    assert aggregate(weights, prior, {name: scores[name] for name in names}) == aggregate(
        weights, prior, scores
    )


@given(WEIGHTS, PRIORS)
def test_silence_leaves_the_prior(weights: Weights, prior: float) -> None:
    posterior = aggregate(weights, prior, {})
    assert posterior.log_odds == prior and posterior.contributions == {} and posterior.k_eff == 0.0


@given(WEIGHTS, PRIORS, SCORES)
def test_contributions_are_all_there_is(
    weights: Weights, prior: float, scores: dict[str, float]
) -> None:
    posterior = aggregate(weights, prior, scores)
    assert set(posterior.contributions) == set(scores)
    assert posterior.log_odds == pytest.approx(prior + sum(posterior.contributions.values()))
    assert posterior.probability == pytest.approx(to_probability(posterior.log_odds))


@given(st.sampled_from([1, 3, 5, 7]), st.data())
def test_a_cold_panel_decides_as_its_majority(size: int, data: st.DataObject) -> None:
    votes = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    scores = {name: YES if vote else NO for name, vote in zip(NAMES, votes, strict=False)}
    posterior = aggregate(COLD, 0.0, scores)
    assert (posterior.probability > 0.5) == (2 * sum(votes) > size)


def test_a_cold_panel_is_less_sure_than_its_votes_were_independent() -> None:
    votes = dict.fromkeys(NAMES, YES)
    together = aggregate(COLD, 0.0, votes)
    alone = aggregate(COLD, 0.0, {"ada": YES}).log_odds
    assert together.log_odds == pytest.approx(alone * together.k_eff)
    assert together.log_odds < 7 * alone


def test_two_of_one_model_count_less_than_two_of_two() -> None:
    same, other = effective_number(COLD, ["ada", "bob"]), effective_number(COLD, ["ada", "cyd"])
    assert same == pytest.approx(2 / 1.6) and other == pytest.approx(2 / 1.3)


@pytest.mark.parametrize(("count", "rho", "wanted"), [(5, 0.26, 2.5), (5, 0.575, 1.5), (1, 0.6, 1)])
def test_the_effective_number_is_that_of_the_formula(count: int, rho: float, wanted: float) -> None:
    names = NAMES[:count]
    pairs = {one: {two: rho for two in names if two > one} for one in names}
    found = effective_number(Weights(correlations=pairs), names)
    assert found == pytest.approx(count / (1 + rho * (count - 1)))
    assert found == pytest.approx(wanted, abs=0.05)


@given(st.floats(0.0, 1.0))
def test_no_score_is_believed_without_end(score: float) -> None:
    assert -2.0 <= to_evidence(score) <= 2.0


@given(st.floats(-1.99, 1.99))
def test_evidence_and_score_undo_each_other(evidence: float) -> None:
    assert to_evidence(to_score(evidence)) == pytest.approx(evidence, abs=1e-9)


@pytest.mark.parametrize("score", [math.nan, -0.1, 1.1])
def test_what_is_no_probability_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="a score is from 0 to 1"):
        aggregate(COLD, 0.0, {"ada": score})


@pytest.mark.parametrize("score", [0.0, 0.1, 0.5])
def test_a_calm_trace_clears_nothing(score: float) -> None:
    assert aggregate(COLD, 0.3, {"ada:trace": score}).log_odds == 0.3
    assert aggregate(COLD, 0.3, {"ada:trace": 0.9}).log_odds > 0.3


def test_a_calm_trace_clears_nothing_once_graded_either() -> None:
    members = [Member("ada", "v", "m"), Member("ada:trace", "v", "m")]
    labelled = [
        Labelled({"ada": one.scores["ada"], "ada:trace": one.scores["ada"]}, one.bad)
        for one in label([(0.9, 0.9)], 100, 5)
    ]
    weights = fit(members, labelled, may_invert=True)
    assert weights.of("ada:trace").together.raising >= 0.0
    for score in (0.01, 0.4, 0.5):
        contribution = aggregate(weights, 0.0, {"ada:trace": score}).contributions["ada:trace"]
        assert contribution == 0.0


def test_between_alone_and_together_is_what_was_fitted_at_either_end() -> None:
    ada = MANY.of("ada")
    alone = aggregate(MANY, 0.0, {"ada": YES}).contributions["ada"]
    beside_all = aggregate(MANY, 0.0, dict.fromkeys(NAMES, YES)).contributions["ada"]
    some = aggregate(MANY, 0.0, dict.fromkeys(NAMES[:3], YES)).contributions["ada"]
    assert alone == pytest.approx(ada.alone.raising)
    assert beside_all == pytest.approx(ada.together.raising)
    assert min(alone, beside_all) < some < max(alone, beside_all)


def test_an_ungraded_newcomer_counts_tempered_beside_graded_ones() -> None:
    votes = dict.fromkeys([*NAMES[:3], "eve"], YES)
    added = aggregate(PART, 0.0, votes).contributions["eve"]
    assert not PART.of("eve").is_tried
    assert added == pytest.approx(0.7 * PART.temper(votes))


def test_members_are_known_by_name_alone() -> None:
    assert {member.name for member in MEMBERS} == set(COLD.auditors) == set(COLD.vendors)
