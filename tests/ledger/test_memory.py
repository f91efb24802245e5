from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrator.clock import ManualClock
from orchestrator.domain.event import Checkpoint
from orchestrator.errors import StoreError
from orchestrator.ledger import checkpoint
from orchestrator.ledger.memory import MemoryLedger
from tests.ledger.facts import closed, opened, turn

pytestmark = pytest.mark.anyio


async def test_append_returns_one_event_a_fact_and_keeps_all() -> None:
    ledger = MemoryLedger(ManualClock())
    log = ledger.open_run("r")
    events = [*await log.append(opened()), *await log.append(*turn(0)), *await log.append(closed())]
    assert [event.seq for event in events] == list(range(7))
    assert log.events[:-1] == events
    assert isinstance(log.events[-1].fact, Checkpoint)
    assert [row.body.decode() for row in log.stored] == [e.model_dump_json() for e in log.events]
    assert await ledger.take_answers("r") == ()
    await ledger.aclose()


async def test_run_is_opened_once_and_ends_once() -> None:
    ledger = MemoryLedger()
    log = ledger.open_run("r")
    with pytest.raises(StoreError, match="opened once"):
        ledger.open_run("r")
    await log.append(opened(), closed())
    with pytest.raises(StoreError, match="run r has ended"):
        await log.append(*turn(0))


async def test_checkpoint_every_so_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY", 10)
    log = MemoryLedger().open_run("r")
    for index in range(6):
        await log.append(*turn(index))
    places = [e.seq for e in log.events if isinstance(e.fact, Checkpoint)]
    assert places == [10, 21, 32]
    for event in log.events:
        if isinstance(event.fact, Checkpoint):
            assert event.fact.count == event.seq
            assert event.fact.head == log.stored[event.seq - 1].hash


def test_needs_no_database() -> None:
    code = "import sys, orchestrator.ledger.memory; print('sqlmodel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"
