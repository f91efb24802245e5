"""The ledger: open it, open a run in it, append."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import anyio
from sqlalchemy import Connection, insert, select, update

from orchestrator.clock import Clock, SystemClock
from orchestrator.domain.event import EVENT, Event, Fact, RunClosed
from orchestrator.domain.value import JsonObject
from orchestrator.errors import StoreError
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.checkpoint import CheckedChain
from orchestrator.ledger.derive import derive
from orchestrator.ledger.engine import Durability, describe, open_to_write
from orchestrator.ledger.inbox import Answered, Reply
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.log import Log
from orchestrator.ledger.reader import Reader
from orchestrator.ledger.statements import Statements, table_of
from orchestrator.ledger.tables import InboxRow
from orchestrator.ledger.writer import Batch, Writer

RUN_CHARACTERS = 100


class Ledger:
    """An open ledger; closing it is the caller's part."""

    @classmethod
    def open(
        cls,
        location: str | Path,
        *,
        durability: Durability = "normal",
        witness: str | None = None,
        clock: Clock | None = None,
        keys: Keys | None = None,
        create: bool = True,
    ) -> Self:
        """Open the ledger at a path or PostgreSQL URL, making file and folder if `create`.

        Raises StoreError where it cannot be written, LedgerTooNew where it is of a newer form.
        """
        return cls(str(location), durability, witness, clock, keys, create)

    def __init__(
        self,
        location: str,
        durability: Durability,
        witness: str | None,
        clock: Clock | None,
        keys: Keys | None,
        create: bool,
    ) -> None:
        self.location = describe(location)
        self.keys = keys or Keys()
        self._where = location
        self._clock = clock or SystemClock()
        self._engine = open_to_write(location, durability, create=create)
        self._writer = Writer(self._engine, location)
        self._opened: set[str] = set()

    @cached_property
    def reader(self) -> Reader:
        """Return a reader of the same ledger, with connections of its own."""
        return Reader(self._where)

    def open_run(self, run: str) -> Log:
        """Begin the chain of a new run; this process is its only writer.

        Raises StoreError where the ledger already has that run.
        """
        if not is_run_id(run):
            raise StoreError(
                f"{run!r} cannot be the id of a run: up to {RUN_CHARACTERS} ASCII letters, "
                "digits, '-', '_' and '.'"
            )
        if run in self._opened or self.reader.has_run(run):
            raise StoreError(
                f"run {run} is already in the ledger {self.location}; a run is opened once"
            )
        self._opened.add(run)
        return StoredLog(CheckedChain(run, self._clock, self.keys), self._writer, self._clock)

    async def insert(self, stored: Sequence[StoredEvent]) -> None:
        """Store events that were chained elsewhere: whole runs, in order."""
        events = [EVENT.validate_json(row.body) for row in stored]

        def work(connection: Connection, statements: Statements) -> None:
            statements.store(connection, stored)
            statements.apply(connection, derive(events))

        if stored:
            await self._writer.transact(work)

    async def take_answers(self, run: str) -> tuple[Answered, ...]:
        """Return what was sent to `run` since the last call."""
        inbox = table_of(InboxRow)
        waiting = (inbox.c.run == run) & inbox.c.taken.is_(None)

        def work(connection: Connection, _: Statements) -> tuple[Answered, ...]:
            rows = connection.execute(select(inbox).where(waiting).order_by(inbox.c.id)).all()
            if rows:
                last = inbox.c.id <= rows[-1].id
                taken = update(inbox).where(waiting, last).values(taken=self._clock.now())
                connection.execute(taken)
            return tuple(
                Answered(r.id, r.run, r.request, r.answer, r.by, r.reason, _load(r.arguments), r.at)
                for r in rows
            )

        if not await anyio.to_thread.run_sync(self.reader.has_mail, run):
            return ()
        return await self._writer.transact(work)

    def send(
        self,
        run: str,
        request: str,
        answer: Reply,
        *,
        by: str,
        reason: str = "",
        arguments: JsonObject | None = None,
    ) -> None:
        """Leave an answer for the process that owns `run`, from any process."""
        row = {
            "run": run,
            "request": request,
            "answer": answer,
            "by": by,
            "reason": reason,
            "arguments": None if arguments is None else json.dumps(arguments).encode(),
            "at": self._clock.now(),
        }
        self._writer.transact_now(
            lambda connection, _: connection.execute(insert(table_of(InboxRow)), row) and None
        )

    async def aclose(self) -> None:
        """Close from within an event loop."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)

    def close(self) -> None:
        """Close; what was appended is already written."""
        self._writer.close()
        self._engine.dispose()
        if "reader" in self.__dict__:
            self.reader.close()


class StoredLog:
    """The chain of one run in a ledger."""

    def __init__(self, chain: CheckedChain, writer: Writer, clock: Clock) -> None:
        self.run = chain.run
        self._chain = chain
        self._writer = writer
        self._clock = clock
        self._over = ""

    async def append(self, *facts: Fact) -> tuple[Event, ...]:
        """Record `facts`; see `Log`."""
        if self._over:
            raise StoreError(self._over)
        if any(isinstance(fact, RunClosed) for fact in facts):
            self._over = f"run {self.run} has ended; nothing more can be recorded in it"
        batch = Batch(self._chain, facts, self._clock.now())
        await self._writer.write(batch)
        if batch.error:
            self._over = f"{batch.error} (run {self.run} is no longer recorded)"
            raise StoreError(self._over)
        return tuple(event for event, _ in batch.links[: len(facts)])


def is_run_id(text: str) -> bool:
    """Say whether `text` can name a run in a shell, in a URL and in `RUN:SEQ`."""
    plain = text.replace("-", "").replace("_", "").replace(".", "")
    return plain.isascii() and plain.isalnum() and len(text) <= RUN_CHARACTERS


def _load(data: bytes | None) -> JsonObject | None:
    if data is None:
        return None
    arguments: JsonObject = json.loads(data)
    return arguments
