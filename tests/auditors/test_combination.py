"""Opinions add up in log-odds, nothing takes away, and what each added is kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.auditors.combination import (
    Combination,
    WeightFile,
    load_combination,
    read_combination,
)
from orchestrator.domain.verdict import Abstained, Effect, Failed, Hit, Opinion, Scored, Verdict
from orchestrator.errors import PolicyError

PLAIN = Combination(
    WeightFile(version="1", prior=0.05, auditors={"b": 0.5}, others=1.0, further=0.3,
               rules={"flag": 0.5, "deny": 3.0})
)  # fmt: skip
Scores = dict[str, float]
SCORES = st.dictionaries(st.sampled_from(["a", "b", "b:trace", "new"]), st.floats(0, 1), min_size=1)


def say(source: str, opinion: Opinion | float, action: str | None = "x") -> Verdict:
    name, _, look = source.partition(":")
    opinion = Scored(suspicion=opinion) if isinstance(opinion, float) else opinion
    return Verdict(auditor=name, action=action, opinion=opinion, look=look or "first")


def hit(effect: Effect, action: str = "x") -> Hit:
    return Hit(action=action, rule="r", clause="c", effect=effect, reason="because")


def suspect(scores: Scores, *hits: Hit) -> float:
    verdicts = [say(source, float(score)) for source, score in scores.items()]
    suspicion = PLAIN.combine(hits, verdicts, "x").suspicion
    assert suspicion is not None
    return suspicion


@pytest.mark.parametrize("score", [0.06, 0.3, 0.5, 0.9])
def test_a_lone_opinion_is_taken_as_it_is(score: float) -> None:
    assert suspect({"a": score}) == pytest.approx(score, abs=1e-3)


def test_certainty_is_not_believed() -> None:
    assert suspect({"a": 1.0}) == pytest.approx(0.99)


@pytest.mark.parametrize("opinion", [Abstained(why="new"), Failed(why="broken")])
def test_without_a_number_there_is_no_number(opinion: Opinion) -> None:
    combined = PLAIN.combine([hit("deny")], [say("a", opinion)], "x")
    assert combined.suspicion is None and combined.contributions == {}


def test_what_is_missing_adds_nothing() -> None:
    alone = PLAIN.combine([], [say("a", 0.4)], "x")
    beside = PLAIN.combine([], [say("a", 0.4), say("c", Abstained(why="new"))], "x")
    assert alone == beside


def test_contributions_add_up_to_the_suspicion() -> None:
    combined = PLAIN.combine([hit("flag")], [say("a", 0.4), say("b:trace", 0.7)], "x")
    assert set(combined.contributions) == {"prior", "rules", "a", "b:trace"}
    total = sum(combined.contributions.values())
    assert combined.suspicion == pytest.approx(1 / (1 + math.exp(-total)), abs=1e-3)
    assert combined.contributions["rules"] == pytest.approx(0.3 * 0.5), "in part: not the strongest"


def test_a_verdict_on_the_turn_counts_for_each_of_its_actions_and_no_other_does() -> None:
    verdicts = [say("a", 0.7, None), say("a", 0.9, "y")]
    assert PLAIN.combine([hit("deny", "y")], verdicts, "x").suspicion == pytest.approx(0.7)


def test_of_two_opinions_of_one_source_the_higher_counts() -> None:
    assert PLAIN.combine([], [say("a", 0.7), say("a", 0.2)], "x").suspicion == pytest.approx(0.7)


@given(SCORES, SCORES, st.sampled_from(["flag", "deny"]))
def test_nothing_said_more_lowers_it(less: Scores, more: Scores, effect: Effect) -> None:
    both = {name: max(less.get(name, 0.0), more.get(name, 0.0)) for name in {**less, **more}}
    assert suspect(both) >= suspect(less)
    assert suspect(both, hit(effect)) >= suspect(both)


def test_the_shipped_weights_are_whole() -> None:
    shipped = load_combination()
    assert len(shipped.hash) == 64
    assert all(weight >= 0 for weight in shipped.weights.auditors.values())
    for name in ("provenance", "justification", "oversight", "baseline"):
        assert name in shipped.weights.auditors
    order = [shipped.weights.rules[e] for e in ("flag", "modify", "escalate", "deny", "terminate")]
    assert order == sorted(order), "a stricter effect never says less"


@pytest.mark.parametrize("weight", ["-0.1", "11", ".nan"])
def test_a_weight_out_of_bounds_names_its_line(weight: str) -> None:
    text = (
        'version: "1"\nprior: 0.05\nothers: 1.0\nfurther: 0.2\n'
        f"rules: {{}}\nauditors:\n  a: 1\n  b: {weight}\n"
    )
    with pytest.raises(PolicyError, match=r"w\.yaml:8: "):
        read_combination(text, "w.yaml")
