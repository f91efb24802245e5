"""Any call at all goes through all packs: no exception, and none that takes long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.config import Rules
from orchestrator.rules.ruleset import load_rules
from tests.rules.odd_calls import PIECES, Slowest, call_values, judge_calls, warm_up

TURNS, CALLS = 500, 10
PATIENCE = 2.0
"""Seconds for one check on any machine; the benchmark tells the real figure."""

MAIN = {
    "bash": "command", "python": "code", "execute_sql": "query", "http_request": "url",
    "read_file": "path", "send_email": "to",
}  # fmt: skip


def test_odd_calls_are_judged() -> None:
    rules = load_rules(Rules())
    warm_up(rules)
    slowest = Slowest()

    @settings(max_examples=TURNS, suppress_health_check=list(HealthCheck))
    @given(st.lists(call_values, min_size=CALLS, max_size=CALLS))
    def judge(calls: list[Any]) -> None:
        nonlocal slowest
        slowest = judge_calls(rules, calls, slowest)

    judge()
    print(f"the slowest check took {slowest.seconds * 1000:.1f} ms: {slowest.shown}")
    assert slowest.seconds < PATIENCE, slowest.shown


@pytest.mark.parametrize("tool", MAIN)
def test_a_piece_repeated_is_judged_in_time(tool: str) -> None:
    rules = load_rules(Rules())
    warm_up(rules)
    calls = [{"tool": tool, "arguments": {MAIN[tool]: piece * 3000}} for piece in PIECES]
    slowest = judge_calls(rules, calls, Slowest())
    print(f"the slowest check took {slowest.seconds * 1000:.1f} ms: {slowest.shown:.100}")
    assert slowest.seconds < PATIENCE, slowest.shown
