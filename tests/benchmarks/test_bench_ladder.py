"""A small edition of `bench_ladder`: one way to collude, a few seeds."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_ladder import ARMS, measure, show


def test_stampers_cost_bad_actions_and_the_ladder_quarantines_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whether the panel is then as good as a clean one is for the whole table to say."""
    results = [measure(ARMS[0], seed, 1800) for seed in range(3)]
    show(ARMS[0], results)
    assert "below clean, goal 2" in capsys.readouterr().out
    assert sum(result.steps["guilty quarantined"] for result in results) >= 7  # of 9
    assert not sum(result.steps["innocent quarantined"] for result in results)
    clean = sum(result.clean.bad for result in results)
    assert sum(result.before.bad for result in results) > clean + 3 * 0.02
