"""Auditors are quick and stay so; the full figures are printed by `make bench`."""

from __future__ import annotations

import pytest

from orchestrator.auditors.auditor import Auditor
from tests.benchmarks.bench_auditors import run, settle, slope, weigh
from tests.benchmarks.estimates import quantile

SLACK = 3
"""Machines that run tests are shared; `make bench` holds the bounds themselves."""


@pytest.fixture(scope="module")
def auditors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Auditor, ...]:
    return settle(tmp_path_factory.mktemp("settled"))


def test_an_action_takes_microseconds(auditors: tuple[Auditor, ...]) -> None:
    times = run(auditors, 600)
    assert quantile(times, 0.5) <= SLACK * 300
    assert quantile(times, 0.99) <= SLACK * 5000


def test_time_does_not_grow_with_history(auditors: tuple[Auditor, ...]) -> None:
    assert min(slope(run(auditors, 3000)) for _ in range(2)) <= 1.3


def test_memory_does_not_grow_without_end(auditors: tuple[Auditor, ...]) -> None:
    early, late = weigh(auditors, 2000), weigh(auditors, 4000)
    assert late <= 16 and late <= 1.5 * early + 0.5
