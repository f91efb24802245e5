"""The graph as a screen reads it: live from a ledger, and rewound in a recording."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import anyio
import pytest

from orchestrator.errors import StoreError
from orchestrator.guard import Guard
from orchestrator.ledger.reader import Reader
from orchestrator.replay import graph_feed
from orchestrator.replay.feed import ExportFeed, LedgerFeed
from orchestrator.replay.graph import Choice, Graph, name_finding, read_graph
from orchestrator.replay.graph_feed import GraphReader
from orchestrator.replay.observing import rebuild
from tests.audits.doubles import TASK, TOOLS, Script, auditor, look_up, mail, settings, stamp
from tests.conftest import ROOT

DEMO = ROOT / "runs" / "demo" / "run.jsonl"
PLENTY = 60.0


async def record(path: Path, agent: str, turns: int = 12) -> str:
    models = [auditor("stamper", Script("alpha", stamp)), auditor("bob", Script("beta", look_up))]
    guard = Guard(settings(canary_rate=1.0), path, auditors=[], models=models)
    async with guard, guard.run(agent, task=TASK, tools=TOOLS, seed="s1") as run:
        for number in range(turns):
            await run.review([mail(number)])
            await run.observe(f"c{number}", "sent")
        return run.id


def look(reader: GraphReader, run: str = "", seq: int | None = None) -> Graph:
    found = reader.look(run, seq, PLENTY)
    assert found and found.is_whole
    return found


def read_whole(path: Path) -> Graph:
    with closing(Reader(path)) as reader:
        return read_graph(rebuild(reader))


def test_a_ledger_is_followed_and_comes_to_what_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    reader = GraphReader(LedgerFeed(path))
    assert reader.look("", None, PLENTY) is None, "there is no ledger yet"
    for runs, agent in enumerate(("clerk", "cook"), 1):
        anyio.run(record, path, agent)
        seen = look(reader)
        assert seen.runs == runs and "every run" in seen.scope
        assert seen[:3] == read_whole(path)[:3] and seen.votes == read_whole(path).votes
        assert look(reader) is seen, "nothing was written, so nothing is computed"
    assert list(seen.scene.agents) == ["clerk", "cook"] and seen.scene.alarmed == {"stamper"}
    reader.close()


def test_a_long_ledger_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    anyio.run(record, path, "clerk", 4)
    reader = GraphReader(LedgerFeed(path))
    taken, looks = 0, 0
    while not (seen := reader.look("", None, 0.0) or pytest.fail("no graph")).is_whole:
        assert seen.taken == taken + 1, "an event a look, where there is no time at all"
        taken, looks = seen.taken, looks + 1
    assert looks > 20 and seen[:3] == read_whole(path)[:3]
    reader.close()


def test_behind_every_part_stand_its_events(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    run = anyio.run(record, path, "clerk")
    reader = GraphReader(LedgerFeed(path))
    seen = look(reader)
    (alarm,) = [one for one in seen.findings if one.status == "alarm"]
    behind = reader.behind(("finding", (name_finding(alarm),)))
    assert len(behind) == len(alarm.events)
    assert {(one.run, one.row.kind, one.row.subject) for one in behind} == {
        (run, "canary_shown", "stamper")
    }
    pair = reader.behind(("pair", ("stamper", "clerk")))
    assert {one.row.subject for one in pair} == {"stamper"}
    assert [one.row.seq for one in pair] == sorted((one.row.seq for one in pair), reverse=True)
    assert all("others' evidence" in one.note and "leniency" in one.note for one in pair)
    both = reader.behind(("both", ("stamper", "bob")))
    assert {one.row.subject for one in both} == {"stamper", "bob"}
    nothing: list[Choice] = [
        ("pair", ("nobody", "clerk")), ("both", ("nobody", "bob")), ("finding", ("P1:nobody",)),
        ("step", ("nobody", "", "")),
    ]  # fmt: skip
    assert not any(reader.behind(choice) for choice in nothing)
    reader.close()


def test_a_recording_shows_what_was_known_at_an_event() -> None:
    feed = ExportFeed(DEMO)
    (card,) = feed.runs()
    reader = GraphReader(feed)
    whole = look(reader, card.run)
    assert whole.steps and "whole recording" in whole.scope and "after" not in whole.scope
    step = whole.steps[0].sanction
    half = look(reader, card.run, feed.count(card.run) // 2)
    assert 0 < half.votes < whole.votes and not half.steps and "up to event" in half.scope
    early = look(reader, card.run, 3)
    assert early.votes == 0 and early.taken == 4
    again = look(reader, card.run, feed.count(card.run) // 2)
    assert again == half, "forth and back comes to the same"
    last = look(reader, card.run, feed.count(card.run) - 1)
    assert (last.findings, last.steps) == (whole.findings, whole.steps)
    behind = reader.behind(("step", (step.auditor, step.version, step.about)))
    assert [f"{one.run}:{one.row.seq}" for one in reversed(behind)] == list(step.evidence)
    reader.close()
    feed.close()


def test_a_long_recording_says_that_it_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_feed, "CHEAP", 10)
    feed = ExportFeed(DEMO)
    (card,) = feed.runs()
    reader = GraphReader(feed)
    seen = look(reader, card.run, 20)
    assert seen.taken == feed.count(card.run) and "also what comes after" in seen.scope
    assert look(reader, card.run, 10) is seen
    reader.close()
    feed.close()


def test_a_ledger_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    path.write_bytes(b"no ledger at all, but many bytes" * 100)
    with pytest.raises(StoreError):
        GraphReader(LedgerFeed(path)).look("", None, PLENTY)
