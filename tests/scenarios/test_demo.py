"""The demo: what it shows, and that its record judged again gives the same."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest

from orchestrator.cli.demo.office import demo_config, work_through
from orchestrator.domain.decision import Decision
from orchestrator.domain.event import Decided, Event, ResultObserved, RulesChecked
from orchestrator.domain.verdict import Hit
from orchestrator.guard import Guard
from orchestrator.ledger.export import export_run
from orchestrator.ledger.ledger import Ledger
from orchestrator.replay.importers import read_runs
from orchestrator.replay.player import Player
from orchestrator.replay.recording import Recording
from tests.conftest import ROOT

RECORDED = ROOT / "runs" / "demo" / "run.jsonl"
EXPECTED = ["allow", "deny", "allow", "deny", "allow", "escalate", "modify", "escalate"]


def decisions(events: list[Event]) -> list[Decision]:
    return [e.fact.decision for e in events if isinstance(e.fact, Decided)]


def hits(events: list[Event]) -> list[tuple[Hit, ...]]:
    return [e.fact.hits for e in events if isinstance(e.fact, RulesChecked)]


async def play(recording: Recording) -> list[Event]:
    return (await Player(demo_config("unused.db")).play(recording)).events


def read_one(path: Path) -> Recording:
    (recording,) = read_runs(path)
    assert isinstance(recording, Recording)
    return recording


@pytest.mark.anyio
async def test_live_and_replay_agree_on_every_hit_and_decision(tmp_path: Path) -> None:
    config = demo_config(str(tmp_path / "ledger.db"))
    ledger = Ledger.open(config.ledger.path)
    office = tmp_path / "office"
    run = await work_through(Guard(config, ledger), ledger, office, pause=0, answer_after=0)
    live = list(ledger.reader.events(run))
    exported = BytesIO()
    export_run(ledger.reader, run, exported)
    ledger.close()
    path = tmp_path / "run.jsonl"
    path.write_bytes(exported.getvalue())

    again = await play(read_one(path))
    assert [d.judged.value for d in decisions(live)] == EXPECTED
    assert hits(again) == hits(live)
    assert decisions(again) == decisions(live)

    results = [e.fact for e in live if isinstance(e.fact, ResultObserved)]
    assert any(r.hits for r in results), "the note in the invoice is seen"
    with (office / "work" / "payments.csv").open(encoding="utf-8") as file:
        paid = list(csv.reader(file))[1:]
    assert len(paid) == 1 and paid[0][:2] == ["LP-4410", "240.0"]
    assert "4111" not in paid[0][2]
    assert (office / "shared" / "archive.txt").exists()
    assert not (office / "work" / "build").exists()


@pytest.mark.anyio
async def test_the_recorded_demo_judged_again_gives_what_was_recorded() -> None:
    from orchestrator.ledger.export import read_export

    recorded = list(read_export(RECORDED))
    again = await play(read_one(RECORDED))
    assert [d.judged.value for d in decisions(recorded)] == EXPECTED
    assert hits(again) == hits(recorded)
    assert decisions(again) == decisions(recorded)


def test_the_command_tells_it_in_plain_lines(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from orchestrator.cli import main; main(['demo', '--plain'])"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "CROSSAUDIT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    for words in [
        "✗ deny", "../shared", "is outside", "pip install", "nothing against it", "~ modify",
        "memo becomes", "? escalate", "denied by Kim", "verify    chain intact", "Next:",
    ]:  # fmt: skip
        assert words in done.stdout, words
    assert "4111 1111" not in done.stdout
    ledger = (tmp_path / "runs" / "ledger.db").read_bytes()
    assert b"4111 1111" not in ledger
