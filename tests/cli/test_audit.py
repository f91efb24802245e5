"""`crossaudit audit`: what a decision's suspicion is made of."""

from __future__ import annotations

import json
import math
from pathlib import Path

import anyio
import pytest

from orchestrator.auditors.combination import load_combination, rise
from orchestrator.cli.command import Exit
from orchestrator.cli.program import run_program
from orchestrator.config import Config
from orchestrator.domain.event import Decided
from orchestrator.domain.verdict import Abstained, Claim, Opinion, Scored
from orchestrator.guard import Guard
from orchestrator.ledger.reader import Reader
from tests.guarded.doubles import FakeAuditor, call


@pytest.fixture
def decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Record a run with one decision, and return its event."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSAUDIT_LEDGER", "ledger.db")
    claim = Claim(text="not \x1b[2J asked", quote="a@b.example", source="arguments", verified=True)
    opinions: dict[str, Opinion] = {
        "provenance": Scored(suspicion=0.4, claims=(claim,)),
        "oversight": Abstained(why="nothing to go by"),
    }
    auditors = [FakeAuditor(name, opinion) for name, opinion in opinions.items()]

    async def record() -> str:
        config = Config.model_validate({"gate": {"enforce": False}})
        async with Guard(config, "ledger.db", auditors=auditors).run("clerk") as run:
            await run.review([call("send_mail", to="a@b.example")])
            return run.id

    run = anyio.run(record)
    events = Reader("ledger.db").events(run)
    return next(event.id for event in events if isinstance(event.fact, Decided))


def test_it_shows_what_each_source_added(decision: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["audit", decision]) == Exit.OK
    shown = capsys.readouterr().out
    weight = load_combination().weight_of("provenance")
    added = weight * rise(0.4, math.log(0.05 / 0.95))
    assert f"{added:+6.2f}  provenance" in shown
    assert "what any action starts from: 5%" in shown
    assert "provenance: 0.40" in shown and '"a@b.example" in arguments' in shown
    assert "oversight: abstained: nothing to go by" in shown
    assert load_combination().hash[:12] in shown
    assert "\x1b" not in shown and "\\x1b" in shown


def test_a_program_gets_the_same_facts(decision: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["audit", decision, "--json"]) == Exit.OK
    data = json.loads(capsys.readouterr().out)
    assert set(data["contributions"]) == {"prior", "provenance"}
    assert [v["auditor"] for v in data["verdicts"]] == ["provenance", "oversight"]


def test_another_event_is_refused_with_what_to_do(
    decision: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = decision.partition(":")[0]
    assert run_program(["audit", f"{run}:0"]) == Exit.FAILED
    assert f"not a decision; 'crossaudit show {run}'" in capsys.readouterr().err
