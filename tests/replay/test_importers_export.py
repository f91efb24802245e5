"""A run exported from a ledger is read back as it was proposed."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from orchestrator.domain.event import RunOpened, TurnProposed
from orchestrator.ledger.export import export_run
from orchestrator.ledger.ledger import Ledger
from orchestrator.replay.importers import read_runs
from orchestrator.replay.recording import AgentTurn, Recording, Unreadable
from tests.ledger.facts import opened, turn

RUNS = ("r-1", "r-2")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    ledger = Ledger.open(tmp_path / "ledger.db")
    anyio.run(_record, ledger)
    path = tmp_path / "runs.jsonl"
    with path.open("wb") as out:
        for run in RUNS:
            export_run(ledger.reader, run, out)
    ledger.close()
    return path


async def _record(ledger: Ledger) -> None:
    for run in RUNS:
        await ledger.open_run(run).append(opened(), *turn(0), *turn(1))


def test_an_export_is_read_back(exported: Path) -> None:
    first, second = read_runs(exported)
    assert isinstance(first, Recording)
    assert isinstance(second, Recording)
    facts, proposed = opened(), [f for n in (0, 1) for f in turn(n) if isinstance(f, TurnProposed)]
    assert isinstance(facts, RunOpened)
    assert (first.seed, first.task, first.root) == (
        facts.facts.seed, facts.facts.task, facts.facts.root,
    )  # fmt: skip
    assert first.steps == second.steps
    assert first.source.record < second.source.record
    turns = [step.turn for step in first.steps if isinstance(step, AgentTurn)]
    assert turns == [fact.turn for fact in proposed]


def test_a_damaged_export_loses_only_the_damaged_line(exported: Path) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"kind"', b'"kino"')
    exported.write_bytes(b"".join(lines))
    bad, *runs = read_runs(exported)
    assert isinstance(bad, Unreadable)
    assert bad.why == "line 2: is not an event of crossaudit"
    assert len(runs) == 2
    assert all(isinstance(run, Recording) for run in runs)


def test_an_export_without_its_beginning_is_refused_line_by_line(exported: Path) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join(lines[1:3]))
    found = list(read_runs(exported))
    assert found
    assert all(isinstance(item, Unreadable) for item in found)
    assert "the run r-1 has no beginning here" in str(found[0])
