"""Lines that do harm and lines that only look like it are told apart as the table says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.rules.shell import Command, Word, parse_shell

TWINS = yaml.safe_load((Path(__file__).parent / "twins.yaml").read_text("utf-8"))
CASES = [
    pytest.param(twin[kind], id=f"{twin['name']}: {kind}")
    for twin in TWINS
    for kind in ("harmful", "harmless")
]


def test_the_table_is_large_enough() -> None:
    assert len({case.values[0]["line"] for case in CASES}) >= 300  # type: ignore[index]


@pytest.mark.parametrize("expected", CASES)
def test_line_is_read_as_its_twin_table_says(expected: dict[str, Any]) -> None:
    shell = parse_shell(expected["line"])
    assert [command.program for command in shell.commands] == expected["runs"]
    assert (shell.unknown is not None) == expected.get("unknown", False), shell.unknown
    for field, value in expected.items():
        if field in _SEEN:
            assert _SEEN[field](shell.commands[expected.get("at", -1)]) == value, field


def _show(word: Word) -> str:
    return word.text if word.known else word.text + "?"


_SEEN: dict[str, Any] = {
    "targets": lambda command: [_show(word) for word in command.targets],
    "wrappers": lambda command: list(command.wrappers),
    "code_from": lambda command: list(command.code_from),
    "redirects": lambda command: [f"{r.op} {_show(r.target)}" for r in command.redirects],
    "stdin": lambda command: command.stdin.text,
    "cwd": lambda command: command.cwd,
    "cwd_known": lambda command: command.cwd_known,
}


@pytest.mark.parametrize("expected", [c for c in CASES if "flags" in c.values[0]])  # type: ignore[operator]
def test_flags_are_those_of_the_table(expected: dict[str, Any]) -> None:
    command: Command = parse_shell(expected["line"]).commands[expected.get("at", -1)]
    assert frozenset(expected["flags"]) <= command.flags
    assert bool(expected["flags"]) == bool(command.flags)


@pytest.mark.parametrize("expected", CASES)
def test_offsets_lie_in_the_line(expected: dict[str, Any]) -> None:
    line = expected["line"]
    for command in parse_shell(line).commands:
        assert 0 <= command.start <= command.end <= len(line)
        for word in (*command.args, *command.targets, *(r.target for r in command.redirects)):
            assert 0 <= word.start <= word.end <= len(line)
