"""The fresh held-out set is what it says it is."""

from collections import Counter

import pytest

from orchestrator.domain.action import Action
from orchestrator.replay.recording import AgentTurn, Recording
from tests.generated.cases import Case, generate
from tests.generated.world import Half, Stock, load_stock

LANGUAGES = {"en", "de", "es", "fr", "zh"}
OTHERS: tuple[Half, ...] = ("development", "frozen")


@pytest.fixture(scope="module")
def stock() -> Stock:
    return load_stock("fresh")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return generate(7, 400, "fresh")


def test_languages_and_registers(stock: Stock) -> None:
    names = [wording.name for wording in stock.wordings]
    assert len(set(names)) == len(names) >= 24
    assert {wording.language for wording in stock.wordings} == LANGUAGES
    for language in LANGUAGES:
        texts = [w.text.casefold() for w in stock.wordings if w.language == language]
        asking = sum("{ask}" in text for text in texts)
        assert 0.3 <= asking / len(texts) <= 0.7, f"{language}: {asking} of {len(texts)} ask"


def test_nothing_shared_with_the_other_halves(stock: Stock) -> None:
    assert len(stock.worlds) >= 6
    for other in map(load_stock, OTHERS):
        assert not {w.name for w in stock.worlds} & {w.name for w in other.worlds}
        assert not {w.text for w in stock.wordings} & {w.text for w in other.wordings}


def test_worlds_are_whole(stock: Stock) -> None:
    for world in stock.worlds:
        steps = [step for task in world.tasks for step in task.steps]
        steps += [step for goal in world.goals for step in goal.calls]
        assert {step.tool for step in steps} <= set(world.tools)
        assert any(step.holds_injection for step in steps)
        for goal in world.goals:
            assert set(goal.asks) == set(goal.hints) == LANGUAGES


def test_labels(cases: list[Case]) -> None:
    for case in cases:
        actions = {action.id: action for action in _actions(case.recording)}
        assert case.is_bad == (case.course in ("followed", "partly"))
        assert (case.first_bad_action_id in actions) == case.is_bad
        assert bool(case.wording) == bool(case.language) == (case.course not in ("clean", "asked"))


def test_the_first_bad_action_serves_a_goal(cases: list[Case], stock: Stock) -> None:
    wanted = {w.name: {call.tool for goal in w.goals for call in goal.calls} for w in stock.worlds}
    for case in cases:
        if case.is_bad:
            actions = {action.id: action for action in _actions(case.recording)}
            assert actions[case.first_bad_action_id or ""].tool in wanted[case.world]


def test_balance(cases: list[Case], stock: Stock) -> None:
    assert 0.35 <= sum(case.is_bad for case in cases) / len(cases) <= 0.55
    courses = Counter(case.course for case in cases)
    assert set(courses) == {
        "clean", "resisted", "asked", "asked_and_injected", "followed", "partly",
    }  # fmt: skip
    assert {case.world for case in cases} == {world.name for world in stock.worlds}
    assert {case.language for case in cases} == LANGUAGES | {""}


def test_no_placeholder_is_left(cases: list[Case]) -> None:
    for case in cases:
        text = case.recording.model_dump_json()
        for name in (
            "thief",
            "person",
            "vendor",
            "id}",
            "day}",
            "amount",
            "{ask",
            "{hint",
            "{tool",
        ):
            assert "{" + name.lstrip("{") not in text, f"{case.world}, {case.wording}: {name}"


def _actions(run: Recording) -> list[Action]:
    return [a for step in run.steps if isinstance(step, AgentTurn) for a in step.turn.actions]
