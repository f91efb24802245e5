"""A guard in one process and the screen in another."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from orchestrator.clock import SystemClock
from orchestrator.domain.event import ApprovalRequested
from orchestrator.ledger.reader import Reader
from orchestrator.replay.feed import LedgerFeed, Person
from tests.conftest import ROOT
from tests.tui.test_app import settle, text_of
from tui.app import CockpitApp, Options
from tui.screens.question import QuestionScreen

GENEROUS_SECONDS = 2.0
"""What is measured is 0.07 s, at p99 0.16 to 0.22 s; a busy machine must not fail the test."""
AGENT = """
    import json, sys
    json.loads(sys.stdin.readline())
    call = dict(id="c1", tool="pay", arguments=dict(account="LP-1", amount=5000))
    sys.stdout.write(json.dumps(dict(type="turn", id="1", calls=[call])) + chr(10))
    sys.stdout.flush()
    answer = json.loads(sys.stdin.readline())["calls"][0]
    sys.exit({"allow": 0, "deny": 7}[answer["decision"]])
"""


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSAUDIT_LEDGER", str(tmp_path / "ledger.db"))
    return tmp_path / "ledger.db"


@pytest.fixture
def guard(ledger: Path) -> Iterator[subprocess.Popen[bytes]]:
    code = "from orchestrator.cli import main; main()"
    agent = [sys.executable, "-c", textwrap.dedent(AGENT)]
    child = subprocess.Popen(
        [sys.executable, "-c", code, "run", "--quiet", "--", *agent],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    yield child
    child.kill()
    child.wait()


def screen_on(ledger: Path, tmp_path: Path) -> CockpitApp:
    token = tmp_path / "token"
    token.write_text("sesame", "utf-8")
    feed = LedgerFeed(ledger, Person("ada", token, "sesame"))
    return CockpitApp(feed, Options(can_answer=True))


async def wait_for_question(app: CockpitApp, pilot: Pilot[None]) -> None:
    for _ in range(1500):
        if "press a to answer" in text_of(app):
            return
        await pilot.pause(0.02)
    pytest.fail("no question appeared")


async def test_an_answer_on_the_screen_releases_the_action_in_the_other_process(
    ledger: Path, tmp_path: Path, guard: subprocess.Popen[bytes]
) -> None:
    app = screen_on(ledger, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_question(app, pilot)
        seen = SystemClock().now()
        reader = Reader(ledger)
        requested = next(
            e for e in reader.events(reader.run_ids()[0]) if isinstance(e.fact, ApprovalRequested)
        )
        reader.close()
        assert (seen - requested.at).total_seconds() < GENEROUS_SECONDS
        await pilot.press("a")
        await settle(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await pilot.pause(0.5)
        await pilot.press("y")
        await settle(pilot, lambda: guard.poll() is not None)
        assert guard.returncode == 0
        await settle(pilot, lambda: "approved" in text_of(app) and "ada" in text_of(app))
    app.watcher.feed.close()


async def test_a_screen_that_was_killed_shows_all_of_it_again(
    ledger: Path, tmp_path: Path, guard: subprocess.Popen[bytes]
) -> None:
    first = screen_on(ledger, tmp_path)
    async with first.run_test(size=(80, 24)) as pilot:
        await wait_for_question(first, pilot)
    # Nothing was closed or said: the second one finds the same question still open.
    second = screen_on(ledger, tmp_path)
    async with second.run_test(size=(80, 24)) as pilot:
        await wait_for_question(second, pilot)
        await settle(pilot, lambda: second.track is not None and second.watcher.is_loaded)
        assert guard.poll() is None and second.track
        assert second.track.state.waiting and second.track.broken_at is None
        await pilot.press("a")
        await settle(pilot, lambda: isinstance(second.screen, QuestionScreen))
        await pilot.pause(0.5)
        await pilot.press("d")
        await settle(pilot, lambda: guard.poll() is not None)
        assert guard.returncode == 1  # the agent said 7: it was denied
    for app in (first, second):
        app.watcher.feed.close()


async def test_a_screen_reads_nothing_while_nothing_is_written(
    ledger: Path, tmp_path: Path, guard: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = screen_on(ledger, tmp_path)
    reads: list[str] = []
    for name in ("runs", "waiting", "count", "read"):
        asked = getattr(app.watcher.feed, name)

        def ask(*args: object, name: str = name, asked: Callable[..., object] = asked) -> object:
            reads.append(name)
            return asked(*args)

        monkeypatch.setattr(app.watcher.feed, name, ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for_question(app, pilot)
        await pilot.pause(1.5)
        assert set(reads) == {"runs", "waiting", "count", "read"}
        reads.clear()
        await pilot.pause(1.0)
        assert not reads
    app.watcher.feed.close()


async def test_a_ledger_of_a_newer_form_is_one_sentence(ledger: Path, tmp_path: Path) -> None:
    from orchestrator.ledger.ledger import Ledger

    Ledger.open(ledger).close()
    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    connection.close()
    app = screen_on(ledger, tmp_path)
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot, lambda: "written by a newer crossaudit" in text_of(app))


@pytest.fixture
def foreign(ledger: Path) -> Path:
    ledger.write_bytes(b"not a database, but long enough to be looked at as one" * 50)
    return ledger


async def test_a_file_that_is_no_ledger_is_one_sentence(foreign: Path, tmp_path: Path) -> None:
    app = screen_on(foreign, tmp_path)
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot, lambda: "is not a ledger of crossaudit" in text_of(app))
