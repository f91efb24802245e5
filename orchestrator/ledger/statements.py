"""The writer's statements, compiled once for the database at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import Insert, Update

from orchestrator.domain.event import Event
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.derive import TALLIES, Changes, derive
from orchestrator.ledger.tables import (
    ApprovalRow,
    DecisionRow,
    EventRow,
    Row,
    RunRow,
    VerdictRow,
    table_of,
)


class Statements:
    """Everything the writer says while runs are recorded."""

    def __init__(self, dialect: Dialect) -> None:
        def inserting(row: type[Row], columns: Iterable[str] = ()) -> Prepared:
            table = table_of(row)
            columns = tuple(columns) or tuple(table.columns.keys())
            return Prepared(insert(table).inline(), dialect, columns)

        self._events = inserting(EventRow, StoredEvent._fields)
        self._derived = {
            "runs": inserting(RunRow),
            "verdicts": inserting(VerdictRow),
            "decisions": inserting(DecisionRow),
            "approvals": inserting(ApprovalRow),
            "votes": Prepared(_vote(), dialect),
            "answers": Prepared(_answer(), dialect),
            "settlements": Prepared(_settle(), dialect),
            "closings": Prepared(_close(), dialect),
        }
        self._tallies = Prepared(_tally(), dialect)

    def record(
        self, connection: Connection, stored: Sequence[StoredEvent], events: Iterable[Event]
    ) -> None:
        """Insert events and what they change in the derived tables."""
        self._events.execute(connection, [row._asdict() for row in stored])
        self.apply(connection, derive(events))

    def apply(self, connection: Connection, changes: Changes) -> None:
        """Write derived rows."""
        for name, statement in self._derived.items():
            statement.execute(connection, getattr(changes, name))
        self._tallies.execute(connection, list(changes.tallies.values()))


class Prepared:
    """A statement as the driver wants it.

    SQLAlchemy's own execution costs more than the insert itself; its compiler, its types and its
    transactions are used as they are.
    """

    def __init__(
        self, statement: Insert | Update, dialect: Dialect, columns: Iterable[str] | None = None
    ) -> None:
        compiled = statement.compile(
            dialect=dialect, column_keys=None if columns is None else list(columns)
        )
        self._sql = compiled.string
        self._by_place = compiled.positiontup is not None
        self._fields = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or compiled.binds
        ]

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for each of `rows`, in the transaction that is open."""
        if not rows:
            return
        bound: list[Any] = [
            {name: bind(row[name]) if bind else row[name] for name, bind in self._fields}
            for row in rows
        ]
        if self._by_place:
            bound = [tuple(row.values()) for row in bound]
        connection.connection.cursor().executemany(self._sql, bound)


def _tally() -> Update:
    runs = table_of(RunRow)
    sums: dict[str, Any] = {name: runs.c[name] + bindparam(f"add_{name}") for name in TALLIES}
    return update(runs).where(runs.c.run == bindparam("run_key")).values(sums)


def _close() -> Update:
    runs = table_of(RunRow)
    sets: dict[str, Any] = {name: bindparam(name) for name in ("closed", "how", "why")}
    return update(runs).where(runs.c.run == bindparam("run_key")).values(sets)


def _vote() -> Update:
    approvals = table_of(ApprovalRow)
    return _one_approval().values(votes=approvals.c.votes + bindparam("more"))


def _answer() -> Update:
    columns = ("answer", "by", "reason", "answered")
    return _one_approval().values({name: bindparam(name) for name in columns})


def _one_approval() -> Update:
    table = table_of(ApprovalRow)
    return update(table).where(
        table.c.run == bindparam("run_key"), table.c.id == bindparam("id_key")
    )


def _settle() -> Update:
    decisions = table_of(DecisionRow)
    return (
        update(decisions)
        .where(
            decisions.c.run == bindparam("run_key"),
            decisions.c.action == bindparam("action_key"),
            decisions.c.seq < bindparam("before"),
        )
        .values(settled=bindparam("settled"))
    )
