from __future__ import annotations

from pathlib import Path
from statistics import median

import anyio

from tests.benchmarks.bench_ledger import measure_bare, measure_ledger


def test_append_costs_a_small_multiple_of_hashing_and_inserting(tmp_path: Path) -> None:
    """About 2 when nothing else runs; the bound is loose since other things do."""
    bare = anyio.run(measure_bare, tmp_path / "bare.db", 300)
    ours = anyio.run(measure_ledger, tmp_path / "ours.db", 300)
    assert median(ours) < 6 * median(bare)
