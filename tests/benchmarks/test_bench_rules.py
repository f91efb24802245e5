"""Ratios only, and loosely: what a busy machine still must show."""

from __future__ import annotations

from statistics import median

from orchestrator.config import Rules
from orchestrator.rules.ruleset import load_rules
from tests.benchmarks.bench_rules import measure_bare, measure_checks


def test_a_check_does_not_get_slower_as_a_run_gets_longer() -> None:
    rules = load_rules(Rules())
    short, long = (median(measure_checks(rules, history, 1000)) for history in (10, 2_000))
    assert long < 2 * short


def test_all_rules_cost_little_more_than_one_pass_over_the_text() -> None:
    rules = load_rules(Rules())
    assert median(measure_checks(rules, 10, 1000)) < 60 * median(measure_bare(rules, 1000))
