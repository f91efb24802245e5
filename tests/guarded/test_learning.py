"""A run reads what is known when it opens and leaves what it learned when it ends."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from orchestrator.auditors.auditor import Learned
from orchestrator.auditors.baseline import BaselineAuditor
from orchestrator.config import Config
from orchestrator.domain.event import (
    Decided,
    Event,
    GuardFailed,
    RunClosed,
    RunOpened,
    SnapshotTaken,
    VerdictGiven,
)
from orchestrator.domain.run import RunFacts
from orchestrator.guard import Guard
from orchestrator.ledger.export import export_run
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.replay.importers import read_runs
from orchestrator.replay.player import Player
from orchestrator.replay.recording import Recording
from tests.guarded.doubles import call

pytestmark = pytest.mark.anyio


class Broken(BaselineAuditor):
    """Cannot keep anything."""

    def keep(self, facts: RunFacts, learned: Learned) -> None:
        raise OSError("disk full")


def make(folder: Path) -> BaselineAuditor:
    return BaselineAuditor(folder=str(folder / "baselines"), min_runs=2, min_actions=4)


async def work(folder: Path, auditor: BaselineAuditor) -> list[Event]:
    async with Guard(Config(), folder / "ledger.db", auditors=[auditor]).run("clerk") as run:
        for name in ("a", "b", "c"):
            await run.review([call("lookup", id=name, query=name)])
            await run.observe(name, "found")
    return list(Reader(folder / "ledger.db").events(run.id))


async def test_each_run_starts_from_what_the_last_one_left(tmp_path: Path) -> None:
    runs = [await work(tmp_path, make(tmp_path)) for _ in range(3)]
    opened = [e.fact.facts.snapshot for run in runs for e in run if isinstance(e.fact, RunOpened)]
    taken = [e.fact for run in runs for e in run if isinstance(e.fact, SnapshotTaken)]
    assert opened == [None, taken[0].snapshot, taken[1].snapshot]
    assert [fact.before for fact in taken] == opened
    assert [fact.runs for fact in taken] == [1, 2, 3]
    assert all(isinstance(run[-1].fact, RunClosed) or isinstance(run[-2].fact, RunClosed)
               for run in runs)  # fmt: skip


async def test_a_replay_reads_the_snapshot_of_then(tmp_path: Path) -> None:
    for _ in range(3):
        live = await work(tmp_path, make(tmp_path))
    await work(tmp_path, make(tmp_path))  # what is known by now is something else
    exported = BytesIO()
    ledger = Ledger.open(tmp_path / "ledger.db")
    export_run(ledger.reader, live[0].run, exported)
    ledger.close()
    path = tmp_path / "run.jsonl"
    path.write_bytes(exported.getvalue())
    (recording,) = read_runs(path)
    assert isinstance(recording, Recording)
    again = (await Player(Config(), auditors=[make(tmp_path)]).play(recording)).events
    for kind in (VerdictGiven, Decided):
        assert [_judged(e) for e in again if isinstance(e.fact, kind)] == [
            _judged(e) for e in live if isinstance(e.fact, kind)
        ]
    assert any(isinstance(e.fact, VerdictGiven) and e.fact.verdict.opinion.kind == "scored"
               for e in again)  # fmt: skip
    assert not any(isinstance(e.fact, SnapshotTaken) for e in again)


async def test_what_cannot_be_kept_costs_only_that(tmp_path: Path) -> None:
    events = await work(tmp_path, Broken(folder=str(tmp_path)))
    failed = [e.fact for e in events if isinstance(e.fact, GuardFailed)]
    assert [(fact.where, fact.cause) for fact in failed] == [("learn", "OSError: disk full")]
    (closed,) = [e.fact for e in events if isinstance(e.fact, RunClosed)]
    assert closed.how == "completed" and closed.summary.failures == {"learn: OSError": 1}


def _judged(event: Event) -> object:
    if isinstance(event.fact, VerdictGiven):
        return event.fact.verdict
    assert isinstance(event.fact, Decided)
    return event.fact.decision.judged, event.fact.decision.suspicion
