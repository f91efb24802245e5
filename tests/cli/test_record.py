"""`runs`, `show`, `verify`, `export` and `ledger rebuild` over a small recorded ledger."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.command import Exit
from orchestrator.cli.program import program, run_program
from orchestrator.clock import ManualClock
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.decision import Decision, Outcome
from orchestrator.domain.event import (
    Decided,
    Fact,
    ResultObserved,
    RulesChecked,
    RunClosed,
    RunOpened,
    TurnProposed,
)
from orchestrator.domain.run import RunFacts, RunSummary
from orchestrator.ledger.ledger import Ledger

HOSTILE = "all \x1b[2J\u202eclear\nsecond line"


def _facts(task: str) -> tuple[Fact, ...]:
    action = Action(id="t0.0", tool="shell", arguments={"command": "rm -rf build"})
    denied = Decision(
        action="t0.0",
        call_id=None,
        tool="shell",
        judged=Outcome.DENY,
        decision=Outcome.DENY,
        clause="C1",
        reason=f"because {HOSTILE}",
    )
    return (
        RunOpened(facts=RunFacts(agent="clerk", task=task, seed="00", profile="default")),
        TurnProposed(turn=Turn(index=0, message=HOSTILE, actions=(action,))),
        RulesChecked(turn=0),
        Decided(turn=0, decision=denied, micros=120),
        ResultObserved(observation=Observation(action=None, content=HOSTILE)),
        RunClosed(how="completed", summary=RunSummary(turns=1, actions=1)),
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Record two runs, `aa-first` and `ab-second`."""
    path = tmp_path / "ledger.db"

    async def record() -> None:
        opened = Ledger.open(path, clock=ManualClock())
        for run in ("aa-first", "ab-second"):
            await opened.open_run(run).append(*_facts(f"task of {run} {HOSTILE}"))
        opened.close()

    anyio.run(record)
    return path


@pytest.fixture
def call(ledger: Path) -> Callable[..., Result]:
    """Run a command on the ledger as a person would, without the exit code of `main`."""

    def run(*args: str) -> Result:
        everything = [*args, "--ledger", str(ledger)]
        return CliRunner().invoke(
            program, everything, standalone_mode=False, catch_exceptions=False
        )

    return run


def _tamper(ledger: Path, statement: str) -> None:
    with sqlite3.connect(ledger) as connection:
        connection.execute(statement)
    connection.close()


def _rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_runs_lists_what_was_judged(call: Callable[..., Result]) -> None:
    lines = call("runs").stdout.splitlines()
    assert lines[0].split()[:2] == ["RUN", "AGENT"]
    assert [line.split()[0] for line in lines[1:]] == ["aa-first", "ab-second"]
    assert r"task of aa-first all \x1b[2J\u202eclear\nsecond line" in lines[1]
    assert lines[1].isprintable()


def test_runs_as_json(call: Callable[..., Result]) -> None:
    rows = _rows(call("runs", "--json"))
    assert [(row["run"], row["denied"], row["how"]) for row in rows] == [
        ("aa-first", 1, "completed"),
        ("ab-second", 1, "completed"),
    ]
    assert len(_rows(call("runs", "--json", "--limit", "1"))) == 1


def test_runs_of_an_empty_ledger_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Ledger.open(tmp_path / "new.db").close()
    assert run_program(["runs", "--ledger", str(tmp_path / "new.db")]) == Exit.OK
    assert "crossaudit demo" in capsys.readouterr().out


def test_show_numbers_every_event_and_obeys_none(call: Callable[..., Result]) -> None:
    result = call("show", "aa")
    lines = result.stdout.splitlines()
    numbers = [int(line[:5]) for line in lines if line[:5].strip()]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 6
    assert all(line.isprintable() for line in lines)
    assert any("deny" in line and "rm -rf build" in line and "C1" in line for line in lines)


def test_show_one_event_whole(call: Callable[..., Result]) -> None:
    whole = call("show", "aa:1")
    assert r"\u202eclear" in whole.stdout
    assert '"kind": "turn_proposed"' in whole.stdout
    (row,) = _rows(call("show", "aa:1", "--json"))
    assert row["fact"]["turn"]["message"] == HOSTILE


def test_show_as_json_is_one_event_a_line(call: Callable[..., Result]) -> None:
    rows = _rows(call("show", "ab", "--json"))
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    assert {row["run"] for row in rows} == {"ab-second"}


@pytest.mark.parametrize(
    ("what", "said"),
    [("zz", "no run 'zz'"), ("a", "several runs"), ("aa:99", "has no event 99"), ("aa:x", "RUN:")],
)
def test_show_of_nothing_says_so(
    what: str, said: str, ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["show", what, "--ledger", str(ledger)]) == Exit.FAILED
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [["runs"], ["verify"], ["show", "x"], ["ledger", "rebuild"]])
def test_without_a_ledger_it_is_one_sentence(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.db"
    assert run_program([*command, "--ledger", str(missing)]) == Exit.FAILED
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "none.db" in err
    assert not missing.exists()


def test_verify_names_the_proof(call: Callable[..., Result]) -> None:
    result = call("verify")
    assert result.return_value == Exit.OK
    first, second, summary = result.stdout.splitlines()
    assert first.startswith("aa-first: ")
    assert "chain intact, signed to event " in second
    assert summary == "2 runs: 2 signed"


def test_verify_names_the_first_bad_event(call: Callable[..., Result], ledger: Path) -> None:
    _tamper(
        ledger,
        "UPDATE events SET body = CAST(body || ' ' AS BLOB) WHERE run LIKE 'ab%' AND seq = 3",
    )
    result = call("verify", "ab")
    assert result.return_value == Exit.FAILED
    assert result.stdout.startswith("ab-second: event 3 is bad: ")
    (row,) = _rows(call("verify", "ab", "--json"))
    assert (row["first_bad"], row["proof"]) == (3, "")
    assert call("verify", "aa").return_value == Exit.OK
    assert call("verify").stdout.splitlines()[-1] == "2 runs: 1 signed, 1 BROKEN"


def test_verify_finds_a_run_whose_row_was_removed(
    call: Callable[..., Result], ledger: Path
) -> None:
    _tamper(ledger, "DELETE FROM runs WHERE run LIKE 'ab%'")
    assert "ab-second" in call("verify", "ab").stdout


def test_export_is_verified_anywhere(call: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "two.jsonl"
    assert call("export", "aa", "ab", "--out", str(file)).return_value == Exit.OK
    assert call("verify", str(file)).stdout.splitlines()[-1] == "2 runs: 2 signed"
    file.write_bytes(file.read_bytes().replace(b"clerk", b"clark", 1))
    result = call("verify", str(file))
    assert result.return_value == Exit.FAILED
    assert "aa-first: event 0 is bad" in result.stdout


def test_export_to_a_pipe_is_the_same(call: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    call("export", "aa", "--out", str(file))
    assert call("export", "aa").stdout_bytes == file.read_bytes()


def test_export_of_a_broken_run_says_so(call: Callable[..., Result], ledger: Path) -> None:
    _tamper(
        ledger,
        "UPDATE events SET body = CAST(body || ' ' AS BLOB) WHERE run LIKE 'aa%' AND seq = 2",
    )
    result = call("export", "aa")
    assert result.return_value == Exit.FAILED
    assert "event 2 is bad" in result.stderr
    assert result.stdout


def test_verify_takes_another_ledger_file(call: Callable[..., Result], tmp_path: Path) -> None:
    Ledger.open(tmp_path / "other.db").close()
    assert call("verify", str(tmp_path / "other.db")).stdout == "0 runs: nothing to check\n"


def test_a_witness_is_asked_about_ledgers_only(ledger: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    place = ["--ledger", str(ledger)]
    assert run_program(["export", "aa", "--out", str(file), *place]) == Exit.OK
    assert run_program(["verify", str(file), "--witness", "w", *place]) == Exit.USAGE


def test_rebuild_makes_the_tables_anew(call: Callable[..., Result], ledger: Path) -> None:
    before = _rows(call("runs", "--json"))
    _tamper(ledger, "UPDATE runs SET denied = 0")
    assert _rows(call("runs", "--json")) != before
    result = call("ledger", "rebuild", "--json")
    assert _rows(result)[0]["events"] == sum(row["events"] for row in before)
    assert _rows(call("runs", "--json")) == before


def test_completion_offers_runs(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import click

    from orchestrator.cli.options import complete_runs

    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(ledger))
    context, parameter = click.Context(program), click.Argument(["what"])
    assert complete_runs(context, parameter, "ab") == ["ab-second"]
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(ledger.parent / "none.db"))
    assert complete_runs(context, parameter, "ab") == []
