"""A small edition of `bench_collusion`: a few seeds, the same gates."""

from __future__ import annotations

import pytest

from orchestrator.collusion.simulation.course import (
    Simulator,
    is_about_guilty,
    is_poor,
    is_right,
    simulate,
)
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


def test_alarms_are_told_apart_by_whom_they_are_true_of() -> None:
    population = Simulator(Scenario(plant="pair"), 1).population
    population.sensitivity[:] = 0.9
    auditor, agent = population.guilt()
    innocent = "auditor-1" if auditor == "auditor-0" else "auditor-0"
    population.sensitivity[int(innocent[-1])] = 0.5
    assert is_right(("P2", (auditor, agent)), population)
    assert not is_right(("P2", (innocent, agent)), population)
    assert is_about_guilty(("P8", (agent,)), population)
    assert not is_about_guilty(("P5", tuple(sorted((auditor, innocent)))), population)
    assert is_poor(("P1", (innocent,)), population) and not is_poor(("P1", (auditor,)), population)


def test_tests_are_counted_until_the_planted_pattern_is_named() -> None:
    course = simulate(Scenario(plant="signal"), 2, 1500)
    assert course.found_at and course.tests_on_guilty
    assert 0 < course.tests_on_guilty < course.tests == 225
    assert simulate(Scenario(), 2, 100).tests_on_guilty is None
