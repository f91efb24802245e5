"""A small edition of `bench_collusion`: a few seeds, the same gates."""

from __future__ import annotations

import pytest

from orchestrator.collusion.simulation.course import simulate
from orchestrator.collusion.simulation.population import Scenario
from tests.benchmarks.bench_collusion import Cell, show_null, show_power


def test_a_stamper_is_found_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = Scenario(plant="stamper", size=0.9)
    courses = [simulate(scenario, seed, 1200) for seed in range(4)]
    assert show_power(Cell("stamper", scenario, 1200, 0.95), courses)
    assert sum(course.found_at is not None for course in courses) >= 3
    assert "met" in capsys.readouterr().out


def test_a_lenient_pair_is_found_in_time() -> None:
    courses = [simulate(Scenario(plant="pair", size=0.9), seed, 2000) for seed in range(3)]
    assert sum(course.found_at is not None for course in courses) >= 2


def test_an_honest_population_is_left_alone() -> None:
    scenario = Scenario()
    assert show_null(
        Cell("honest", scenario, 1500), [simulate(scenario, s, 1500) for s in range(3)]
    )
