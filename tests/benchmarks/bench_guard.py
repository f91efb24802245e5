"""How long a review takes with rules only, beside a bare loop that keeps the same events.

python -m tests.benchmarks.bench_guard [--reviews 1000]
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import anyio

from orchestrator.auditors.auditor import Auditor
from orchestrator.clock import SystemClock
from orchestrator.config import Config
from orchestrator.guard import Guard
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.ledger import Ledger
from tests.benchmarks.bench_ledger import insert_bare, measure, show

CLOCK = SystemClock()
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("shell", {"command": "git status && git diff --stat"}),
    ("read_file", {"path": "src/app/models.py"}),
    ("write_file", {"path": "src/app/models.py", "content": "class Model:\n    pass\n" * 20}),
    ("http_request", {"url": "https://api.example.com/v1/items?page=2", "method": "GET"}),
    ("shell", {"command": "python -m pytest tests -x -q | tail -20"}),
    ("send_email", {"to": "ann@example.com", "subject": "Minutes", "body": "As agreed. " * 30}),
    ("query_sql", {"query": "SELECT id, name FROM items WHERE price > 10 ORDER BY name"}),
)


def main() -> None:
    """Print latency, its ratio to the bare loop, and the throughput of many runs at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--reviews", type=int, default=1000)
    reviews = parser.parse_args().reviews
    with tempfile.TemporaryDirectory() as name:
        for auditors, what in (((), "rules only"), (None, "rules and local auditors")):
            ours, bare = anyio.run(measure_reviews, Path(name) / what, reviews, auditors)
            print(f"review of one call, {what}, {reviews} times:")
            ratio = median(ours) / median(bare)
            print(f"  guard: {show(ours)}; bare loop: {show(bare)}; ratio {ratio:.2f}")
        rate = anyio.run(review_in_many_runs, Path(name) / "many.db", 200, 10)
        print(f"  200 guarded runs at once: {rate:,.0f} reviews/s, none lost or crossed")


async def measure_reviews(
    folder: Path, reviews: int, auditors: Sequence[Auditor] | None = ()
) -> tuple[list[float], list[float]]:
    """Return seconds a review, and seconds to keep its events in a bare loop."""
    ledger = Ledger.open(folder / "guard.db")
    async with Guard(Config(), ledger, auditors=auditors).run(
        "bench", task="work", root=folder
    ) as run:
        times = await measure(reviews, lambda index: run.review([_call(index)]))
    batches: list[list[StoredEvent]] = []
    for event in ledger.reader.stored(run.id):
        if event.kind == "turn_proposed":
            batches.append([])
        if batches and event.kind not in ("run_closed", "checkpoint"):
            batches[-1].append(event)
    await ledger.aclose()
    return times, await insert_bare(folder / "bare.db", batches)


async def review_in_many_runs(place: Path, runs: int, turns: int) -> float:
    """Return reviews a second over many runs in one process; raise if one is lost or crossed.

    Each run asks about its own directory, so that a decision given to another run would show.
    """
    ledger = Ledger.open(place)
    guard = Guard(Config.model_validate({"gate": {"strikes": 0}}), ledger, auditors=())
    kept: dict[str, list[str]] = {}

    async def work(number: int) -> None:
        dice = random.Random(number)
        async with guard.run(f"agent-{number}", root=f"/srv/{number}") as run:
            kept[run.id] = []
            for turn in range(turns):
                target = dice.choice([number, number + 1])
                call = {"id": f"{number}-{turn}", "tool": "shell",
                        "arguments": {"command": f"rm -rf /srv/{target}/build"}}  # fmt: skip
                (decision,) = (await run.review([call])).decisions
                expected = "allow" if target == number else "deny"
                if (decision.call_id, decision.decision.value) != (call["id"], expected):
                    raise AssertionError(f"crossed: {call} got {decision}")
                kept[run.id].append(decision.event)

    before = CLOCK.monotonic()
    async with anyio.create_task_group() as tasks:
        for number in range(runs):
            tasks.start_soon(work, number)
    seconds = CLOCK.monotonic() - before
    for run, events in kept.items():
        recorded = [f"{run}:{row.seq}" for row in ledger.reader.decisions(run)]
        if recorded != events:
            raise AssertionError(f"run {run} has {len(recorded)} of {len(events)} decisions")
    await ledger.aclose()
    return runs * turns / seconds


def _call(index: int) -> dict[str, Any]:
    tool, arguments = CALLS[index % len(CALLS)]
    return {"id": f"c{index}", "tool": tool, "arguments": arguments}


if __name__ == "__main__":
    main()
