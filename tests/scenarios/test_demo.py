"""The demo: what it shows, and that its record judged again gives the same."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.cli.demo.auditors import BASE_URL, MODELS
from orchestrator.cli.demo.office import demo_config, work_through
from orchestrator.cli.program import run_program
from orchestrator.domain.decision import Decision
from orchestrator.domain.event import (
    Decided,
    Event,
    PanelConvened,
    PanelSettled,
    ResultObserved,
    RulesChecked,
    VerdictGiven,
)
from orchestrator.domain.verdict import Hit
from orchestrator.guard import Guard
from orchestrator.ledger.export import export_run
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.replay.importers import read_runs
from orchestrator.replay.player import Player
from orchestrator.replay.recording import Recording
from tests.conftest import ROOT
from tests.loopback.server import fails, serving

RECORDED = ROOT / "runs" / "demo" / "run.jsonl"
EXPECTED = [
    "allow", "deny", "allow", "deny", "allow", "escalate", "modify", "allow", "allow", "escalate",
]  # fmt: skip


def decisions(events: list[Event]) -> list[Decision]:
    return [e.fact.decision for e in events if isinstance(e.fact, Decided)]


def hits(events: list[Event]) -> list[tuple[Hit, ...]]:
    return [e.fact.hits for e in events if isinstance(e.fact, RulesChecked)]


def rulings(events: list[Event]) -> list[tuple[str, str, float | None]]:
    found = [e.fact.ruling for e in events if isinstance(e.fact, PanelSettled)]
    return [(r.action, r.end, r.probability) for r in found]


def prompts(events: list[Event]) -> list[str]:
    verdicts = [e.fact.verdict for e in events if isinstance(e.fact, VerdictGiven)]
    return [verdict.prompt for verdict in verdicts if verdict.model]


async def play(recording: Recording, models: Sequence[ModelAuditor] | None = None) -> list[Event]:
    return (await Player(demo_config("unused.db"), models=models).play(recording)).events


@pytest.fixture(autouse=True)
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", BASE_URL, MODELS):
        monkeypatch.delenv(name, raising=False)


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

    assert rulings(again) == rulings(live)
    assert prompts(again) == prompts(live) and len(prompts(live)) == 28

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
    has_panel = any(isinstance(event.fact, PanelConvened) for event in recorded)
    again = await play(read_one(RECORDED), None if has_panel else ())
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
        "0 connections tried, none possible",
    ]:  # fmt: skip
        assert words in done.stdout, words
    lines = done.stdout.splitlines()
    books = [line for line in lines if "books/check.sh" in line or "a look before" in line]
    assert any(line.startswith("    ● scripted-north") for line in books), "one disagrees"
    assert sum(line.startswith("    ○ scripted-") for line in books) == 2
    assert any(line.startswith("✓ allow") for line in books), "and the others settle it"
    assert "⚖ panel: they differ, clear" in done.stdout
    struck = next(line for line in lines if "stands nowhere, struck" in line)
    assert struck.startswith("    ✗ scripted-south")
    step = (
        "watched from the next run on: rubber stamp (P1), inconclusive, e-value 6.34 from 3 events"
    )
    assert f"    ▲ scripted-west is {step}" in lines
    assert "clear at" in done.stdout and "held at" in done.stdout
    assert "4111 1111" not in done.stdout
    assert "CROSSAUDIT" not in done.stderr
    ledger = (tmp_path / "runs" / "ledger.db").read_bytes()
    assert b"4111 1111" not in ledger


def test_with_a_server_the_auditors_are_real_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "ledger.db"))
    with serving() as server:
        server.play(fails(500, "no"))
        monkeypatch.setenv(BASE_URL, f"{server.url}/v1")
        monkeypatch.setenv(MODELS, "openai:m-1,openai:m-2")
        assert run_program(["demo", "--plain"]) == 0
        asked = {one.body["model"] for one in server.asked}
    out = capfd.readouterr().out
    assert asked == {"m-1", "m-2"}
    assert "they are real: this uses the network" in out and "scripted-" not in out
    assert "m-1-0" in out and "failed: " in out and "too few votes" in out
    assert "none possible" not in out


def test_show_audit_and_explain_tell_of_the_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "ledger.db"))
    assert run_program(["demo", "--plain"]) == 0
    capfd.readouterr()
    with closing(Reader(tmp_path / "ledger.db")) as reader:
        run = reader.runs()[0].run
        log = next(
            event.id
            for event in reader.events(run)
            if isinstance(event.fact, Decided) and event.fact.decision.tool == "write_file"
        )
    assert run_program(["show", run]) == 0
    shown = capfd.readouterr().out
    assert "⚖ panel: clear" in shown and "○ scripted-east" in shown
    for command in ("audit", "explain"):
        assert run_program([command, log]) == 0
        out = capfd.readouterr().out
        assert "panel" in out and "held at" in out and "1 abstained" in out
        assert run_program([command, log, "--json"]) == 0
        assert json.loads(capfd.readouterr().out)["ruling"]["end"] == "held"
