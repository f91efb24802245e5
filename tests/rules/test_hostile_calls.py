"""Calls that would keep the guard busy: bounded, and never allowed for that."""

from __future__ import annotations

import time

import pytest

from orchestrator.config import Rules
from orchestrator.domain.action import Action, Turn
from orchestrator.rules.ruleset import load_rules

LONGEST_S = 2.0
"""Of the processor, for a check; unbounded, most of these take many seconds."""

SHELL = {
    "commands with a list each": "printf 'a\\nb\\nc\\n' | xargs -I{} rm " + "{}/{} " * 2500,
    "wildcards": "; ".join(f"rm ../x{n}/*/{n} ~/a{n}/* /etc/{n}?" for n in range(250)),
    "a cluster of flags": "sudo -" + "b" * 60_000 + " x",
}
UNKNOWN_SHELL = {
    "places of find": "find " + "a " * 1900 + "-exec rm " + "{} " * 1900 + "\\;",
    "wildcards": SHELL["wildcards"],
}
UNKNOWN_SQL = {
    "a sum": "DELETE FROM a WHERE 1=1 OR " + "a+" * 9000 + "a",
    "stars": "DELETE FROM a WHERE 1=1 OR " + "*" * 15_000,
    "statements": "a b;" * 4000,
    "brackets": "{a:1}" * 4000,
}


def _check(tool: str, arguments: dict[str, object]) -> tuple[float, set[str]]:
    rules = load_rules(Rules())
    state = rules.start(root="/srv/work")
    rules.check(_turn("sql", {"query": "SELECT 1"}), state)  # imports the parser
    turn = _turn(tool, arguments)
    before = time.thread_time()
    hits = rules.check(turn, state)
    return time.thread_time() - before, {f"{hit.rule} {hit.effect}" for hit in hits}


def _turn(tool: str, arguments: dict[str, object]) -> Turn:
    return Turn(index=0, actions=(Action(id="a", tool=tool, arguments=arguments),))


@pytest.mark.parametrize("line", SHELL.values(), ids=SHELL)
def test_a_hostile_line_is_judged_in_time(line: str) -> None:
    assert _check("bash", {"command": line})[0] < LONGEST_S


@pytest.mark.parametrize("line", UNKNOWN_SHELL.values(), ids=UNKNOWN_SHELL)
def test_a_line_beyond_the_bounds_escalates(line: str) -> None:
    took, found = _check("bash", {"command": line})
    assert took < LONGEST_S
    assert "built-in.unreadable-shell escalate" in found


@pytest.mark.parametrize("text", UNKNOWN_SQL.values(), ids=UNKNOWN_SQL)
def test_sql_beyond_the_bounds_escalates(text: str) -> None:
    took, found = _check("sql", {"query": text})
    assert took < LONGEST_S
    assert "built-in.unreadable-sql escalate" in found
