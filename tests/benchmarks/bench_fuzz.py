"""The slowest check of many odd calls: nested, huge, of odd types and characters.

python -m tests.benchmarks.bench_fuzz [--calls 50000]
"""

from __future__ import annotations

import argparse
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.config import Rules
from orchestrator.rules.ruleset import load_rules
from tests.rules.odd_calls import Slowest, call_values, judge_calls, warm_up

A_TURN = 10


def main() -> None:
    """Print the slowest check and the call it was for; an exception ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=50_000)
    calls = parser.parse_args().calls
    slowest = fuzz(calls)
    print(f"{calls} odd calls through all packs: no exception")
    print(f"  the slowest check took {slowest.seconds * 1000:.1f} ms: {slowest.shown:.100}")


def fuzz(count: int) -> Slowest:
    """Judge `count` calls made up anew, and return the slowest check."""
    rules = load_rules(Rules())
    warm_up(rules)
    slowest = Slowest()

    @settings(
        max_examples=count // A_TURN,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(call_values, min_size=A_TURN, max_size=A_TURN))
    def run(calls: list[Any]) -> None:
        nonlocal slowest
        slowest = judge_calls(rules, calls, slowest)

    run()
    return slowest


if __name__ == "__main__":
    main()
