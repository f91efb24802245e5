from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.bench_two_processes import CHECKPOINT_BYTES, measure_sides


@pytest.mark.timeout(180)
def test_no_screen_slows_a_guard_or_keeps_its_log_growing(tmp_path: Path) -> None:
    sides = measure_sides(tmp_path / "ledger.db", 200)
    assert median(sides.watched) < 3 * median(sides.alone)
    assert median(sides.stopped) < 3 * median(sides.alone)
    assert CHECKPOINT_BYTES / 2 < sides.log < 2 * CHECKPOINT_BYTES
