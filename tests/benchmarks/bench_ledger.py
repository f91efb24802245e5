"""How long an append takes, beside a bare loop that hashes and inserts the same events.

python -m tests.benchmarks.bench_ledger [--appends 2000]
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles

import anyio
from anyio import to_thread

from orchestrator.clock import SystemClock
from orchestrator.domain.event import Fact
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.memory import MemoryLedger
from tests.ledger.facts import opened, turn

CLOCK = SystemClock()
INSERT = "INSERT INTO events (run, seq, at, kind, body, hash) VALUES (?, ?, ?, ?, ?, ?)"


def main() -> None:
    """Print p50 and p99 in milliseconds, and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--appends", type=int, default=2000)
    appends = parser.parse_args().appends
    with tempfile.TemporaryDirectory() as name:
        print(f"append of {len(turn(0)) - 1} events, {appends} times:")
        for backend in ("asyncio", "trio"):
            bare = anyio.run(
                measure_bare, Path(name) / f"{backend}-bare.db", appends, backend=backend
            )
            ours = anyio.run(measure_ledger, Path(name) / f"{backend}.db", appends, backend=backend)
            print(f"  {backend}, one run: {show(ours)}; bare loop: {show(bare)}; "
                  f"ratio {median(ours) / median(bare):.2f}")  # fmt: skip
        rate = anyio.run(measure_many, Path(name) / "many.db", 200, 10)
        print(f"  200 runs at once: {rate:,.0f} events/s")


def show(times: list[float]) -> str:
    """Return p50 and p99."""
    return f"p50 {median(times) * 1000:.3f} ms, p99 {quantiles(times, n=100)[98] * 1000:.3f} ms"


def facts(index: int) -> list[Fact]:
    """Return the four facts that stand before a decision is released."""
    return turn(index)[:-1]


async def measure_ledger(place: Path, appends: int) -> list[float]:
    """Return seconds an append."""
    ledger = Ledger.open(place, keys=Keys(place.parent / "home"))
    log = ledger.open_run("r")
    await log.append(opened())
    times = await measure(appends, lambda index: log.append(*facts(index)))
    await ledger.aclose()
    return times


async def measure_bare(place: Path, appends: int) -> list[float]:
    """Return seconds an append of a bare loop."""
    log = MemoryLedger().open_run("r")
    for index in range(appends):
        await log.append(*facts(index))
    return await insert_bare(place, [log.stored[n : n + 4] for n in range(0, appends * 4, 4)])


async def insert_bare(place: Path, batches: Sequence[Sequence[StoredEvent]]) -> list[float]:
    """Return seconds a hop to a worker thread that hashes and inserts events made beforehand."""
    Ledger.open(place, keys=Keys(place.parent / "home")).close()  # for the same table
    connection = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    head = bytes(32)

    def write(index: int) -> None:
        nonlocal head
        rows = []
        for run, seq, at, kind, body, _ in batches[index]:
            head = sha256(head + body).digest()
            rows.append((run, seq, at.isoformat(), kind, body, head.hex()))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")

    times = await measure(len(batches), lambda index: to_thread.run_sync(write, index))
    connection.close()
    return times


async def measure(times: int, work: Callable[[int], Awaitable[object]]) -> list[float]:
    """Return how long each call took."""
    found = []
    for index in range(times):
        before = CLOCK.monotonic()
        await work(index)
        found.append(CLOCK.monotonic() - before)
    return found


async def measure_many(place: Path, runs: int, turns: int) -> float:
    """Return events a second of many runs in one process."""
    ledger = Ledger.open(place, keys=Keys(place.parent / "home"))

    async def record(run: str) -> None:
        log = ledger.open_run(run)
        await log.append(opened())
        for index in range(turns):
            await log.append(*facts(index))

    before = CLOCK.monotonic()
    async with anyio.create_task_group() as tasks:
        for number in range(runs):
            tasks.start_soon(record, f"r{number}")
    seconds = CLOCK.monotonic() - before
    await ledger.aclose()
    return runs * (turns * 4 + 1) / seconds


if __name__ == "__main__":
    main()
