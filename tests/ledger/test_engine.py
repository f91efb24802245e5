"""What can be wrong with the place of a ledger, and what the user is told."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection, text
from sqlmodel import Field, SQLModel

from orchestrator.errors import LedgerTooNew, StoreError
from orchestrator.ledger import engine
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.statements import Statements
from orchestrator.ledger.verification import verify_run
from tests.ledger.facts import closed, opened, turn

NOBODY = 65534

pytestmark = pytest.mark.anyio


def test_folder_and_file_are_made(tmp_path: Path) -> None:
    place = tmp_path / "a b" / "c?d" / "100%.db"
    Ledger.open(place).close()
    assert place.is_file()
    assert Reader(place).runs() == []


async def test_closed_ledger_is_one_file(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "runs" / "ledger.db")
    await ledger.open_run("r").append(opened(), closed())
    assert ledger.reader.has_run("r")
    await ledger.aclose()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["ledger.db"]


def test_ledger_that_should_exist_is_not_made(tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    with pytest.raises(StoreError, match=r"there is no ledger at .*ledger\.db; record a run first"):
        Ledger.open(place, create=False)
    with pytest.raises(StoreError, match="there is no ledger at"):
        Reader(place)
    assert not place.exists()


def test_schema_that_should_exist_is_not_made(postgres: str) -> None:
    for open_it in (lambda: Ledger.open(postgres, create=False), lambda: Reader(postgres)):
        with pytest.raises(StoreError, match="there is no ledger at postgresql"):
            open_it()


def test_newer_ledger_is_refused(location: str) -> None:
    ledger = Ledger.open(location)

    def raise_version(connection: Connection, _: Statements) -> None:
        connection.execute(text("UPDATE meta SET value = '2'"))

    ledger.writer.transact_now(raise_version)
    ledger.close()
    for open_it in (Ledger.open, Reader):
        with pytest.raises(
            LedgerTooNew, match=r"newer crossaudit \(its form is 2, this one knows 1"
        ):
            open_it(location)


@pytest.mark.parametrize("content", [b"not a database, only text" * 100, b"\x00" * 5000])
def test_file_of_something_else_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "ledger.db"
    place.write_bytes(content)
    for open_it in (Ledger.open, Reader):
        with pytest.raises(StoreError, match=r"ledger\.db is not a ledger of crossaudit"):
            open_it(place)
    assert place.read_bytes() == content


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE cats (name)", "CREATE TABLE meta (key, value)"]
)
def test_database_of_something_else_is_refused(tmp_path: Path, statement: str) -> None:
    place = tmp_path / "other.db"
    with closing(sqlite3.connect(place)) as other:
        other.execute(statement)
    for open_it in (Ledger.open, Reader):
        with pytest.raises(StoreError, match=r"other\.db holds other tables; it is not a ledger"):
            open_it(place)


def test_folder_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder; name a file in it"):
        Ledger.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        Ledger.open(tmp_path / "file" / "ledger.db")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://root:secret@db/x", "mysql://.*@db/x is neither a file nor a postgresql:// URL"),
        ("postgresql://u:secret@127.0.0.1:1/x", "cannot be used: .*127.0.0.1.* port 1"),
        ("postgresql://[::1", "the ledger's URL cannot be read"),
        ("postgresql://u:secret@127.0.0.1:port/x", "the ledger's URL cannot be read"),
    ],
)
def test_server_that_is_none_is_named_without_its_password(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Ledger.open(url)
    assert "secret" not in str(caught.value)


def test_locked_ledger_is_waited_for_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "ledger.db"
    Ledger.open(place).close()
    monkeypatch.setattr(engine, "BUSY_S", 0.05)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"ledger\.db is locked by another process"):
            Ledger.open(place)
        assert Reader(place).runs() == []


async def test_lock_during_a_run_poisons_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "ledger.db"
    monkeypatch.setattr(engine, "BUSY_S", 0.05)
    ledger = Ledger.open(place)
    log = ledger.open_run("r")
    await log.append(opened())
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another process"):
            await log.append(*turn(0))
    with pytest.raises(StoreError, match="run r is no longer recorded"):
        await log.append(*turn(0))
    await ledger.open_run("s").append(opened())
    assert verify_run(ledger.reader, "r").events == 1
    ledger.close()


async def test_lost_connection_poisons_a_run_and_not_the_ledger(postgres: str) -> None:
    ledger = Ledger.open(postgres)
    log = ledger.open_run("r")
    await log.append(opened())
    own = "SELECT pg_backend_pid()"
    pid = ledger.writer.transact_now(lambda connection, _: connection.exec_driver_sql(own).scalar())
    with ledger.reader.snapshot() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(StoreError, match="PostgreSQL ended the connection"):
        await log.append(*turn(0))
    with pytest.raises(StoreError, match="run r is no longer recorded"):
        await log.append(*turn(0))
    await ledger.open_run("s").append(opened(), closed())
    assert [verify_run(ledger.reader, run).events for run in ("r", "s")] == [1, 3]
    ledger.close()


async def test_full_disk_poisons_what_could_not_be_written(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    log, other = ledger.open_run("r"), ledger.open_run("s")
    await log.append(opened())
    await other.append(opened())

    def pages(limit: str) -> None:
        ledger.writer.transact_now(
            lambda connection, _: connection.exec_driver_sql(f"PRAGMA max_page_count = {limit}")
        )

    pages("1")  # no smaller than the file is: not one page more
    written = 1
    with pytest.raises(StoreError, match=r"ledger\.db is full.*free some space"):
        for index in range(100):
            await log.append(*turn(index))
            written += 5
    pages("1000000")
    with pytest.raises(StoreError, match=r"is full.*run r is no longer recorded"):
        await log.append(closed())
    await other.append(*turn(0), closed())
    assert verify_run(ledger.reader, "r", keys=ledger.keys).events == written
    assert verify_run(ledger.reader, "s", keys=ledger.keys).proof == "signed to event 6"
    ledger.close()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_read_only_ledger_is_read_and_not_written() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = Ledger.open(folder / "ledger.db")
        anyio.run(ledger.open_run("r").append, opened(), closed())
        ledger.close()
        (folder / "ledger.db").chmod(0o444)
        folder.chmod(0o555)
        with unprivileged():
            with pytest.raises(StoreError, match=r"ledger\.db is read-only; allow writing"):
                Ledger.open(folder / "ledger.db")
            with pytest.raises(StoreError, match="cannot be opened; check that its folder"):
                Ledger.open(folder / "new.db")
            reader = Reader(folder / "ledger.db")
            assert verify_run(reader, "r").events == 3
            reader.close()
        folder.chmod(0o755)


def test_host_may_have_tables_of_the_same_names(tmp_path: Path) -> None:
    class Event(SQLModel, table=True):
        __tablename__ = "events"

        id: int = Field(primary_key=True)

    assert "events" in SQLModel.metadata.tables
    Ledger.open(tmp_path / "ledger.db").close()


@contextmanager
def unprivileged() -> Iterator[None]:
    """Drop root for a while: root may write what is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
