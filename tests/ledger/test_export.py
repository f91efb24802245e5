from __future__ import annotations

import json
import random
from io import BytesIO
from pathlib import Path

import anyio
import pytest

from orchestrator.domain.event import Event
from orchestrator.errors import StoreError
from orchestrator.ledger.export import export_run, read_export, verify_export
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.verification import ChainReport
from tests.ledger.edits import edit
from tests.ledger.facts import closed, opened, turn

MUTATIONS = 10_000


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> bytes:
    """The signed export of a run of 200 events."""
    ledger = Ledger.open(tmp_path_factory.mktemp("runs") / "ledger.db", keys=keys)
    anyio.run(record, ledger, "r-1", 197)
    out = BytesIO()
    report = export_run(ledger.reader, "r-1", out, keys=keys)
    ledger.close()
    assert report == ChainReport("r-1", 200, None, "", "signed to event 198")
    return out.getvalue()


async def record(ledger: Ledger, run: str, count: int) -> list[Event]:
    log = ledger.open_run(run)
    events = [*await log.append(opened())]
    facts = [fact for index in range(count) for fact in turn(index)][:count]
    return [*events, *await log.append(*facts), *await log.append(closed())]


def test_export_is_the_stored_bytes_and_a_trailer(exported: bytes, keys: Keys) -> None:
    lines = exported.splitlines(keepends=True)
    assert len(lines) == 201
    assert json.loads(lines[0])["event"]["seq"] == 0
    end = json.loads(lines[-1])["end"]
    assert (end["run"], end["events"], end["key"]) == ("r-1", 200, keys.public)
    assert end["head"] == json.loads(lines[-2])["hash"]


def test_whole_export_is_signed_to_its_last_event(exported: bytes, keys: Keys) -> None:
    assert verify_export(exported, keys=keys) == [
        ChainReport("r-1", 200, None, "", "signed to event 199")
    ]
    [report] = verify_export(exported)
    assert report.proof == "chain intact"
    assert report.why == f"signed by the key {keys.fingerprint}, which is not on this machine"


def test_every_edit_cut_swap_and_insertion_is_found(exported: bytes, keys: Keys) -> None:
    chance = random.Random(20260101)
    unseen = []
    for _ in range(MUTATIONS):
        changed = mutate(exported, chance)
        reports = verify_export(changed, keys=keys)
        if all(report.first_bad is None for report in reports):
            unseen.append(changed)
    assert not unseen


def test_every_byte_of_the_trailer_counts_without_any_key(exported: bytes) -> None:
    start = exported.rindex(b"\n", 0, -1) + 1
    for place in range(start, len(exported)):
        for flip in (1, 32):
            changed = bytearray(exported)
            changed[place] ^= flip
            assert verify_export(bytes(changed))[0].first_bad is not None


def test_cuts_at_line_ends_are_found(exported: bytes, keys: Keys) -> None:
    lines = exported.splitlines(keepends=True)
    for number in range(len(lines)):
        [report, *_] = verify_export(b"".join(lines[:number]), keys=keys)
        assert report.first_bad == number
        without = lines[:number] + lines[number + 1 :]
        [report, *_] = verify_export(b"".join(without), keys=keys)
        assert report.first_bad == number


def test_first_bad_event_is_named(exported: bytes) -> None:
    lines = exported.splitlines(keepends=True)
    for number in (0, 1, 77, 199):
        changed = [*lines]
        changed[number] = lines[number].replace(b'"run":"r-1"', b'"run":"r-2"')
        [report] = verify_export(b"".join(changed))
        assert report.first_bad == number
        assert report.why == "its bytes do not match its hash"
    for wrong, why in (
        (b"\n", "its line is not written as an export is"),
        (b'{"end":{"run":"r-1"}}\n', "the last line of the run is not the one that belongs to it"),
        (b'{"end":' + b"[" * 5000, "its line is not written as an export is"),
    ):
        [report, *_] = verify_export(b"".join([*lines[:9], wrong, *lines[9:]]))
        assert (report.first_bad, report.why) == (9, why)


def test_unsigned_export_is_intact(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    anyio.run(record, ledger, "r", 5)
    out = BytesIO()
    export_run(ledger.reader, "r", out)
    assert b"signature" not in out.getvalue().splitlines()[-1]
    [report] = verify_export(out.getvalue(), keys=ledger.keys)
    assert report.proof == "signed to event 6"  # by its checkpoint
    ledger.close()


def test_several_runs_in_one_file(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    written: list[Event] = []
    with (tmp_path / "runs.jsonl").open("wb") as out:
        for run in ("a", "b", "c"):
            written += anyio.run(record, ledger, run, 5)
            export_run(ledger.reader, run, out, keys=ledger.keys)
    reports = verify_export(tmp_path / "runs.jsonl", keys=ledger.keys)
    assert [(r.run, r.proof) for r in reports] == [(run, "signed to event 7") for run in "abc"]
    read = list(read_export(tmp_path / "runs.jsonl"))
    assert [event for event in read if event.fact.kind != "checkpoint"] == written

    changed = (
        (tmp_path / "runs.jsonl").read_bytes().replace(b'{"run":"b","seq":2', b'{"run":"b","seq":3')
    )
    reports = verify_export(changed, keys=ledger.keys)
    assert [(r.run, r.first_bad) for r in reports] == [("a", None), ("b", 2), ("c", None)]
    twice = (tmp_path / "runs.jsonl").read_bytes() * 2
    assert {r.why for r in verify_export(twice)[3:]} == {"the run appears twice"}
    ledger.close()


def test_broken_chain_is_exported_as_it_is_and_not_signed(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    anyio.run(record, ledger, "r", 5)
    edit(ledger, "UPDATE events SET hash = :hash WHERE seq = 3", hash="0" * 64)
    out = BytesIO()
    report = export_run(ledger.reader, "r", out, keys=ledger.keys)
    assert (report.first_bad, report.why) == (3, "its bytes do not match its hash")
    assert b"signature" not in out.getvalue().splitlines()[-1]
    assert verify_export(out.getvalue()) == [report]
    ledger.close()


def test_what_is_no_export_is_named(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    with pytest.raises(StoreError, match="no run 'r' in"):
        export_run(ledger.reader, "r", BytesIO())
    with pytest.raises(StoreError, match=r"nothing\.jsonl cannot be read: No such file"):
        verify_export(tmp_path / "nothing.jsonl")
    assert verify_export(b"") == [ChainReport("", 0, 0, "there is no run in it", "")]
    assert verify_export(b"\xff\x00 nonsense")[0].first_bad == 0
    (tmp_path / "bad.jsonl").write_bytes(b'{"hash":"x"}\n')
    with pytest.raises(StoreError, match=r"bad\.jsonl:1: is not an event of a crossaudit export"):
        list(read_export(tmp_path / "bad.jsonl"))
    ledger.close()


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return `data` with one random change that is one."""
    while True:
        a, b = sorted(chance.choices(range(len(data)), k=2))
        length = chance.choice((1, 1, 2, 8, 64, 1000))
        match chance.choice(("edit", "cut", "cut tail", "swap", "insert", "repeat", "swap lines")):
            case "edit":
                changed = data[:a] + chance.randbytes(1) + data[a + 1 :]
            case "cut":
                changed = data[:a] + data[a + length :]
            case "cut tail":
                changed = data[:a]
            case "swap":
                changed = (
                    data[:a] + data[b : b + 1] + data[a + 1 : b] + data[a : a + 1] + data[b + 1 :]
                )
            case "insert":
                changed = (
                    data[:a] + chance.choice((b"\n", b" ", chance.randbytes(length))) + data[a:]
                )
            case "repeat":
                changed = data[:a] + data[b : b + length] + data[a:]
            case _:
                lines = data.splitlines(keepends=True)
                x, y = chance.choices(range(len(lines)), k=2)
                lines[x], lines[y] = lines[y], lines[x]
                changed = b"".join(lines)
        if changed != data:
            return changed
