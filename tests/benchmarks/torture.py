"""Kill a writing guard at random moments: no acknowledged event may be lost, every chain verifies.

A fork server forks a child that records runs and writes the id of each acknowledged event to a
pipe; the parent kills it with SIGKILL, then opens the ledger as anybody would afterwards.

    python -m tests.benchmarks.torture --rounds 1000
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import anyio

from orchestrator.clock import SystemClock
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.verification import verify_ledger
from tests.ledger.facts import whole_run

LONGEST_S = 0.02
"""A child is killed up to this long after its first acknowledged event."""
PER_LEDGER = 2
"""Rounds that share one ledger: the second starts from what the first left behind."""
RUNS = 3
TURNS = 8


class Tally(NamedTuple):
    """What some rounds came to."""

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    broken: int = 0
    """Runs whose chain or derived rows do not verify."""
    unfinished: int = 0
    """Rounds in which the kill met a run that had not ended."""

    def plus(self, other: Tally) -> Tally:
        """Return the sum of both."""
        return Tally._make([a + b for a, b in zip(self, other, strict=True)])


def main() -> int:
    """Run the rounds asked for and print what came of them; 1 if anything was lost or broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None, help="for the moments of the kills")
    asked = parser.parse_args()
    seed = random.randrange(10**6) if asked.seed is None else asked.seed
    clock = SystemClock()
    before = clock.monotonic()
    tally = torture(asked.rounds, seed)
    seconds = clock.monotonic() - before
    print(
        f"{tally.rounds} kills (seed {seed}), {tally.unfinished} in the middle of a run, "
        f"{tally.acknowledged} events acknowledged: {tally.lost} lost, {tally.broken} chains "
        f"broken; {seconds / max(tally.rounds, 1) * 1000:.0f} ms a round"
    )
    return 1 if tally.lost or tally.broken else 0


def torture(rounds: int, seed: int) -> Tally:
    """Return what `rounds` kills came to."""
    chance, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as name:
        keys = Keys(Path(name) / "home")
        keys.sign(b"")
        _rehearse(Path(name) / "rehearsal.db", keys)
        for number in range(rounds):
            place = Path(name) / f"{number // PER_LEDGER}.db"
            tally = tally.plus(_kill_once(place, keys, number, chance.uniform(0, LONGEST_S)))
    return tally


def _rehearse(place: Path, keys: Keys) -> None:
    """Import and compile once what every child would have to."""
    ledger = Ledger.open(place, keys=keys)
    anyio.run(ledger.open_run("r").append, *whole_run(1)[0])
    ledger.close()
    _check(place, keys, "r", [])


def _kill_once(place: Path, keys: Keys, number: int, delay: float) -> Tally:
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(inlet)
        _write_until_killed(place, keys, number, outlet)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as pipe:
        lines = [pipe.readline()]
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines += pipe.readlines()
    acknowledged = [line.decode().strip() for line in lines if line.endswith(b"\n")]
    return _check(place, keys, f"{number}-", acknowledged)


def _write_until_killed(place: Path, keys: Keys, number: int, outlet: int) -> None:
    """Record runs side by side; never returns."""
    ledger = Ledger.open(place, keys=keys)

    async def record(run: str) -> None:
        log = ledger.open_run(run)
        for facts in whole_run(TURNS):
            events = await log.append(*facts)
            os.write(outlet, "".join(f"{event.id}\n" for event in events).encode())

    async def record_all() -> None:
        again = 0
        while True:
            async with anyio.create_task_group() as tasks:
                for lane in range(RUNS):
                    tasks.start_soon(record, f"{number}-{again}-{lane}")
            again += 1

    try:
        anyio.run(record_all)
    finally:
        os._exit(1)


def _check(place: Path, keys: Keys, prefix: str, acknowledged: list[str]) -> Tally:
    reader = Reader(place)
    runs = reader.runs()
    kept = {event.id for _, event in reader.tail(limit=sum(row.events for row in runs))}
    broken = [report for report in verify_ledger(reader, keys=keys) if report.first_bad is not None]
    reader.close()
    return Tally(
        rounds=1,
        acknowledged=len(acknowledged),
        lost=len(set(acknowledged) - kept),
        broken=len(broken),
        unfinished=int(any(row.closed is None for row in runs if row.run.startswith(prefix))),
    )


if __name__ == "__main__":
    sys.exit(main())
