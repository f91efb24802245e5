from __future__ import annotations

import threading
from pathlib import Path

import anyio
import pytest

from orchestrator.clock import ManualClock
from orchestrator.domain.event import Checkpoint, Event, UserSaid
from orchestrator.errors import StoreError
from orchestrator.ledger.engine import Durability
from orchestrator.ledger.ledger import Ledger, is_run_id
from orchestrator.ledger.memory import MemoryLedger
from orchestrator.ledger.statements import Statements
from orchestrator.ledger.verification import verify_ledger, verify_run
from tests.ledger.edits import edit
from tests.ledger.facts import closed, opened, turn

pytestmark = pytest.mark.anyio


async def test_what_append_returns_is_what_is_read(ledger: Ledger) -> None:
    log = ledger.open_run("r-1")
    written: list[Event] = []
    for facts in ([opened()], turn(0), turn(1), [closed()]):
        written += await log.append(*facts)
    read = list(ledger.reader.events("r-1"))
    assert read[:-1] == written
    assert isinstance(read[-1].fact, Checkpoint)
    assert [event.seq for event in read] == list(range(13))
    assert verify_run(ledger.reader, "r-1", keys=ledger.keys).proof == "signed to event 11"


async def test_append_is_visible_to_others_when_it_returns(ledger: Ledger, location: str) -> None:
    log = ledger.open_run("r")
    other = Ledger.open(location, create=False)
    await log.append(opened())
    for index in range(3):
        [*_, last] = await log.append(*turn(index))
        assert other.reader.event(last.id) == last
    other.close()


async def test_text_no_database_takes_is_kept_in_the_event(ledger: Ledger) -> None:
    log = ledger.open_run("r")
    task = "nul \0 and \u202e and \U0001f600 " + "long " * 1000
    await log.append(opened(task=task), UserSaid(text=task))
    [_, second] = ledger.reader.events("r")
    assert second.fact == UserSaid(text=task)
    [row] = ledger.reader.runs()
    assert row.task is not None
    assert row.task.startswith("nul \ufffd and \u202e")
    assert len(row.task) == 500
    assert verify_run(ledger.reader, "r").first_bad is None


async def test_run_is_opened_once(ledger: Ledger, location: str) -> None:
    await ledger.open_run("r").append(opened())
    with pytest.raises(StoreError, match="run r is already in the ledger"):
        ledger.open_run("r")
    other = Ledger.open(location)
    with pytest.raises(StoreError, match="run r is already in the ledger"):
        other.open_run("r")
    other.close()


async def test_two_processes_cannot_share_a_run(ledger: Ledger, location: str) -> None:
    other = Ledger.open(location)
    ours, theirs, innocent = ledger.open_run("r"), other.open_run("r"), other.open_run("s")
    await ours.append(opened())
    await innocent.append(opened())
    refused: list[StoreError] = []

    async def append() -> None:
        try:
            await theirs.append(opened())
        except StoreError as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(append)
        tasks.start_soon(innocent.append, *turn(0))
    assert "the same run recorded twice" in str(refused[0])
    with pytest.raises(StoreError, match="run r is no longer recorded"):
        await theirs.append(*turn(0))
    await innocent.append(*turn(1))
    assert [verify_run(other.reader, run).events for run in ("r", "s")] == [1, 11]
    other.close()


async def test_nothing_follows_the_end_of_a_run(ledger: Ledger) -> None:
    log = ledger.open_run("r")
    await log.append(opened(), closed())
    with pytest.raises(StoreError, match="run r has ended"):
        await log.append(*turn(0))
    assert verify_run(ledger.reader, "r").events == 3


async def test_fact_that_is_no_json_stops_its_run_only(ledger: Ledger) -> None:
    bad, good = ledger.open_run("bad"), ledger.open_run("good")
    await bad.append(opened())
    with pytest.raises(StoreError, match="a fact of run bad cannot be written"):
        await bad.append(UserSaid.model_construct(text="\ud800"))
    with pytest.raises(StoreError, match="no longer recorded"):
        await bad.append(*turn(0))
    await good.append(opened())
    assert [r.events for r in verify_ledger(ledger.reader)] == [1, 1]


async def test_what_is_queued_behind_a_failure_leaves_no_hole(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ledger.open_run("r")
    await log.append(opened())
    began, queued = threading.Event(), threading.Event()

    def fail_once(*_: object) -> None:
        monkeypatch.undo()
        began.set()
        queued.wait(5)
        raise OSError("the disk is on fire")

    monkeypatch.setattr(Statements, "record", fail_once)
    errors: list[str] = []

    async def append(index: int) -> None:
        try:
            await log.append(*turn(index))
        except StoreError as error:
            errors.append(str(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(append, 0)
        await anyio.to_thread.run_sync(began.wait, 5)
        tasks.start_soon(append, 1)
        await anyio.wait_all_tasks_blocked()
        queued.set()
    assert len(errors) == 2
    assert all("the disk is on fire (run r is no longer recorded)" in error for error in errors)
    assert verify_run(ledger.reader, "r").events == 1


async def test_two_hundred_runs_at_once(ledger: Ledger) -> None:
    acknowledged: dict[str, list[Event]] = {}

    async def record(run: str) -> None:
        log = ledger.open_run(run)
        mine = acknowledged[run] = [*await log.append(opened(agent=run))]
        for index in range(5):
            mine += await log.append(*turn(index))
        mine += await log.append(closed())

    async with anyio.create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(record, f"run-{number}")
    for run, events in acknowledged.items():
        stored = list(ledger.reader.events(run))
        assert stored[:-1] == events
        assert {event.run for event in stored} == {run}
    reports = list(verify_ledger(ledger.reader, keys=ledger.keys))
    assert [r.proof for r in reports] == ["signed to event 26"] * 200
    assert {row.events for row in ledger.reader.runs()} == {28}


async def test_order_within_a_run_is_that_of_the_calls(ledger: Ledger) -> None:
    log = ledger.open_run("r")
    called: list[str] = []

    async def say(text: str) -> None:
        called.append(text)
        [event] = await log.append(UserSaid(text=text))
        assert event.seq == called.index(text)

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(say, str(number))
    said = [e.fact.text for e in ledger.reader.events("r") if isinstance(e.fact, UserSaid)]
    assert said == called


async def test_cancelling_an_append_does_not_tear_the_chain(ledger: Ledger) -> None:
    log = ledger.open_run("r")
    await log.append(opened())
    for index in range(20):
        with anyio.move_on_after(0):
            await log.append(*turn(index))
    await log.append(closed())
    assert verify_run(ledger.reader, "r", keys=ledger.keys).proof == "signed to event 101"


async def test_one_ledger_in_several_threads_and_loops(
    ledger: Ledger, anyio_backend_name: str
) -> None:
    async def record(run: str) -> None:
        log = ledger.open_run(run)
        await log.append(opened())
        for index in range(20):
            await log.append(*turn(index))

    def elsewhere(run: str) -> None:
        anyio.run(record, run, backend=anyio_backend_name)

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(anyio.to_thread.run_sync, elsewhere, f"thread-{number}")
            tasks.start_soon(record, f"task-{number}")
    assert [report.events for report in verify_ledger(ledger.reader)] == [101] * 6


async def test_answers_reach_the_owner_once(ledger: Ledger, location: str) -> None:
    ledger.open_run("r")
    assert await ledger.take_answers("r") == ()
    other = Ledger.open(location, create=False)
    other.send("r", "q1", "edit", by="ada\0", reason="less", arguments={"amount": 3, "to": "\0"})
    other.send("r", "q2", "deny", by="bob")
    other.send("s", "q1", "approve", by="eve")
    first, second = await ledger.take_answers("r")
    assert (first.request, first.answer, first.by, first.reason) == ("q1", "edit", "ada�", "less")
    assert first.arguments == {"amount": 3, "to": "\0"}
    assert (second.request, second.answer, second.arguments) == ("q2", "deny", None)
    assert first.id < second.id
    assert await ledger.take_answers("r") == ()
    assert [answer.by for answer in await other.take_answers("s")] == ["eve"]
    other.close()


async def test_what_is_no_answer_does_no_harm(ledger: Ledger) -> None:
    ledger.open_run("r")
    ledger.send("r", "q\ud800", "edit", by="\ud800", arguments={"a": "\ud800"})
    ledger.send("r", "q2", "edit", by="ada", arguments={"a": 1})
    edit(ledger, "UPDATE inbox SET arguments = :body WHERE request = 'q2'", body=b"{broken")
    ledger.send("r", "q3", "edit", by="ada", arguments={"a": 1})
    edit(ledger, "UPDATE inbox SET arguments = :body WHERE request = 'q3'", body=b"[1]")
    ledger.send("r", "q4", "approve", by="ada")
    edit(ledger, "UPDATE inbox SET answer = 'sing' WHERE request = 'q4'")
    answers = await ledger.take_answers("r")
    assert [(answer.request, answer.arguments) for answer in answers] == [
        ("q\ufffd", {"a": "\ufffd"}), ("q2", None), ("q3", None),
    ]  # fmt: skip
    assert await ledger.take_answers("r") == ()


async def test_runs_recorded_in_memory_are_inserted_whole(ledger: Ledger) -> None:
    memory = MemoryLedger(ManualClock(), ledger.keys)
    for run in ("a", "b"):
        log = memory.open_run(run)
        await log.append(opened(), *turn(0))
        await log.append(closed())
    await ledger.insert([row for log in memory.logs.values() for row in log.stored])
    await ledger.insert([])
    assert list(ledger.reader.events("a")) == memory.logs["a"].events
    reports = list(verify_ledger(ledger.reader, keys=ledger.keys))
    assert [report.proof for report in reports] == ["signed to event 6"] * 2
    with pytest.raises(StoreError, match="the same run recorded twice"):
        await ledger.insert(memory.logs["b"].stored)
    assert len(ledger.reader.decisions("b")) == 1


@pytest.mark.parametrize(("durability", "level"), [("normal", 1), ("full", 2)])
async def test_durability_is_what_was_asked_for(
    tmp_path: Path, durability: Durability, level: int
) -> None:
    ledger = Ledger.open(tmp_path / "l.db", durability=durability)
    await ledger.open_run("r").append(opened())
    found = await ledger.writer.transact(
        lambda connection, _: connection.exec_driver_sql("PRAGMA synchronous").scalar()
    )
    assert found == level
    assert [row.events for row in ledger.reader.runs()] == [1]
    await ledger.aclose()


def test_run_ids() -> None:
    assert is_run_id("20260101-120000-a1b2c3")
    refused = ("", "a b", "a:1", "-", "-a", ".a", "é", "a\n", "a/b", "x" * 101)
    assert not any(is_run_id(text) for text in refused)
