"""Feeds: a ledger that grows, one that is not there yet, an export, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import ApprovalError, StoreError
from orchestrator.ledger.export import export_run
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.replay.feed import ExportFeed, LedgerFeed, Person
from orchestrator.replay.projection import Track, play_back
from tests.tui.recorded import asked_turn, chained, everything

OPENED = everything()[0]


async def record(path: Path, run: str = "r1") -> None:
    ledger = Ledger.open(path)
    await ledger.insert(chained(run, [OPENED, *asked_turn(0)]))
    await ledger.aclose()


async def test_a_ledger_that_is_not_there_yet_is_an_empty_one(tmp_path: Path) -> None:
    feed = LedgerFeed(tmp_path / "ledger.db")
    assert (feed.runs(), feed.waiting(), feed.count("r1"), list(feed.read("r1", -1, 9))) == (
        [], [], 0, [],
    )  # fmt: skip
    with pytest.raises(StoreError, match="no ledger"):
        feed.find("r1")
    await record(tmp_path / "ledger.db")
    assert [card.run for card in feed.runs()] == ["r1"] and feed.find("r") == "r1"
    assert [(run, request.id) for run, request in feed.waiting()] == [("r1", "q0")]
    feed.close()


async def test_an_answer_reaches_the_inbox_of_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(tmp_path / "ledger.db")
    token = tmp_path / "token"
    token.write_text("sesame", "utf-8")
    feed = LedgerFeed(tmp_path / "ledger.db", Person("ada", token, "sesame"))
    feed.answer("r1", "q0", "deny", "no", None)
    with pytest.raises(ApprovalError, match="read-only"):
        LedgerFeed(tmp_path / "ledger.db").answer("r1", "q0", "deny", "", None)
    with pytest.raises(ApprovalError, match="not the right one"):
        LedgerFeed(tmp_path / "ledger.db", Person("ada", token, "other")).answer(
            "r1", "q0", "approve", "", None
        )
    monkeypatch.setenv("CROSSAUDIT_RUN", "r1")
    with pytest.raises(ApprovalError, match="inside the guarded run"):
        feed.answer("r1", "q0", "approve", "", None)
    ledger = Ledger.open(tmp_path / "ledger.db")
    answers = await ledger.take_answers("r1")
    assert [(a.request, a.answer, a.by, a.reason) for a in answers] == [("q0", "deny", "ada", "no")]
    feed.close()
    await ledger.aclose()


async def test_an_export_is_shown_as_it_was_recorded(tmp_path: Path) -> None:
    await record(tmp_path / "ledger.db", "r1")
    await record(tmp_path / "ledger.db", "r2")
    reader = Reader(tmp_path / "ledger.db")
    with (tmp_path / "two.jsonl").open("wb") as out:
        for run in ("r1", "r2"):
            export_run(reader, run, out)
    reader.close()
    feed = ExportFeed(tmp_path / "two.jsonl")
    assert [card.run for card in feed.runs()] == ["r1", "r2"]
    track = Track(feed, "r2")
    play_back(track)
    assert len(track) == 6 and track.broken_at is None and track.state.waiting
    assert track.row(3).kind == "verdict_given"
    feed.close()


def test_a_file_without_a_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(StoreError, match="holds no run"):
        ExportFeed(tmp_path / "empty.jsonl")
    with pytest.raises(StoreError, match="cannot be read"):
        ExportFeed(tmp_path / "missing.jsonl")
