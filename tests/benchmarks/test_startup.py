"""Starting stays quick: ratios to a baseline of the same run, with room for a busy machine."""

from __future__ import annotations

from tests.benchmarks.bench_startup import ENGINE, HELP, NOTHING, PYDANTIC, measure


def test_importing_the_engine_costs_no_more_than_its_largest_part() -> None:
    empty = measure(NOTHING)
    assert measure(ENGINE) - empty <= 3 * (measure(PYDANTIC) - empty)


def test_help_costs_no_more_than_importing_what_it_leaves_out() -> None:
    assert measure(HELP) <= 3 * measure(PYDANTIC)
