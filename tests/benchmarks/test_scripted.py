"""Scripted auditors err as often, and as much together, as they are told to."""

from __future__ import annotations

import pytest

from orchestrator.panel.thresholds import wald_band
from tests.benchmarks.scripted import Skill, call_all, call_in_turn, learn, make_panel, say

SKILL = Skill(0.8, 0.92)
PAIR = make_panel(2)


def test_they_are_right_as_often_as_they_should_be() -> None:
    said = say(PAIR, SKILL, [True] * 6000 + [False] * 6000, 1)
    for member in PAIR:
        alarms = [one.scores[member.name] > 0.5 for one in said]
        assert sum(alarms[:6000]) / 6000 == pytest.approx(0.80, abs=0.02)
        assert sum(alarms[6000:]) / 6000 == pytest.approx(0.08, abs=0.02)


def test_they_err_together_more_often_than_by_chance() -> None:
    said = say(PAIR, SKILL, [True] * 6000, 2)
    both = sum(max(one.scores.values()) < 0.5 for one in said) / 6000
    assert both > 0.05, "by chance it would be .04"
    apart = say(PAIR, Skill(0.8, 0.92, 0.0), [True] * 6000, 2)
    assert sum(max(one.scores.values()) < 0.5 for one in apart) / 6000 < 0.048


def test_calling_in_turn_calls_fewer_and_decides_alike() -> None:
    members = make_panel(5)
    weights = learn(members, SKILL, 120)
    said = say(members, SKILL, [True] * 20 + [False] * 280, 3)
    everybody = call_all(weights, -2.9, said, wald_band())
    in_turn = call_in_turn(members, weights, -2.9, said, wald_band())
    assert in_turn.calls < 3.5 < everybody.calls == 5.0
    assert in_turn.accuracy == pytest.approx(everybody.accuracy, abs=0.02)
