from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.bench_guard import measure_reviews, review_in_many_runs

pytestmark = pytest.mark.anyio


async def test_a_review_costs_a_small_multiple_of_keeping_its_events(tmp_path: Path) -> None:
    ours, bare = await measure_reviews(tmp_path, 200)
    assert median(ours) < 10 * median(bare)


async def test_no_decision_of_two_hundred_runs_is_lost_or_crossed(tmp_path: Path) -> None:
    assert await review_in_many_runs(tmp_path / "many.db", 200, 3) > 0
