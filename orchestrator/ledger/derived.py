"""The derived tables as a whole: write them anew, or say where they differ from the events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError
from sqlalchemy import Connection, StaticPool, create_engine, delete, select

from orchestrator.domain.event import EVENT, Event
from orchestrator.ledger.derive import derive
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import PAGE, Reader, parse
from orchestrator.ledger.statements import Statements
from orchestrator.ledger.tables import (
    ApprovalRow,
    DecisionRow,
    EventRow,
    Row,
    RunRow,
    VerdictRow,
    table_of,
)

DERIVED = tuple(table_of(row) for row in (RunRow, VerdictRow, DecisionRow, ApprovalRow))
_EVENTS = table_of(EventRow)
_REMEDY = "`crossaudit ledger rebuild` writes it anew from the events"


def rebuild(ledger: Ledger, progress: Callable[[int], object] | None = None) -> int:
    """Write the derived tables anew from the events and return how many events there are.

    `progress` is told the number of events since its last call. Raises StoreError at an event
    that cannot be read; the tables are then as they were.
    """

    def work(connection: Connection, statements: Statements) -> int:
        for table in DERIVED:
            connection.execute(delete(table))
        last, count = 0, 0
        while rows := _page(connection, last):
            events = [parse(row.run, row.seq, row.body) for row in rows]
            statements.apply(connection, derive(events))
            last, count = rows[-1].id, count + len(rows)
            if progress:
                progress(len(rows))
        return count

    return ledger.writer.transact_now(work)


class Mirror:
    """The derived tables of one run after another, made from its events in memory."""

    def __enter__(self) -> Self:
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        Row.metadata.create_all(self._engine, tables=DERIVED)
        self._statements = Statements(self._engine.dialect)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    def compare(self, reader: Reader, run: str) -> tuple[int, str] | None:
        """Return the number of an event that a derived row contradicts, and how; else nothing."""
        # What is applied here is never committed: the next run finds the tables empty.
        with reader.snapshot() as theirs, self._engine.connect() as ours:
            query = select(_EVENTS.c.seq, _EVENTS.c.body).where(_EVENTS.c.run == run)
            events: list[Event] = []
            for row in theirs.execute(query.order_by(_EVENTS.c.seq)):
                try:
                    events.append(EVENT.validate_json(row.body))
                except ValidationError:
                    return row.seq, "it is of no kind that this crossaudit can read"
            self._statements.apply(ours, derive(events))
            return _difference(ours, theirs, run)


def _page(connection: Connection, after: int) -> Sequence[Any]:
    query = select(_EVENTS).where(_EVENTS.c.id > after).order_by(_EVENTS.c.id).limit(PAGE)
    return connection.execute(query).all()


def _difference(ours: Connection, theirs: Connection, run: str) -> tuple[int, str] | None:
    for table in DERIVED:
        query = select(table).where(table.c.run == run)
        right = {row._mapping.get("seq", 0): row for row in ours.execute(query)}
        found = {row._mapping.get("seq", 0): row for row in theirs.execute(query)}
        wrong = [n for n in right.keys() | found.keys() if right.get(n) != found.get(n)]
        if wrong:
            first = min((n for n in wrong if isinstance(n, int)), default=0)
            return first, f"the table {table.name} says something else; {_REMEDY}"
    return None
