"""How many recorded actions a second are judged again, and what memory it takes.

python -m tests.benchmarks.bench_replay [PATH]

Without PATH the AgentDojo runs in ../shared (or CROSSAUDIT_SHARED) are taken, rules only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import anyio
import psutil

from orchestrator.clock import SystemClock
from orchestrator.config import LOCAL_AUDITORS, Config
from orchestrator.ledger.ledger import Ledger
from orchestrator.replay.batch import Found, play_all
from orchestrator.replay.importers import find_runs
from orchestrator.replay.player import Played

CLOCK = SystemClock()
EVENTS_AT_ONCE = 5_000
RULES_ONLY = Config.model_validate(
    {"auditors": [{"name": entry.name, "enabled": False} for entry in LOCAL_AUDITORS]}
)


def main() -> None:
    """Print actions a second on one core, and memory after the first and the last repetition."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("path", nargs="?", type=Path)
    path = parser.parse_args().path or _recorded()
    if not path.exists():
        print(f"replay: not measured, there is no {path}")
        return
    process = psutil.Process()
    memory = []
    for round_ in range(5):
        before, started = _cpu(process), CLOCK.monotonic()
        runs, actions = anyio.run(replay, path)
        cpu, wall = _cpu(process) - before, CLOCK.monotonic() - started
        memory.append(process.memory_info().rss / 1e6)
        speed = f"{actions / cpu:,.0f} actions/s of CPU, {actions / wall:,.0f} of wall"
        print(f"replay {round_ + 1}: {runs} runs, {actions} actions: {speed}; {memory[-1]:.0f} MB")
    print(f"memory after five times as many runs: {memory[-1] / memory[0]:.2f} of the first")


async def replay(path: Path) -> tuple[int, int]:
    """Read, judge and store everything at `path`; return the numbers of runs and actions."""
    runs = actions = 0
    waiting: list[Played] = []
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder) / "ledger.db")

        async def store() -> None:
            stored = [row for one in waiting for row in one.stored]
            await ledger.insert(stored, [event for one in waiting for event in one.events])
            waiting.clear()

        async def take(_: Found, played: Played | None) -> None:
            nonlocal runs, actions
            if played is None:
                return
            runs, actions = runs + 1, actions + len(played.rows)
            waiting.append(played)
            if sum(len(one.stored) for one in waiting) > EVENTS_AT_ONCE:
                await store()

        await play_all(find_runs([path]), RULES_ONLY, take)
        await store()
        await ledger.aclose()
    return runs, actions


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _recorded() -> Path:
    named = os.environ.get("CROSSAUDIT_SHARED")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared"
    return folder / "data" / "runs" / "agentdojo"


if __name__ == "__main__":
    main()
