"""A small edition of `bench_matrix`: gross patterns in a few panels of real verdicts."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_matrix import PLANTS, find_data, read, run

pytestmark = pytest.mark.real


def test_gross_patterns_in_real_verdicts_are_found() -> None:
    data = find_data()
    if data is None:
        pytest.skip("the real verdicts are not beside the checkout")
    verdicts = read(data)
    for name in ("rubber stamp", "clique of three copies a leader"):
        plant = next(each for each in PLANTS if each.name == name)
        outcomes = [run(verdicts, plant, 0.9, seed) for seed in range(5)]
        assert sum(outcome.right for outcome in outcomes) >= 4
    honest = [run(verdicts, None, 0.0, seed) for seed in range(10)]
    assert sum("P5" in outcome.false or "P1" in outcome.false for outcome in honest) <= 1
