"""Reading a ledger, also while another process writes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import CompoundSelect, Connection, PoolProxiedConnection, Select, exists, func
from sqlmodel import Session, col, select

from orchestrator.domain.decision import Request
from orchestrator.domain.event import EVENT, ApprovalRequested, Event, RunClosed
from orchestrator.errors import LedgerDamaged, StoreError
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.engine import describe, explain, open_to_read
from orchestrator.ledger.tables import ApprovalRow, DecisionRow, EventRow, InboxRow, RunRow

PAGE = 500
"""Events read at once; between two pages no transaction is open, so the writer is not held up."""


class Reader:
    """Ask a ledger; nothing here can change it."""

    def __init__(self, location: str | Path, *, is_cut_off: bool = False) -> None:
        """Open the ledger at a path or PostgreSQL URL; `is_cut_off` reads what is left of a file.

        Raises StoreError where there is none, LedgerTooNew where it is of a newer form.
        """
        self.location = describe(str(location))
        self._where = str(location)
        self._engine = open_to_read(self._where, is_cut_off=is_cut_off)
        self._is_cut_off = is_cut_off
        self._held: PoolProxiedConnection | None = None

    def version(self) -> int | None:
        """Return a number that changes when others commit; None where only reading can tell.

        It costs a hundredth of any other question; one thread at a time may ask it.
        """
        if self._engine.dialect.name != "sqlite":
            return None
        try:
            if self._held is None:  # the number means something on one connection only
                self._held = self._engine.raw_connection()
            with closing(self._held.cursor()) as cursor:  # left open, it would hold a transaction
                cursor.execute("PRAGMA data_version")
                return int(cursor.fetchall()[0][0])
        except Exception as error:
            raise explain(error, self._where) from None

    def runs(self, limit: int | None = None) -> list[RunRow]:
        """Return the runs, newest first: all, or the newest `limit`."""
        newest = select(RunRow).order_by(col(RunRow.opened).desc(), col(RunRow.run))
        return self._all(newest.limit(limit))

    def find_run(self, prefix: str) -> RunRow:
        """Return the run whose id is `prefix`, or the only one whose id begins so."""
        named = col(RunRow.run).startswith(prefix, autoescape=True)
        found = self._all(select(RunRow).where(named).order_by(col(RunRow.run)).limit(3))
        exact = [row for row in found if row.run == prefix]
        if not found:
            raise StoreError(f"no run {prefix!r} in {self.location}; `crossaudit runs` lists them")
        if len(found) > 1 and not exact:
            some = ", ".join(row.run for row in found)
            raise StoreError(f"{prefix!r} is the beginning of several runs ({some}); write more")
        row: RunRow = exact[0] if exact else found[0]
        return row

    def run_ids(self) -> list[str]:
        """Return the ids of all runs, also of one whose row in `runs` or whose events are gone."""
        rows = select(RunRow.run).union(select(EventRow.run))
        return sorted(self._all(rows))

    def count_events(self, run: str) -> int:
        """Return how many events were recorded for `run`, whether they are still there or not."""
        return next(iter(self._all(select(RunRow.events).where(RunRow.run == run))), 0)

    def count_stored(self, run: str) -> int:
        """Return how many events of `run` are there."""
        query = select(func.count()).select_from(EventRow).where(EventRow.run == run)
        return int(self._all(query)[0])

    def has_run(self, run: str) -> bool:
        """Say whether any event of `run` is recorded."""
        return self._any(select(exists().where(col(EventRow.run) == run)))

    def has_mail(self, run: str) -> bool:
        """Say whether an answer waits for the owner of `run`."""
        mine = (col(InboxRow.run) == run) & col(InboxRow.taken).is_(None)
        return self._any(select(exists().where(mine)))

    def events(self, run: str, after: int = -1, limit: int | None = None) -> Iterator[Event]:
        """Yield the events of `run` that follow number `after`, at most `limit`."""
        for stored in self.stored(run, after, limit):
            yield parse(stored.run, stored.seq, stored.body)

    def event(self, id: str) -> Event:
        """Return the event `RUN:SEQ`; the run may be given by the beginning of its id."""
        prefix, _, seq = id.rpartition(":")
        if not prefix or not (seq.isascii() and seq.isdigit()):
            raise StoreError(f"{id!r} does not name an event; write RUN:NUMBER")
        run = self.find_run(prefix).run
        for event in self.events(run, int(seq) - 1, 1):
            if event.seq == int(seq):
                return event
        raise StoreError(f"run {run} has no event {seq} in {self.location}")

    def written(
        self, after: int = 0, kinds: Collection[str] = (), runs: Collection[str] = ()
    ) -> Iterator[tuple[int, Event]]:
        """Yield the events of all runs in the order of writing, each with its place in it.

        From the place that follows `after`; only of `kinds` and of `runs` where any are given.
        """
        query = select(EventRow)
        if kinds:
            # Not by the index of kinds: rows then come in order without being sorted page by page.
            query = query.where((col(EventRow.kind) + "").in_(kinds))
        if runs:
            query = query.where(col(EventRow.run).in_(runs))
        while True:
            page = query.where(col(EventRow.id) > after).order_by(col(EventRow.id)).limit(PAGE)
            rows = self._all(page)
            for row in rows:
                after = row.id
                yield after, parse(row.run, row.seq, row.body)
            if len(rows) < PAGE:
                return

    def stored(self, run: str, after: int = -1, limit: int | None = None) -> Iterator[StoredEvent]:
        """Yield the same events as they are kept, whatever is wrong with them."""
        left = limit
        while left is None or left > 0:
            query = select(EventRow).where(EventRow.run == run, col(EventRow.seq) > after)
            size = PAGE if left is None else min(PAGE, left)
            rows = self._all(query.order_by(col(EventRow.seq)).limit(size))
            for row in rows:
                # SQLite keeps text in a column of bytes if somebody put it there.
                body = row.body if isinstance(row.body, bytes) else str(row.body).encode()
                yield StoredEvent(row.run, row.seq, row.at, row.kind, body, row.hash)
            if len(rows) < size:
                return
            after = rows[-1].seq
            left = None if left is None else left - size

    def page(self, run: str, after: int, limit: int) -> list[tuple[int, bytes, str]]:
        """Return number, body and hash of the next events of `run`, for whoever reads very many."""
        query = select(col(EventRow.seq), col(EventRow.body), col(EventRow.hash)).limit(limit)
        if self._is_cut_off:  # in the order of the file, without the index: that may be cut off
            query = query.where((col(EventRow.run) + "") == run, col(EventRow.seq) + 0 > after)
            query = query.order_by(col(EventRow.id))
        else:
            query = query.where(EventRow.run == run, col(EventRow.seq) > after)
            query = query.order_by(col(EventRow.seq))
        with self.snapshot() as connection:
            rows = connection.execute(query).all()
        return [(s, b if isinstance(b, bytes) else str(b).encode(), str(h)) for s, b, h in rows]

    def legible(self, run: str, after: int, limit: int) -> list[tuple[int, bytes, str]]:
        """Return the same; of a damaged file those that stand before the damage."""
        found: list[tuple[int, bytes, str]] = []
        size = limit
        while size and len(found) < limit:
            wanted = min(size, limit - len(found))
            try:
                page = self.page(run, found[-1][0] if found else after, wanted)
            except LedgerDamaged:
                size = wanted // 2
                continue
            found += page
            if len(page) < wanted:
                break
        return found

    def tail(self, after_id: int = 0, limit: int = PAGE) -> list[tuple[int, Event]]:
        """Return events of all runs in the order of writing, each with its place in it."""
        query = select(EventRow).where(col(EventRow.id) > after_id)
        rows = self._all(query.order_by(col(EventRow.id)).limit(limit))
        return [(row.id or 0, parse(row.run, row.seq, row.body)) for row in rows]

    def decisions(self, run: str) -> list[DecisionRow]:
        """Return the decisions of `run` in order."""
        query = select(DecisionRow).where(DecisionRow.run == run)
        return self._all(query.order_by(col(DecisionRow.seq)))

    def pending(self) -> list[tuple[str, Request]]:
        """Return the approvals asked for and not answered in runs still open, oldest first."""
        query = (
            select(EventRow)
            .join(ApprovalRow, _same_event())
            .join(RunRow, col(RunRow.run) == col(ApprovalRow.run))
            .where(col(ApprovalRow.answer).is_(None), col(RunRow.closed).is_(None))
            .order_by(col(ApprovalRow.asked), col(EventRow.id))
        )
        facts = [parse(row.run, row.seq, row.body) for row in self._all(query)]
        return [(e.run, e.fact.request) for e in facts if isinstance(e.fact, ApprovalRequested)]

    def charged_on(self, day: date) -> float:
        """Return the US dollars that runs which ended on `day` (UTC) were charged for models."""
        start = datetime.combine(day, time(), UTC)
        query = (
            select(EventRow)
            .join(RunRow, col(RunRow.run) == col(EventRow.run))
            .where(col(EventRow.kind) == "run_closed", col(RunRow.closed) >= start)
            .where(col(RunRow.closed) < start + timedelta(days=1), RunRow.mode == "live")
        )
        facts = [parse(row.run, row.seq, row.body).fact for row in self._all(query)]
        panels = [fact.summary.panel for fact in facts if isinstance(fact, RunClosed)]
        return sum(panel.charged_usd for panel in panels if panel)

    def close(self) -> None:
        """Close the connections."""
        if self._held is not None:
            self._held.close()
        self._engine.dispose()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Lend a connection on which every question is answered as of one moment."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except Exception as error:
            raise explain(error, self._where) from None

    def _all(self, query: Select[Any] | CompoundSelect[Any]) -> list[Any]:
        try:
            with Session(self._engine) as session:
                return list(session.scalars(query))
        except Exception as error:
            raise explain(error, self._where) from None

    def _any(self, query: Select[Any]) -> bool:
        return bool(self._all(query)[0])


def open_legible(location: str | Path) -> Reader:
    """Open a ledger, also one that is cut off; LedgerDamaged where nothing of it can be read."""
    try:
        return Reader(location)
    except LedgerDamaged as damaged:
        try:
            return Reader(location, is_cut_off=True)
        except StoreError:
            raise damaged from None


def _same_event() -> Any:
    return (col(EventRow.run) == col(ApprovalRow.run)) & (col(EventRow.seq) == col(ApprovalRow.seq))


def parse(run: str, seq: int, body: bytes) -> Event:
    """Return the event with this body; StoreError names it where it cannot be read."""
    try:
        return EVENT.validate_json(body)
    except ValidationError:
        raise StoreError(
            f"event {run}:{seq} cannot be read: it is damaged (`crossaudit verify {run}` says "
            "more), or of a kind that only a newer crossaudit knows"
        ) from None
