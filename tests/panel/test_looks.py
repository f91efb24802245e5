"""The budget of looks: kept, spent on the most suspicious, and never a way around a person."""

from __future__ import annotations

import random
from typing import Any

import pytest

from orchestrator.domain.panel import Ruling
from orchestrator.panel.looks import Looks


def ruling(action: str, end: Any, probability: float) -> Ruling:
    return Ruling(action=action, end=end, probability=probability, low=0.02, high=0.9)


def spend(looks: Looks, end: str, probability: float) -> str:
    return looks.spend({"a": ruling("a", end, probability)})["a"].end


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_the_budget_of_looks_is_kept_and_spent_on_the_worst(share: float) -> None:
    draw = random.Random(7)
    looks = Looks(share, random.Random(1))
    scores = [draw.random() * 0.45 for _ in range(3000)]
    looked = [score for score in scores if spend(looks, "undecided", score) == "held"]
    assert 0.7 * share <= len(looked) / len(scores) <= share + 1 / len(scores)
    assert looks.spent == len(looked)
    assert sum(looked) / len(looked) > sorted(scores)[int(len(scores) * (1 - 3 * share))]


def test_a_flood_of_alarms_is_denied_when_nobody_can_look() -> None:
    looks = Looks(0.02, random.Random(1))
    ends = [spend(looks, "held", 0.95) for _ in range(100)]
    assert ends[0] == "held" and ends.count("held") <= 3
    assert set(ends) == {"held", "no look"}


def test_the_most_suspicious_action_of_a_turn_is_looked_at_first() -> None:
    looks = Looks(0.0, random.Random(1))
    ends = looks.spend({"a": ruling("a", "held", 0.91), "b": ruling("b", "held", 0.99)})
    assert (ends["a"].end, ends["b"].end) == ("no look", "held")
    failed = ruling("c", "no quorum", 0.5)
    assert looks.spend({"c": failed})["c"] is failed


def test_what_is_merely_odd_passes_and_what_alarms_does_not() -> None:
    looks = Looks(0.0, random.Random(1))
    looks.spend({"a": ruling("a", "held", 0.95)})
    odd = Ruling(action="b", end="undecided", probability=0.1, scores={"m": 0.3})
    alarming = Ruling(action="c", end="undecided", probability=0.1, scores={"m": 0.99, "n": 0.2})
    clear = Ruling(action="d", end="clear", probability=0.01, scores={"m": 0.01})
    ends = looks.spend({"b": odd, "c": alarming, "d": clear})
    assert {name: one.end for name, one in ends.items()} == {
        "b": "passed", "c": "no look", "d": "clear"
    }  # fmt: skip
