"""`crossaudit run --tui` on a real terminal: one run, its agent beside it, and how one leaves."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.domain.event import ApprovalAnswered
from orchestrator.ledger.reader import Reader
from tests.conftest import ROOT
from tests.tui.terminal import ENTERED, LEFT, Terminal

pytestmark = pytest.mark.timeout(180)
AGENT = """
import json, pathlib, sys, time
json.loads(sys.stdin.readline())
def turn(id, tool, **arguments):
    call = dict(id=id, tool=tool, arguments=arguments)
    print(json.dumps(dict(type="turn", id=id, calls=[call])), flush=True)
    return json.loads(sys.stdin.readline())["calls"][0]["decision"]
"""
PAYS = """
print("torn \\x1b[2Jscreen", file=sys.stderr, flush=True)
sys.exit({"allow": 0, "deny": 7}[turn("1", "pay", account="LP-1", amount=5000)])
"""
Start = Callable[..., Terminal]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "ledger.db"))
    return tmp_path / "ledger.db"


@pytest.fixture
def start(ledger: Path) -> Iterator[Start]:
    """Return what starts `crossaudit run` with some flags and an agent."""
    terminals: list[Terminal] = []

    def run(flags: list[str], script: str) -> Terminal:
        agent = [sys.executable, "-c", AGENT + textwrap.dedent(script)]
        terminals.append(Terminal(["run", *flags, "--", *agent]))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


def test_the_run_is_shown_and_answered_and_its_end_told(start: Start, ledger: Path) -> None:
    elder = start(["--agent", "elder"], 'turn("1", "read_file", path="a.txt")')
    assert elder.end() == 0
    screen = start(["--tui", "--agent", "younger"], PAYS)
    screen.see("press a to answer")
    screen.see("younger")
    assert "elder" not in screen.text
    assert "torn" not in screen.text
    screen.type("a")
    screen.see("May pay run?")
    time.sleep(0.6)  # a question takes no answer in its first 0.4 s
    screen.type("y")
    screen.see("completed")
    screen.type("q")
    assert screen.end() == 0
    after = screen.written.rpartition(LEFT)[2]
    assert "torn \\x1b[2Jscreen" in after and ENTERED not in after
    assert screen.is_as_before()


def test_who_leaves_is_told_that_the_agent_goes_on_and_gets_its_exit_code(
    start: Start, ledger: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    screen = start(
        ["--tui"],
        f"""
        turn("1", "read_file", path="a.txt")
        while not pathlib.Path({str(gone)!r}).exists():
            time.sleep(0.05)
        sys.exit(7)
        """,
    )
    screen.see("read_file")
    screen.type("q")
    screen.see("The agent goes on under the guard")
    assert screen.is_as_before() and screen.child.poll() is None
    gone.touch()
    assert screen.end() == 1
    assert "the agent exited with 7" in screen.text


def test_ctrl_c_after_leaving_ends_the_agent_and_closes_the_run(start: Start, ledger: Path) -> None:
    screen = start(["--tui"], PAYS)
    screen.see("press a to answer")
    screen.type("q")
    screen.see("Ctrl+C stops it")
    screen.type("\x03")
    assert screen.end() == 130
    reader = Reader(ledger)
    (row,) = reader.runs()
    facts = [event.fact for event in reader.events(row.run)]
    reader.close()
    (answer,) = (fact for fact in facts if isinstance(fact, ApprovalAnswered))
    assert (row.how, answer.approval.answer) == ("failed", "withdrawn")


def test_ctrl_c_leaves_the_screen_and_a_dumb_terminal_gets_lines() -> None:
    recorded = str(ROOT / "runs" / "demo" / "run.jsonl")
    screen, lines = Terminal(["watch", recorded]), Terminal(["watch", recorded], TERM="dumb")
    try:
        assert lines.end() == 0
        assert "completed" in lines.text and ENTERED not in lines.written
        screen.see("completed")
        screen.type("\x03")
        assert screen.end() == 0 and screen.is_as_before()
    finally:
        screen.close()
        lines.close()


def test_what_never_opened_a_run_is_said_without_waiting_for_a_key(start: Start) -> None:
    screen = start(["--tui", "--tools", "nowhere.json"], PAYS)
    assert screen.end() == 2
    after = screen.written.rpartition(LEFT)[2]
    assert "nowhere.json: cannot be read" in after and screen.is_as_before()
