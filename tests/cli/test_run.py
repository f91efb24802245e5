"""`crossaudit run` and the commands people answer with, in real processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from orchestrator.cli.program import run_program
from orchestrator.errors import StoreError
from orchestrator.ledger.reader import Reader
from tests.conftest import ROOT

AGENT = """
import json, sys
json.loads(sys.stdin.readline())
def turn(id, tool, **arguments):
    call = dict(id=id, tool=tool, arguments=arguments)
    print(json.dumps(dict(type="turn", id=id, calls=[call])), flush=True)
    return json.loads(sys.stdin.readline())["calls"][0]
"""


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ledger.db"
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(path))
    return path


def agent(script: str) -> list[str]:
    return ["run", "--", sys.executable, "-c", AGENT + textwrap.dedent(script)]


def start(script: str) -> subprocess.Popen[str]:
    code = "import sys; from orchestrator.cli import main; main(sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", code, *agent(script)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def wait_for_request(ledger: Path) -> str:
    for _ in range(400):
        with contextlib.suppress(StoreError):  # the child may be about to make the ledger
            if waiting := Reader(ledger).pending():
                return waiting[0][1].id
        time.sleep(0.05)
    pytest.fail("nothing was escalated")


def test_exit_codes_say_how_it_ended(ledger: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_program(agent('assert turn("1", "shell", command="ls")["decision"] == "allow"')) == 0
    assert run_program(agent("sys.exit(5)")) == 1
    assert "the agent exited with 5" in capfd.readouterr().err
    assert run_program(agent('print("hello", flush=True); sys.stdin.read()')) == 3
    err = capfd.readouterr().err
    assert "is not JSON" in err and "the guard stopped run" in err
    assert run_program(["run", "--", "no-such-agent"]) == 1


def test_an_escalation_waits_for_another_process(
    ledger: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    child = start(
        """
        answer = turn("1", "pay", account="LP-1", amount=5000)
        sys.exit({"allow": 0, "deny": 7}[answer["decision"]])
        """
    )
    request = wait_for_request(ledger)
    assert run_program(["approvals"]) == 0
    out = capfd.readouterr().out
    assert request in out and "5000" in out and "then deny" in out

    assert run_program(["approve", request, "--as", "ada"]) == 1
    assert "needs a terminal" in capfd.readouterr().err
    assert run_program(["approvals", "--new-token"]) == 0
    token = capfd.readouterr().out.strip()
    monkeypatch.setenv("CROSSAUDIT_RUN", "r")
    assert run_program(["approve", request, "--as", "ada", "--token", token]) == 1
    assert "inside the guarded run" in capfd.readouterr().err
    monkeypatch.delenv("CROSSAUDIT_RUN")

    assert run_program(["approve", request, "--as", "ada", "--token", token]) == 0
    assert child.wait(20) == 0
    assert child.stderr is not None and "approved by ada" in child.stderr.read()
    child.stderr.close()
    assert run_program(["approvals"]) == 0
    assert "Nothing waits." in capfd.readouterr().out
    assert run_program(["deny", request, "--as", "bo", "--token", token]) == 1
    assert "nothing waits as" in capfd.readouterr().err


def test_edited_arguments_are_the_ones_that_run(
    ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    child = start(
        """
        answer = turn("1", "pay", account="LP-1", amount=5000)
        sys.exit(0 if answer["arguments"] == {"account": "LP-1", "amount": 50} else 7)
        """
    )
    request = wait_for_request(ledger)
    run_program(["approvals", "--new-token"])
    token = capfd.readouterr().out.strip()
    edit = ["edit", request, "--as", "ada", "--token", token, "--arguments"]
    assert run_program([*edit, "not json"]) == 1
    assert run_program([*edit, '{"account": "LP-1", "amount": 50}']) == 0
    assert child.wait(20) == 0
    assert child.stderr is not None
    child.stderr.close()


def test_observe_holds_nothing_and_says_what_it_would_have_done(
    ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = 'assert turn("1", "shell", command="rm -rf /etc")["decision"] == "allow"'
    command = agent(script)
    assert run_program(["run", "--profile", "observe", *command[1:]]) == 0
    assert "deny" in (err := capfd.readouterr().err) and "not held" in err
    assert "1 action: observed only; would have denied 1" in err


def test_a_run_told_to_end_is_closed_and_its_agent_ends(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    agent = "import sys; print('{', flush=True, end=''); sys.stdin.read()"
    words = ["run", "--ledger", str(ledger), "--", sys.executable, "-c", agent]
    code = "from orchestrator.cli import main; import sys; main(sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert "run " in process.stderr.readline(), "it has begun"
        process.terminate()
        said = process.stderr.read()
    assert process.returncode == 143 and "Traceback" not in said
    reader = Reader(ledger)
    (row,) = reader.runs()
    assert row.how == "failed"
    reader.close()
