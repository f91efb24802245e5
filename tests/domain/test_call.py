from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.action import Action, Justification
from orchestrator.domain.call import RAW, read_action, read_justification


def read(call: Any) -> Action:
    return read_action(call, place="t0.0", is_taken=lambda _: False)


@pytest.mark.parametrize(
    "call",
    [
        {"id": "c1", "tool": "shell", "arguments": {"command": "ls"}},
        {"id": "c1", "name": "shell", "input": {"command": "ls"}},
        {"id": "c1", "function": {"name": "shell", "arguments": '{"command": "ls"}'}},
        {"call_id": "c1", "function": "shell", "args": {"command": "ls"}},
        SimpleNamespace(
            id="c1", function=SimpleNamespace(name="shell", arguments='{"command": "ls"}')
        ),
    ],
)
def test_the_shapes_of_model_apis_give_the_same_action(call: Any) -> None:
    assert read(call) == Action(id="c1", call_id="c1", tool="shell", arguments={"command": "ls"})


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ('{"command": ', "not valid JSON"),
        ("[1, 2]", "not a JSON object"),
        ("[" * 100_000, "nested too deep"),
        (b"\xff\xfe", "not valid JSON"),
        (7, "not a JSON object"),
    ],
)
def test_arguments_that_cannot_be_read_make_the_action_malformed(arguments: Any, why: str) -> None:
    action = read({"id": "c", "tool": "t", "arguments": arguments})
    assert action.malformed is not None and why in action.malformed
    assert RAW in action.arguments


def test_a_call_without_a_tool_is_malformed() -> None:
    assert read({"id": "c"}).malformed == "the call names no tool"


def test_an_id_that_is_missing_or_taken_is_replaced_by_the_place() -> None:
    again = read_action({"id": "c", "tool": "t"}, place="t3.1", is_taken={"c"}.__contains__)
    assert (again.id, again.call_id) == ("t3.1", "c")
    sly = read_action({"id": "c", "tool": "t"}, place="t3.1", is_taken={"c", "t3.1"}.__contains__)
    assert sly.id == "t3.1'"
    assert read({"tool": "t"}).call_id is None
    assert read({"id": "", "tool": "t"}).id == "t0.0"


@given(st.dictionaries(st.sampled_from(["id", "tool", "name", "function", "arguments"]),
                       st.recursive(st.none() | st.text() | st.integers() | st.binary(),
                                    lambda inner: st.lists(inner)
                                    | st.dictionaries(st.text(), inner))))  # fmt: skip
def test_no_call_is_too_odd_to_read(call: dict[str, Any]) -> None:
    Action.model_validate(read(call).model_dump())


def test_a_justification_is_read_from_text_and_from_odd_objects() -> None:
    assert read_justification("to pay") == Justification(intent="to pay")
    assert read_justification("  ") is None
    assert read_justification(3) is None
    assert read_justification({"clauses": "C1", "evidence": [1], "more": 2}) == Justification(
        clauses=("C1",), evidence=("1",)
    )
