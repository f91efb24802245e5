"""The ledger: open it, open a run in it, append."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import anyio
from sqlalchemy import Connection

from orchestrator.clock import Clock, SystemClock
from orchestrator.domain.event import Event, Fact, RunClosed
from orchestrator.domain.value import JsonObject
from orchestrator.errors import StoreError
from orchestrator.ledger import answers
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.checkpoint import CheckedChain
from orchestrator.ledger.engine import Durability, describe, open_to_write
from orchestrator.ledger.inbox import Answered, Reply
from orchestrator.ledger.keys import Keys
from orchestrator.ledger.log import Log
from orchestrator.ledger.reader import Reader, parse
from orchestrator.ledger.statements import Statements
from orchestrator.ledger.witness import Witness
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
        clock = clock or SystemClock()
        keys = keys or Keys()
        keys.load()
        engine = open_to_write(str(location), durability, create=create)
        teller = Witness(witness, clock) if witness else None
        return cls(str(location), Writer(engine, str(location), teller), clock, keys, teller)

    def __init__(
        self, location: str, writer: Writer, clock: Clock, keys: Keys, witness: Witness | None
    ) -> None:
        self.location = describe(location)
        self.writer = writer
        self.keys = keys
        self._where = location
        self._clock = clock
        self._witness = witness
        self._opened: set[str] = set()

    @cached_property
    def reader(self) -> Reader:
        """Return a reader of the same ledger, with connections of its own."""
        return Reader(self._where)

    @property
    def witness_failures(self) -> tuple[str, ...]:
        """Return what the witness could not be told, a sentence each."""
        return tuple(self._witness.failures) if self._witness else ()

    def open_run(self, run: str) -> Log:
        """Begin the chain of a new run; this process is its only writer.

        Raises StoreError where the ledger already has that run.
        """
        if not is_run_id(run):
            raise StoreError(
                f"{run!r} cannot be the id of a run: up to {RUN_CHARACTERS} ASCII letters, "
                "digits, '-', '_' and '.', the first a letter or digit"
            )
        if run in self._opened or self.reader.has_run(run):
            raise StoreError(
                f"run {run} is already in the ledger {self.location}; a run is opened once"
            )
        self._opened.add(run)
        return StoredLog(CheckedChain(run, self._clock, self.keys), self.writer, self._clock)

    async def insert(self, stored: Sequence[StoredEvent], events: Sequence[Event] = ()) -> None:
        """Store events that were chained elsewhere: whole runs, in order.

        `events` are the same as values, where they are at hand; else they are parsed.
        """

        def work(connection: Connection, statements: Statements) -> Sequence[Event]:
            values = events or [parse(row.run, row.seq, row.body) for row in stored]
            statements.record(connection, stored, values)
            return values

        recorded = await self.writer.transact(work)
        if self._witness:
            self._witness.tell(recorded)

    async def take_answers(self, run: str) -> tuple[Answered, ...]:
        """Return what was sent to `run` since the last call."""

        def work(connection: Connection, _: Statements) -> tuple[Answered, ...]:
            return answers.take_answers(connection, run, self._clock.now())

        # Asked ten times a second while somebody is waited for: first look without a lock.
        has_mail = await anyio.to_thread.run_sync(self.reader.has_mail, run)
        return await self.writer.transact(work) if has_mail else ()

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

        def work(connection: Connection, _: Statements) -> None:
            at = self._clock.now()
            answers.leave_answer(connection, run, request, answer, by, reason, arguments, at)

        self.writer.transact_now(work)

    async def aclose(self) -> None:
        """Close from within an event loop."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)

    def close(self) -> None:
        """Close; what was appended is already written, a slow witness is waited for briefly."""
        if "reader" in self.__dict__:
            self.reader.close()
        self.writer.close()  # last: SQLite then moves everything into the one file
        if self._witness:
            self._witness.close()


class StoredLog:
    """The chain of one run in a ledger."""

    def __init__(self, chain: CheckedChain, writer: Writer, clock: Clock) -> None:
        self.run = chain.run
        self._chain = chain
        self._writer = writer
        self._clock = clock
        self._ended = False

    async def append(self, *facts: Fact) -> tuple[Event, ...]:
        """Record `facts`; see `Log`."""
        if self._chain.broken:
            raise StoreError(self._chain.broken)
        if self._ended:
            raise StoreError(f"run {self.run} has ended; nothing more can be recorded in it")
        self._ended = any(isinstance(fact, RunClosed) for fact in facts)
        batch = Batch(self._chain, facts, self._clock.now())
        await self._writer.write(batch)
        if batch.error:
            raise StoreError(self._chain.broken)
        return tuple(event for event, _ in batch.links[: len(facts)])


def is_run_id(text: str) -> bool:
    """Say whether `text` can name a run in a shell, in a URL and in `RUN:SEQ`."""
    plain = text.replace("-", "").replace("_", "").replace(".", "")
    named = plain.isascii() and plain.isalnum() and text[0].isalnum()
    return named and len(text) <= RUN_CHARACTERS
