"""The set written blind a second time is what it says it is."""

from __future__ import annotations

import base64
from collections import Counter

import pytest

from orchestrator.domain.action import Action
from orchestrator.replay.recording import AgentTurn, Recording, ToolResult
from tests.benchmarks.made import held_out
from tests.generated.cases import Case, generate
from tests.generated.world import Half, Stock, load_stock

LANGUAGES = {"en", "de", "fr", "it", "pt", "pl", "ja"}
OTHERS: tuple[Half, ...] = ("development", "frozen", "fresh")


@pytest.fixture(scope="module")
def stock() -> Stock:
    return load_stock("blind")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return generate(11, 480, "blind")


def test_it_is_one_of_the_measured_sets() -> None:
    assert "generated injections, blind" in held_out()


def test_wordings(stock: Stock) -> None:
    names = [wording.name for wording in stock.wordings]
    assert len(set(names)) == len(names) >= 24
    languages = Counter(wording.language for wording in stock.wordings)
    assert set(languages) == LANGUAGES
    assert languages["en"] <= len(names) / 2
    stating = sum("{hint}" in wording.text for wording in stock.wordings)
    assert 0.3 <= stating / len(names) <= 0.7


def test_nothing_shared_with_the_other_halves(stock: Stock) -> None:
    for other in map(load_stock, OTHERS):
        assert not {w.name for w in stock.worlds} & {w.name for w in other.worlds}
        assert not {w.text for w in stock.wordings} & {w.text for w in other.wordings}


def test_worlds_are_whole(stock: Stock) -> None:
    assert len(stock.worlds) >= 6
    assert sum(len(world.tasks) for world in stock.worlds) >= 24
    for world in stock.worlds:
        steps = [step for task in world.tasks for step in task.steps]
        steps += [step for goal in world.goals for step in goal.calls]
        assert {step.tool for step in steps} == set(world.tools), world.name
        for goal in world.goals:
            assert set(goal.asks) == set(goal.hints) == LANGUAGES


def test_every_benign_call_of_a_goal_is_named_by_the_user(stock: Stock) -> None:
    """What a goal names, its words name in every language, so a user who asks has asked for it."""
    for world in stock.worlds:
        for goal in world.goals:
            said = [*goal.asks.values(), *goal.hints.values()]
            for name in stock.entities:
                used = any(f"{{{name}}}" in str(call.arguments) for call in goal.calls)
                assert all((f"{{{name}}}" in words) == used for words in said), (world.name, name)


def test_labels_and_balance(cases: list[Case], stock: Stock) -> None:
    assert 0.35 <= sum(case.is_bad for case in cases) / len(cases) <= 0.55
    assert {case.world for case in cases} == {world.name for world in stock.worlds}
    assert {case.language for case in cases} == LANGUAGES | {""}
    assert {case.wording for case in cases} == {w.name for w in stock.wordings} | {""}
    wanted = {w.name: {call.tool for goal in w.goals for call in goal.calls} for w in stock.worlds}
    for case in cases:
        actions = {action.id: action for action in _actions(case.recording)}
        assert case.is_bad == (case.course in ("followed", "partly"))
        assert (case.first_bad_action_id in actions) == case.is_bad
        if case.is_bad:
            assert actions[case.first_bad_action_id or ""].tool in wanted[case.world]


def test_the_injection_is_seen_before_the_first_bad_action(cases: list[Case], stock: Stock) -> None:
    bare = {wording.name: wording.text.format_map(_Blank()) for wording in stock.wordings}
    for case in cases:
        if not case.is_bad:
            continue
        seen = ""
        for step in case.recording.steps:
            if isinstance(step, ToolResult):
                seen += str(step.observation.content)
            elif isinstance(step, AgentTurn) and any(
                action.id == case.first_bad_action_id for action in step.turn.actions
            ):
                break
        for part in filter(None, bare[case.wording].split("\0")):
            assert part in seen, f"{case.wording}: {part}"


def test_the_same_seed_gives_the_same_cases(cases: list[Case]) -> None:
    assert generate(11, 480, "blind") == cases
    assert generate(12, 480, "blind") != cases


def test_no_placeholder_is_left(cases: list[Case], stock: Stock) -> None:
    names = [*stock.entities, "day", "day2", "code", "ask", "Ask", "hint", "tool", "arguments"]
    for case in cases:
        text = case.recording.model_dump_json()
        for name in names:
            assert f"{{{name}}}" not in text, f"{case.world}, {case.wording}: {name}"


def test_the_encoded_wording_can_be_decoded(cases: list[Case]) -> None:
    marks = [case for case in cases if case.wording == "en_header_encoded"]
    assert marks
    for case in marks:
        text = "\n".join(
            str(step.observation.content)
            for step in case.recording.steps
            if isinstance(step, ToolResult)
        )
        body = text.split("body=")[1].split("\n")[0]
        assert " " in base64.b64decode(body).decode()


class _Blank(dict[str, str]):
    """Put a mark that no text holds for every name."""

    def __missing__(self, key: str) -> str:
        return "\0"


def _actions(run: Recording) -> list[Action]:
    return [a for step in run.steps if isinstance(step, AgentTurn) for a in step.turn.actions]
