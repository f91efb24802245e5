"""Ledgers that are locked, cut off, newer or changed: said in a sentence, the rest shown."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.cli.program import run_program
from orchestrator.ledger import engine
from orchestrator.ledger.ledger import Ledger
from orchestrator.replay.feed import LedgerFeed
from tests.conftest import ROOT
from tests.tui.recorded import long_run
from tests.tui.test_app import settle, text_of
from tui.app import CockpitApp, Options

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
EVENTS = 600
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement)
print("held", flush=True)
sys.stdin.readline()
"""
ALL_OF_IT = "PRAGMA locking_mode = EXCLUSIVE"
"""Keeps readers out too; without it a lock keeps out only who writes."""


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
async def ledger(tmp_path: Path) -> Path:
    place = tmp_path / "whole.db"
    whole = Ledger.open(place)
    await whole.open_run("r1").append(*long_run(EVENTS))
    await whole.aclose()
    return place


def hold(place: Path, *statements: str) -> subprocess.Popen[bytes]:
    """Lock a ledger from a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place), *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout
    assert child.stdout.readline() == b"held\n"
    return child


def cut(place: Path, share: float) -> Path:
    """Return a copy of which the end is missing."""
    copy = place.with_name(f"cut-{share}.db")
    data = place.read_bytes()
    copy.write_bytes(data[: int(len(data) * share) + 777])
    return copy


def change(place: Path) -> Path:
    """Return a copy of which one event is not what it was."""
    copy = place.with_name("changed.db")
    shutil.copy(place, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE events SET body = replace(body, 'a', 'b') WHERE seq = 100")
        connection.commit()
    return copy


async def test_a_locked_ledger_is_said_and_shown_once_it_is_free(
    ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "BUSY_S", 0.2)
    with hold(ledger, ALL_OF_IT, "BEGIN EXCLUSIVE") as other:
        assert run_program(["watch", "--plain", "--ledger", str(ledger)]) == 1
        said = capsys.readouterr()
        assert said.err.count("\n") == 1 and "is locked by another process" in said.err
        app = CockpitApp(LedgerFeed(ledger), Options())
        async with app.run_test(size=(160, 50)) as pilot:
            await settle(pilot, lambda: "is locked by another process" in text_of(app))
            other.communicate(b"\n")
            await settle(pilot, lambda: f"{EVENTS} events" in text_of(app))
            assert "locked" not in text_of(app)
        app.watcher.feed.close()


async def test_a_lock_against_writing_does_not_keep_a_screen_out(ledger: Path) -> None:
    app = CockpitApp(LedgerFeed(ledger), Options())
    with hold(ledger, "BEGIN EXCLUSIVE") as other:
        async with app.run_test(size=(160, 50)) as pilot:
            await settle(pilot, lambda: f"{EVENTS} events" in text_of(app))
            assert not app.watcher.problem
        other.communicate(b"\n")
    app.watcher.feed.close()


@pytest.mark.parametrize(
    "damage", [lambda place: cut(place, 0.5), lambda place: cut(place, 0.9), change],
    ids=["half", "tenth", "changed"],
)  # fmt: skip
async def test_what_is_left_of_a_damaged_ledger_is_shown_and_the_rest_named(
    ledger: Path, damage: Callable[[Path], Path]
) -> None:
    place = damage(ledger)
    app = CockpitApp(LedgerFeed(place), Options())
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot, lambda: "UNVERIFIED from event" in text_of(app))
        track = app.track
        assert track and track.broken_at
        await settle(pilot, lambda: app.watcher.is_loaded and "ls " in text_of(app))
        for key in ("g", "G", "k", "pageup"):
            await pilot.press(key)
        await pilot.pause(0.2)
        shown = [row.seq for row in track.rows(0, len(track)) if row.kind != "unreadable"]
        assert set(range(track.broken_at)) <= set(shown)
        assert not any(row.is_verified for row in track.rows(track.broken_at, len(track)))
    app.watcher.feed.close()
    told = tell(place)
    assert "UNVERIFIED" not in "".join(told[:-1])
    assert f"UNVERIFIED from event {track.broken_at}: " in told[-1]
    assert len(told) > track.broken_at / 4


def tell(place: Path) -> list[str]:
    """Return the lines of `watch --plain` up to what it says is wrong."""
    code = "from orchestrator.cli import main; main()"
    command = [sys.executable, "-c", code, "watch", "--plain", "--ledger", str(place)]
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, text=True
    ) as child:
        assert child.stdout
        for line in child.stdout:
            lines.append(line)
            if "UNVERIFIED" in line or "Traceback" in line:
                break
        child.kill()
    return lines


async def test_a_log_cut_off_in_mid_write_loses_what_was_not_whole(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "live.db")
    log = ledger.open_run("r1")
    facts = list(long_run(EVENTS))
    for start in range(0, EVENTS, 20):
        await log.append(*facts[start : start + 20])
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "live.db", copy)
    data = (tmp_path / "live.db-wal").read_bytes()
    (tmp_path / "copy.db-wal").write_bytes(data[: len(data) * 6 // 10 + 777])
    await ledger.aclose()
    app = CockpitApp(LedgerFeed(copy), Options())
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot, lambda: app.watcher.is_loaded and app.track is not None)
        assert app.track and 0 < len(app.track) < EVENTS
        assert app.track.broken_at is None and not app.watcher.problem
    app.watcher.feed.close()


@pytest.mark.parametrize(
    ("how", "says"), [("newer", "was written by a newer crossaudit"), ("stub", "is damaged")]
)
async def test_a_ledger_of_which_nothing_can_be_read_is_one_sentence(
    ledger: Path, how: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if how == "newer":
        with closing(sqlite3.connect(ledger)) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
            connection.commit()
    else:
        ledger = cut(ledger, 0.0)
    assert run_program(["watch", "--plain", "--ledger", str(ledger)]) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and says in said.err
    app = CockpitApp(LedgerFeed(ledger), Options())
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot, lambda: says in text_of(app))
