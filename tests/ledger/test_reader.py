from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.clock import ManualClock
from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import UserSaid
from orchestrator.errors import StoreError
from orchestrator.ledger import reader as reading
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.verification import verify_run
from tests.ledger.edits import edit
from tests.ledger.facts import answered, asked, closed, opened, turn

pytestmark = pytest.mark.anyio


async def test_runs_are_listed_newest_first_with_their_tallies(location: str) -> None:
    clock = ManualClock()
    ledger = Ledger.open(location, clock=clock)
    for run in ("old", "new"):
        clock.move(60)
        await ledger.open_run(run).append(opened(agent=run))
    log = ledger.open_run("last")
    clock.move(60)
    await log.append(opened(), *turn(0), *turn(1, Outcome.DENY), *asked(2))
    await log.append(closed())
    rows = ledger.reader.runs()
    assert [(row.run, row.agent) for row in rows[1:]] == [("new", "new"), ("old", "old")]
    last = rows[0]
    assert (last.turns, last.actions, last.observed, last.events) == (2, 2, 2, 15)
    assert (last.allowed, last.denied, last.escalated) == (1, 1, 1)
    assert (last.how, last.opened, last.closed) == ("completed", clock.now(), clock.now())
    assert [row.tool for row in ledger.reader.decisions("last")] == ["shell"] * 3
    ledger.close()


async def test_run_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    for run in ("a1", "a12", "b_1", "bx1"):
        await ledger.open_run(run).append(opened())
    reader = ledger.reader
    assert [reader.find_run(prefix).run for prefix in ("a1", "a12", "b_", "bx")] == [
        "a1", "a12", "b_1", "bx1",
    ]  # fmt: skip
    with pytest.raises(StoreError, match=r"'b' is the beginning of several runs \(b_1, bx1\)"):
        reader.find_run("b")
    with pytest.raises(StoreError, match="no run 'c%' in"):
        reader.find_run("c%")


async def test_event_is_found_by_its_id(ledger: Ledger) -> None:
    [first, second] = await ledger.open_run("run-1").append(opened(), UserSaid(text="hello"))
    assert ledger.reader.event("run-1:0") == first
    assert ledger.reader.event("run:1") == second
    with pytest.raises(StoreError, match="run run-1 has no event 2"):
        ledger.reader.event("run-1:2")
    for id in ("run-1", "run-1:", "run-1:x", ":1", "run-1:²"):
        with pytest.raises(StoreError, match="write RUN:NUMBER"):
            ledger.reader.event(id)


async def test_events_come_in_pages(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 4)
    log = ledger.open_run("r")
    for index in range(3):
        await log.append(*turn(index))

    def numbers(after: int = -1, limit: int | None = None) -> list[int]:
        return [event.seq for event in ledger.reader.events("r", after, limit)]

    assert numbers() == list(range(15))
    assert numbers(after=6) == list(range(7, 15))
    assert numbers(after=3, limit=6) == [4, 5, 6, 7, 8, 9]
    assert numbers(limit=0) == numbers(after=14) == []
    assert numbers(limit=4) == [0, 1, 2, 3]


async def test_tail_follows_all_runs_in_the_order_of_writing(ledger: Ledger) -> None:
    one, two = ledger.open_run("one"), ledger.open_run("two")
    written = [*await one.append(opened()), *await two.append(opened())]
    written += [*await two.append(*turn(0)), *await one.append(*turn(0))]
    seen, last = [], 0
    while page := ledger.reader.tail(last, limit=5):
        seen += [event for _, event in page]
        last = page[-1][0]
    assert seen == written
    assert ledger.reader.tail(last) == []
    assert len(ledger.reader.tail(limit=100)) == 12


async def test_pending_lists_what_still_waits(ledger: Ledger) -> None:
    open_run, ended = ledger.open_run("open"), ledger.open_run("ended")
    await open_run.append(opened(), *asked(1), *asked(2, needed=2))
    await ended.append(opened(), *asked(3), closed())
    assert [(run, q.id) for run, q in ledger.reader.pending()] == [("open", "q1"), ("open", "q2")]
    await open_run.append(*answered(1))
    [(run, request)] = ledger.reader.pending()
    assert (run, request.id, request.needed) == ("open", "q2", 2)
    settled = {row.action: row.settled for row in ledger.reader.decisions("open")}
    assert settled == {"a1": "deny", "a2": "escalate"}


WRITER = """
import sys, anyio
from itertools import count
from orchestrator.ledger.ledger import Ledger
from tests.ledger.facts import opened, turn

async def main():
    log = Ledger.open(sys.argv[1]).open_run("r")
    await log.append(opened())
    print("ready", flush=True)
    for index in count():
        await log.append(*turn(index))
        await anyio.sleep(0.005)

anyio.run(main)
"""


def test_readable_while_another_process_writes(tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    command = [sys.executable, "-c", WRITER, str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
        reader = Reader(place)
        try:
            reports = [verify_run(reader, "r") for _ in range(5)]
        finally:
            writer.kill()
    reports.append(verify_run(reader, "r"))
    assert {(report.first_bad, report.proof) for report in reports} == {(None, "chain intact")}
    counts = [report.events for report in reports]
    assert counts == sorted(counts)
    assert counts[0] < counts[2] < counts[-1]
    reader.close()


async def test_version_changes_with_what_others_write_and_holds_no_transaction(
    tmp_path: Path,
) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    log = ledger.open_run("run")
    await log.append(opened())
    reader = Reader(tmp_path / "ledger.db")
    before = reader.version()
    assert before is not None
    assert reader.version() == before
    await log.append(UserSaid(text="more"))
    after = reader.version()
    assert after != before
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        assert other.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] == 0
    assert reader.version() == after
    reader.close()
    ledger.close()


async def test_event_of_an_unknown_kind_is_named(ledger: Ledger) -> None:
    await ledger.open_run("r").append(opened())
    edit(ledger, "UPDATE events SET body = :body", body=b'{"fact":{"kind":"from_the_future"}}')
    with pytest.raises(StoreError, match="event r:0 cannot be read: it is damaged"):
        list(ledger.reader.events("r"))
    assert [row.seq for row in ledger.reader.stored("r")] == [0]
