"""The tables. `events` is the record; `runs` to `approvals` are folded from it and can be rebuilt.

Rows are never validated by SQLModel: the writer is the only one that makes them, from events that
were validated as they were built.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Table, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from orchestrator.domain.value import clean_text


class PlainText(TypeDecorator[str]):
    """Text that every database takes: NUL and lone surrogates become U+FFFD.

    Only the derived columns lose them; the body of the event has the text as it was.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return `value` without what PostgreSQL refuses."""
        return value if value is None else clean_text(value).replace("\0", "\ufffd")


class Row(SQLModel, registry=registry()):
    """Base of our tables, in a registry of their own: a host may use SQLModel too."""


LongInteger = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits in both; SQLite numbers rows by itself only where the type is written INTEGER."""


def text(**options: Any) -> Any:
    """Return a column for text that others wrote; never indexed, since its length has no bound."""
    return Field(sa_type=PlainText, **options)


_CLUSTERED = {"sqlite_with_rowid": False}
"""In SQLite the primary key is the table, not an index beside it: half the pages to write."""


class EventRow(Row, table=True):
    """A recorded fact."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("run", "seq"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=LongInteger)
    """Order of writing over all runs: never smaller than that of an event already seen."""
    run: str
    seq: int
    at: datetime
    kind: str = Field(index=True)
    body: bytes = Field(sa_type=LargeBinary)
    hash: str


class RunRow(Row, table=True):
    """A run and its tallies so far; the decisions are those judged, as in `RunSummary`."""

    __tablename__ = "runs"
    __table_args__ = _CLUSTERED

    run: str = Field(primary_key=True)
    agent: str = text()
    model: str | None = text(default=None)
    task: str | None = text(default=None)
    """The first `TASK_CHARACTERS` of it."""
    parent: str | None = text(default=None)
    mode: str
    profile: str = text()
    source: str | None = text(default=None)
    opened: datetime = Field(index=True)
    closed: datetime | None = None
    how: str | None = None
    """completed, failed or terminated; None while the run is open."""
    why: str | None = text(default=None)
    events: int = 0
    turns: int = 0
    actions: int = 0
    allowed: int = 0
    modified: int = 0
    escalated: int = 0
    denied: int = 0
    terminated: int = 0
    observed: int = 0
    bypassed: int = 0
    failures: int = 0
    """Exceptions inside the guard."""


class VerdictRow(Row, table=True):
    """An auditor's opinion."""

    __tablename__ = "verdicts"
    __table_args__ = _CLUSTERED

    run: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    turn: int
    action: str | None = text(default=None)
    auditor: str = text()
    look: str = text()
    kind: str
    suspicion: float | None = None
    why: str | None = text(default=None)
    version: str = text()
    micros: int = Field(sa_type=LongInteger)


class DecisionRow(Row, table=True):
    """The gate's answer for one action, and what a human made of it."""

    __tablename__ = "decisions"
    __table_args__ = _CLUSTERED

    run: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    turn: int
    action: str = text()
    call_id: str | None = text(default=None)
    tool: str = text()
    judged: str
    decision: str
    settled: str
    """`decision`, or what it became when the escalation was answered."""
    clause: str | None = text(default=None)
    rule: str | None = text(default=None)
    cause: str = text()
    reason: str = text()
    suspicion: float | None = None
    micros: int = Field(sa_type=LongInteger)
    at: datetime


class ApprovalRow(Row, table=True):
    """An escalation that waits or waited for a human; `seq` is that of the request."""

    __tablename__ = "approvals"
    __table_args__ = _CLUSTERED

    run: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    id: str = text()
    action: str = text()
    tool: str = text()
    needed: int
    votes: int = 0
    """People who approved while more were needed."""
    asked: datetime
    deadline: datetime | None = None
    answer: str | None = None
    by: str | None = text(default=None)
    """Names, joined by commas."""
    reason: str | None = text(default=None)
    answered: datetime | None = None


class InboxRow(Row, table=True):
    """An answer on its way to the process that owns the run."""

    __tablename__ = "inbox"

    id: int | None = Field(default=None, primary_key=True, sa_type=LongInteger)
    run: str = Field(index=True)
    request: str = text()
    answer: str
    by: str = text()
    reason: str = text()
    arguments: bytes | None = Field(default=None, sa_type=LargeBinary)
    """JSON."""
    at: datetime
    taken: datetime | None = None


class MetaRow(Row, table=True):
    """What the file says of itself."""

    __tablename__ = "meta"

    key: str = Field(primary_key=True)
    value: str


def table_of(row: type[Row]) -> Table:
    """Return the table behind a row class."""
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table
