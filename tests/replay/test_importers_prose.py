"""Calls written down as text are read where all of the text is a call, and only there."""

from __future__ import annotations

import pytest

from orchestrator.replay.importers.prose_calls import MOST, read_calls

ONE = {"tool": "Send", "arguments": {"to": "ann", "n": 2}}


@pytest.mark.parametrize(
    "text",
    [
        'Send: {"to": "ann", "n": 2}\n',
        "Send{'to': 'ann', 'n': 2}",
        'Send\nAction Input: {"to": "ann", "n": 2}',
        'Action: Send\nAction Input: {"to": "ann", "n": 2}',
        'Send Input: {"to": "ann", "n": 2}',
        '{"Send": {"to": "ann", "n": 2}}',
        '{"name": "Send", "arguments": {"to": "ann", "n": 2}}',
        '"command": {"name": "Send", "args": {"to": "ann", "n": 2}}}',
        '{"action": "Send", "action_input": {"to": "ann", "n": 2}}',
        'The action is {"action_type": "Send", "to": "ann", "n": 2}',
        "Send(to='ann', n=2)",
    ],
)
def test_reads_a_call_in_every_shape(text: str) -> None:
    (call,) = read_calls(text)
    assert {key: call[key] for key in ONE} == ONE


def test_reads_a_fenced_command() -> None:
    assert read_calls("```bash\nls -l\n```") == [
        {"tool": "bash", "arguments": {"command": "ls -l"}}
    ]
    assert read_calls("```c\nint x;\n```") == []


def test_reads_a_line_break_inside_quotes() -> None:
    assert read_calls('Send: {"body": "a\nb"}')[0]["arguments"] == {"body": "a\nb"}
    assert read_calls('Send(body="a\nb")')[0]["arguments"] == {"body": "a\nb"}


def test_keeps_what_is_no_plain_value_as_it_is_written() -> None:
    assert read_calls("Check(last < 3)")[0]["arguments"] == {"args": ["last < 3"]}


def test_reads_several_calls_only_where_every_line_is_one() -> None:
    assert [call["tool"] for call in read_calls('A: {"x": 1}\n\nB: {"y": 2}')] == ["A", "B"]
    assert read_calls('A: {"x": 1}\nand then I stop') == []


@pytest.mark.parametrize(
    "text",
    [
        "", "Final Answer: it is done", "I would send {it} later", "Send: {broken", "Send(", "()",
        "{" * 5000, "f(" * 3000 + ")" * 3000, "A(" + "-" * 9000 + "1)", "x" * (MOST + 1),
        "A{" + "[" * 4000 + "]" * 4000 + "}", "f(1," + "1+" * 7000 + "1)",
    ],
)  # fmt: skip
def test_prose_and_hostile_text_are_no_calls(text: str) -> None:
    assert all(call["tool"] for call in read_calls(text))
    assert not read_calls(text) or text.startswith(("A(", "f("))
