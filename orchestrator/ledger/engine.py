"""Opening a ledger: SQLite file or PostgreSQL, to write or only to read, and what can go wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    QueuePool,
    create_engine,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import col

from orchestrator.domain.event import SCHEMA_VERSION
from orchestrator.errors import CrossauditError, LedgerDamaged, LedgerTooNew, StoreError
from orchestrator.ledger.tables import MetaRow, Row, table_of

Durability: TypeAlias = Literal["normal", "full"]

BUSY_S = 5.0
"""How long to wait for another process that is writing."""
_WRITER_LOCK = 0x63726F7373  # any number, the same for all: one transaction writes at a time
_WAL_PAGES = 8_000
"""Moving the log into the file stalls an append for the time of two fsyncs: do it seldom."""
_TOUCH = update(table_of(MetaRow)).values(value=table_of(MetaRow).c.value)
_READ_ONLY = "-c default_transaction_read_only=on"


def open_to_write(location: str, durability: Durability, *, create: bool) -> Engine:
    """Open or make the ledger at `location` and check that it can be written.

    Raises StoreError, or LedgerTooNew where a newer crossaudit made it.
    """
    if is_url(location):
        engine = _postgres(location, read_only=False)
    else:
        engine = _sqlite(location, durability, create)
    try:
        with engine.begin() as connection:
            _check_schema(connection, location, create)
            connection.execute(_TOUCH)  # SQLite opens what it may only read without a word
    except Exception as error:
        engine.dispose()
        raise explain(error, location) from None
    return engine


def open_to_read(location: str, *, is_cut_off: bool = False) -> Engine:
    """Open the ledger at `location` so that it cannot be changed.

    LedgerDamaged where the file is shorter than it says, unless `is_cut_off` expects that: then
    whatever is asked may be LedgerDamaged.
    """
    if is_url(location):
        engine = _postgres(location, read_only=True)
    else:
        engine = _sqlite_reader(location, is_cut_off)
    try:
        with engine.connect() as connection:
            _check_schema(connection, location, create=False)
    except Exception as error:
        engine.dispose()
        raise explain(error, location) from None
    return engine


def is_url(location: str) -> bool:
    """Say whether `location` names a server, not a file."""
    return "://" in location


def describe(location: str) -> str:
    """Return `location` without a password."""
    if not is_url(location):
        return location
    try:
        return make_url(location).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "the PostgreSQL URL"


def explain(error: Exception, location: str) -> CrossauditError:
    """Return the StoreError that says in a sentence what an error of the database means."""
    if isinstance(error, CrossauditError):
        return error
    code = _code(error)
    if code.startswith("SQLITE_CORRUPT"):
        return LedgerDamaged(f"the ledger {describe(location)} {_DAMAGED}")
    for start, sentence in _SENTENCES.items():
        if code.startswith(start):
            return StoreError(f"the ledger {describe(location)} {sentence}")
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return StoreError(f"the ledger {describe(location)} cannot be used: {lines[0]}")


def is_conflict(error: BaseException | None) -> bool:
    """Say whether `error` means that a row is already there."""
    return _code(error).startswith(("SQLITE_CONSTRAINT", "23505"))


def _code(error: BaseException | None) -> str:
    """Return the name SQLite gives an error, or the SQLSTATE of PostgreSQL."""
    cause = getattr(error, "orig", None) or error
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""


_DAMAGED = "is damaged; run `crossaudit verify` on a copy of it"
_SENTENCES = {
    "SQLITE_BUSY": "is locked by another process; wait for it to end or name another --ledger",
    "SQLITE_LOCKED": "is locked by another process; wait for it to end or name another --ledger",
    "SQLITE_READONLY": "is read-only; allow writing to it and its folder, or name another --ledger",
    "SQLITE_FULL": "is full: nothing more fits on the disk; free some space and start again",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and can be written",
    "SQLITE_NOTADB": "is not a ledger of crossaudit; name another file with --ledger",
    "SQLITE_IOERR": "cannot be read or written: the disk reports an error",
    "SQLITE_CONSTRAINT": "already holds such an event: is the same run recorded twice?",
    "23505": "already holds such an event: is the same run recorded twice?",
    "25006": "is read-only; allow writing to it, or name another --ledger",
    "42501": "cannot be written by this PostgreSQL user; grant it the tables of the ledger",
    "53100": "is full: nothing more fits on the disk of PostgreSQL; free some space, start again",
    "57P": "is not available: PostgreSQL ended the connection; is it being restarted?",
}


def _sqlite(location: str, durability: Durability, create: bool) -> Engine:
    path = Path(location)
    if path.is_dir():
        raise StoreError(f"{location} is a folder; name a file in it, such as {path / 'ledger.db'}")
    if not create and not path.exists():
        raise StoreError(_no_ledger(location))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {path.parent} cannot be made ({error.strerror}); name another --ledger"
        ) from None

    def connect() -> sqlite3.Connection:
        return _connect(
            path,
            "rwc" if create else "rw",
            "PRAGMA journal_mode = WAL",
            f"PRAGMA synchronous = {durability}",
            "PRAGMA foreign_keys = ON",
            f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}",
        )

    return _begin_with(_engine(connect), "BEGIN IMMEDIATE")


def _sqlite_reader(location: str, is_cut_off: bool) -> Engine:
    path = Path(location)
    if not path.is_file():
        raise StoreError(_no_ledger(location))

    def connect() -> sqlite3.Connection:
        look = ["SELECT 1 FROM sqlite_schema"]
        if is_cut_off:  # SQLite refuses the whole file otherwise; nothing can be written in "ro"
            look.insert(0, "PRAGMA writable_schema = ON")
        try:
            return _connect(path, "ro", *look)
        except sqlite3.OperationalError as error:
            # A finished ledger in a folder that cannot be written has no -shm file and cannot get
            # one; nobody else can be writing there either.
            if not _code(error).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")) or _has_wal(
                path
            ):
                raise
            return _connect(path, "ro&immutable=1", *look)

    return _begin_with(_engine(connect), "BEGIN")


def _connect(path: Path, mode: str, *statements: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for statement in statements:
            connection.execute(statement).close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _engine(connect: Any) -> Engine:
    return create_engine("sqlite://", creator=connect, poolclass=QueuePool)


def _begin_with(engine: Engine, statement: str) -> Engine:
    """Begin every transaction with `statement`: a deferred one that writes late may fail."""
    event.listen(engine, "begin", lambda con: con.connection.cursor().execute(statement))
    return engine


def _has_wal(path: Path) -> bool:
    return path.with_name(path.name + "-wal").exists()


def _postgres(location: str, *, read_only: bool) -> Engine:
    try:
        url = make_url(location)
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise StoreError(
                f"the ledger {describe(location)} is neither a file nor a postgresql:// URL"
            )
        url = url.set(drivername="postgresql+psycopg")
        options = f"{url.query.get('options', '')} {_READ_ONLY if read_only else ''}".strip()
        engine = create_engine(
            url,
            isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
            connect_args={"options": options} if options else {},
            pool_pre_ping=read_only,
        )
    except ImportError:
        raise StoreError(
            "a ledger in PostgreSQL needs `pip install 'crossaudit[postgres]'`"
        ) from None
    except (ArgumentError, ValueError):
        raise StoreError("the ledger's URL cannot be read; write postgresql://...") from None
    if read_only:
        return engine
    # As BEGIN IMMEDIATE does, and so that event ids become visible in their order.
    return _begin_with(engine, f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")


def _check_schema(connection: Connection, location: str, create: bool) -> None:
    names = set(inspect(connection).get_table_names())
    if "meta" not in names:
        foreign = names if not is_url(location) else names & set(Row.metadata.tables)
        if foreign:
            raise StoreError(f"{describe(location)} holds other tables; it is not a ledger")
        if not create:
            raise StoreError(_no_ledger(describe(location)))
        Row.metadata.create_all(connection)
        connection.execute(
            insert(table_of(MetaRow)),
            {"key": "schema_version", "value": str(SCHEMA_VERSION)},
        )
        return
    version = connection.execute(
        select(col(MetaRow.value)).where(col(MetaRow.key) == "schema_version")
    ).scalar()
    if version is None or not version.isdecimal():
        raise StoreError(f"{describe(location)} holds other tables; it is not a ledger")
    if int(version) > SCHEMA_VERSION:
        raise LedgerTooNew(
            f"the ledger {describe(location)} was written by a newer crossaudit (its form is "
            f"{version}, this one knows {SCHEMA_VERSION}); upgrade crossaudit to read it"
        )


def _no_ledger(location: str) -> str:
    return f"there is no ledger at {location}; record a run first or name it with --ledger"
