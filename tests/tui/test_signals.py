"""A screen on a real terminal that is killed or told to end, beside a guard that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
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
from tests.tui.test_run_screen import AGENT, PAYS

pytestmark = pytest.mark.timeout(180)
Watch = Callable[..., Terminal]
AGENT_COMMAND = [sys.executable, "-c", AGENT + textwrap.dedent(PAYS)]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "ledger.db"))
    return tmp_path / "ledger.db"


@pytest.fixture
def guard(ledger: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start an agent whose payment waits for a person, under a guard without a screen."""
    code = "from orchestrator.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, "run", "--quiet", "--", *AGENT_COMMAND],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def start(ledger: Path) -> Iterator[Watch]:
    """Return what starts a command on a terminal of its own."""
    terminals: list[Terminal] = []

    def run(*words: str) -> Terminal:
        terminals.append(Terminal(words))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


def answers(ledger: Path) -> tuple[str | None, list[str]]:
    """Return how the only run ended, and what was answered in it."""
    reader = Reader(ledger)
    (row,) = reader.runs()
    facts = [event.fact for event in reader.events(row.run)]
    reader.close()
    return row.how, [fact.approval.answer for fact in facts if isinstance(fact, ApprovalAnswered)]


def test_a_screen_killed_over_a_question_finds_it_again_and_its_answer_counts(
    start: Watch, ledger: Path, guard: subprocess.Popen[bytes]
) -> None:
    killed = start("watch")
    killed.see("press a to answer")
    killed.type("a")
    killed.see("May pay run?")
    killed.child.kill()
    assert killed.end() == -signal.SIGKILL
    assert guard.poll() is None
    screen = start("watch")
    screen.see("press a to answer")
    screen.type("a")
    screen.see("May pay run?")
    time.sleep(0.6)  # a question takes no answer in its first 0.4 s
    screen.type("y")
    assert guard.wait(30) == 0
    screen.see("completed")
    assert answers(ledger) == ("completed", ["approved"])


def test_a_screen_told_to_end_gives_the_terminal_back_and_the_guard_goes_on(
    start: Watch, ledger: Path, guard: subprocess.Popen[bytes]
) -> None:
    screen = start("watch")
    screen.see("press a to answer")
    assert not screen.is_as_before()
    screen.child.terminate()
    assert screen.end() == 128 + signal.SIGTERM
    assert screen.is_as_before()
    after = screen.written.rpartition(LEFT)[2]
    assert LEFT in screen.written and ENTERED not in after and "Traceback" not in after
    assert guard.poll() is None
    assert answers(ledger) == (None, [])


@pytest.mark.parametrize("has_left", [False, True])
def test_run_on_a_screen_told_to_end_closes_its_run(
    start: Watch, ledger: Path, has_left: bool
) -> None:
    screen = start("run", "--tui", "--", *AGENT_COMMAND)
    screen.see("press a to answer")
    if has_left:
        screen.type("q")
        screen.see("Ctrl+C stops it")
    screen.child.terminate()
    assert screen.end() == 128 + signal.SIGTERM
    assert screen.is_as_before() and "Traceback" not in screen.written.rpartition(LEFT)[2]
    assert answers(ledger) == ("failed", ["withdrawn"])
