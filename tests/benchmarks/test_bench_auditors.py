"""Auditors are quick and stay so; the full figures are printed by `make bench`."""

from __future__ import annotations

import timeit

import pytest

from orchestrator.auditors.auditor import Auditor
from tests.benchmarks.bench_auditors import run, settle, slope, weigh
from tests.benchmarks.estimates import quantile

SLACK = 3
"""Machines that run tests are shared; `make bench` prints the times themselves."""
TYPICAL, SLOWEST = 60, 150
"""Times an action may take the loop of `pace`, at the median and for one in a hundred."""


@pytest.fixture(scope="module")
def auditors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Auditor, ...]:
    return settle(tmp_path_factory.mktemp("settled"))


def test_an_action_takes_microseconds(auditors: tuple[Auditor, ...]) -> None:
    before, times, after = pace(), run(auditors, 600), pace()
    loop = max(before, after)
    assert quantile(times, 0.5) <= SLACK * TYPICAL * loop
    assert quantile(times, 0.99) <= SLACK * SLOWEST * loop


def pace() -> float:
    """Return the microseconds that this machine takes for a loop of a thousand additions."""
    return min(timeit.repeat("sum(range(1000))", number=20, repeat=30)) / 20 * 1e6


def test_time_does_not_grow_with_history(auditors: tuple[Auditor, ...]) -> None:
    assert min(slope(run(auditors, 3000)) for _ in range(2)) <= 1.3


def test_memory_does_not_grow_without_end(auditors: tuple[Auditor, ...]) -> None:
    early, late = weigh(auditors, 2000), weigh(auditors, 4000)
    assert late <= 16 and late <= 1.75 * early
