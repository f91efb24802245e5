"""Every way to change a ledger that verification must find, and what it says."""

from __future__ import annotations

import random
from pathlib import Path

import anyio
import pytest

from orchestrator.errors import StoreError
from orchestrator.ledger.derived import rebuild
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.verification import ChainReport, verify_ledger, verify_run
from tests.ledger.edits import edit, hash_anew
from tests.ledger.facts import closed, opened, turn, whole_run

pytestmark = pytest.mark.anyio


@pytest.fixture
async def recorded(ledger: Ledger) -> Ledger:
    """A ledger with two whole runs of 13 events."""
    for run in ("r", "other"):
        log = ledger.open_run(run)
        await log.append(opened())
        await log.append(*turn(0))
        await log.append(*turn(1), closed())
    return ledger


def verify(ledger: Ledger, run: str = "r") -> ChainReport:
    return verify_run(ledger.reader, run, keys=ledger.keys)


async def test_whole_chain_is_signed_to_its_last_event(recorded: Ledger) -> None:
    assert verify(recorded) == ChainReport("r", 13, None, "", "signed to event 11")
    assert [report.run for report in verify_ledger(recorded.reader)] == ["other", "r"]


async def test_without_the_key_it_is_only_intact(recorded: Ledger, tmp_path: Path) -> None:
    other = Keys(tmp_path / "another machine")
    for report in (verify_run(recorded.reader, "r"), verify_run(recorded.reader, "r", keys=other)):
        assert (report.first_bad, report.proof) == (None, "chain intact")
        assert (
            report.why
            == f"signed by the key {recorded.keys.fingerprint}, which is not on this machine"
        )


async def test_unsigned_where_no_key_can_be_kept(location: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ledger = Ledger.open(location, keys=Keys(tmp_path / "file" / "home"))
    await ledger.open_run("r").append(opened(), closed())
    assert verify(ledger) == ChainReport("r", 3, None, "", "chain intact")
    ledger.close()


@pytest.mark.parametrize(
    ("statement", "first_bad", "why"),
    [
        ("UPDATE events SET body = :body WHERE run = 'r' AND seq = 4", 4, "do not match its hash"),
        ("UPDATE events SET hash = :hash WHERE run = 'r' AND seq = 4", 4, "do not match its hash"),
        ("UPDATE events SET hash = upper(hash) WHERE seq = 4", 4, "do not match its hash"),
        ("UPDATE events SET kind = 'decided' WHERE seq = 2", 2, "the table says decided at"),
        ("UPDATE events SET at = '2001-01-01 00:00:00' WHERE seq = 2", 2, "the table says rules"),
        ("DELETE FROM events WHERE run = 'r' AND seq = 0", 0, "there is no event 0"),
        ("DELETE FROM events WHERE run = 'r' AND seq = 7", 7, "there is no event 7"),
        ("DELETE FROM events WHERE run = 'r' AND seq > 7", 8, "the end is cut off: the run had 13"),
        ("DELETE FROM events WHERE run = 'r'", 0, "the end is cut off: the run had 13"),
        ("UPDATE events SET seq = -seq WHERE seq > 3", 4, "the end is cut off: the run had 13"),
        ("UPDATE events SET seq = seq + 20 WHERE seq = 3", 3, "there is no event 3"),
        ("UPDATE decisions SET decision = 'allowed' WHERE seq = 9", 9, "table decisions says"),
        ("DELETE FROM decisions WHERE seq = 9", 9, "the table decisions says something else"),
        ("DELETE FROM verdicts", 3, "the table verdicts says something else"),
        ("UPDATE runs SET denied = 1", 0, "the table runs says something else"),
        ("DELETE FROM runs", 0, "`crossaudit ledger rebuild` writes it anew"),
    ],
)  # fmt: skip
async def test_edit_is_found_where_it_was_made(
    recorded: Ledger, statement: str, first_bad: int, why: str
) -> None:
    values = {"body": b'{"run":"r","seq":4}', "hash": "0" * 64}
    edit(recorded, statement, **{n: v for n, v in values.items() if f":{n}" in statement})
    report = verify(recorded)
    assert (report.first_bad, report.events, report.proof) == (first_bad, first_bad, "")
    assert why in report.why


async def test_swapped_events_are_found(recorded: Ledger) -> None:
    edit(recorded, "UPDATE events SET seq = 99 WHERE run = 'r' AND seq = 5")
    edit(recorded, "UPDATE events SET seq = 5 WHERE run = 'r' AND seq = 6")
    edit(recorded, "UPDATE events SET seq = 6 WHERE run = 'r' AND seq = 99")
    assert verify(recorded).first_bad == 5


async def test_event_of_another_run_is_found(recorded: Ledger) -> None:
    edit(recorded, "DELETE FROM events WHERE run = 'r'")
    edit(recorded, "UPDATE events SET run = 'r' WHERE run = 'other'")
    report = verify(recorded)
    assert (report.first_bad, report.why) == (
        0,
        "its bytes do not begin as those of event 0 of r must",
    )
    assert verify(recorded, "other").first_bad == 0


async def test_forger_who_hashes_anew_meets_the_signature(recorded: Ledger) -> None:
    [stored] = recorded.reader.stored("r", 2, 1)
    forged = stored.body.replace(b"looking around", b"looking  around").replace(b"0.25", b"0.01")
    edit(recorded, "UPDATE events SET body = :body WHERE run = 'r' AND seq = 3", body=forged)
    hash_anew(recorded, "r")
    report = verify(recorded)
    assert (report.first_bad, report.why) == (
        12,
        "the checkpoint states another number of events or another hash",
    )
    checkpoint = next(iter(recorded.reader.stored("r", 11))).body
    head = next(iter(recorded.reader.stored("r", 10))).hash.encode()
    start = checkpoint.index(b'"head":"') + 8
    edit(
        recorded,
        "UPDATE events SET body = :body WHERE run = 'r' AND seq = 12",
        body=checkpoint[:start] + head + checkpoint[start + 64 :],
    )
    hash_anew(recorded, "r")
    report = verify(recorded)
    assert (report.first_bad, report.why) == (12, "the signature of the checkpoint is wrong")
    rebuild(recorded)
    assert verify_run(recorded.reader, "r").proof == "chain intact"  # without a key nothing shows


async def test_row_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    await ledger.open_run("r").append(opened(), *turn(0), closed())
    edit(ledger, "UPDATE events SET at = 'yesterday' WHERE seq = 5")
    report = verify(ledger)
    assert (report.first_bad, report.events) == (5, 5)
    assert "its row cannot be read" in report.why
    edit(ledger, "UPDATE events SET body = 'only text' WHERE seq = 3")
    assert verify(ledger).first_bad == 3
    edit(ledger, "UPDATE events SET seq = 'two' WHERE seq = 2")
    assert verify(ledger).first_bad == 2
    ledger.close()


def test_damaged_file_is_found_or_refused_in_a_sentence(tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    ledger = Ledger.open(place)
    log = ledger.open_run("r")
    for facts in whole_run(2):
        anyio.run(log.append, *facts)
    written = list(ledger.reader.stored("r"))
    ledger.close()
    whole, chance, found = place.read_bytes(), random.Random(1), 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 4, 400))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        place.write_bytes(damaged)
        try:
            reader = Reader(place)
            report = verify_run(reader, "r", keys=ledger.keys)
            if report.first_bad is None:
                assert list(reader.stored("r")) == written
            found += report.first_bad is not None
            reader.close()
        except StoreError as error:
            assert "\n" not in str(error)
            found += 1
    assert found > 50


async def test_open_run_is_intact_so_far(ledger: Ledger) -> None:
    await ledger.open_run("r").append(opened(), *turn(0))
    assert verify(ledger) == ChainReport("r", 6, None, "", "chain intact")


async def test_run_nobody_knows_is_named(ledger: Ledger) -> None:
    with pytest.raises(StoreError, match="no run 'nobody' in"):
        verify(ledger, "nobody")
    assert list(verify_ledger(ledger.reader)) == []
