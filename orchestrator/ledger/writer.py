"""The one writer of a process: batches of many runs, one transaction, one worker thread at a time.

No task runs in the background. An append queues its batch at once, so that the order within a run
is that of the calls; whoever comes first then writes everything queued, and the others find theirs
written.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import anyio
from anyio import to_thread
from anyio.lowlevel import RunVar
from sqlalchemy import Connection, Engine

from orchestrator.domain.event import Event, Fact
from orchestrator.errors import CrossauditError, StoreError
from orchestrator.ledger.chain import Chain, StoredEvent
from orchestrator.ledger.engine import explain, is_conflict
from orchestrator.ledger.statements import Statements
from orchestrator.ledger.witness import Witness

T = TypeVar("T")


class Batch:
    """Facts of one run that are written together."""

    __slots__ = ("at", "chain", "done", "error", "facts", "links")

    def __init__(self, chain: Chain, facts: Sequence[Fact], at: datetime) -> None:
        self.chain = chain
        self.facts = facts
        self.at = at
        self.done = False
        self.links: list[tuple[Event, StoredEvent]] = []
        self.error: CrossauditError | None = None


class Lane(NamedTuple):
    """What the tasks of one event loop queue at."""

    turn: anyio.Lock
    thread: anyio.CapacityLimiter


class Writer:
    """Write to one engine; safe to use from several event loops and threads."""

    def __init__(self, engine: Engine, location: str, witness: Witness | None = None) -> None:
        self._engine = engine
        self._location = location
        self._witness = witness
        self._statements = Statements(engine.dialect)
        self._connection = engine.connect()
        self._queue: deque[Batch] = deque()
        self._writing = threading.Lock()
        self._lanes: RunVar[Lane] = RunVar(f"lane of writer {id(self)}")

    async def write(self, batch: Batch) -> None:
        """Return when `batch` is written, or has its `error`; cancelling does not undo it."""
        self._queue.append(batch)
        with anyio.CancelScope(shield=True):
            lane = self._lane()
            async with lane.turn:
                if not batch.done:
                    await to_thread.run_sync(self._flush, limiter=lane.thread)

    async def transact(self, work: Callable[[Connection, Statements], T]) -> T:
        """Do other work in a transaction of the same connection."""
        with anyio.CancelScope(shield=True):
            lane = self._lane()
            async with lane.turn:
                done = await to_thread.run_sync(self.transact_now, work, limiter=lane.thread)
        return done

    def transact_now(self, work: Callable[[Connection, Statements], T]) -> T:
        """Do the same from outside an event loop."""
        with self._writing:
            return self._transact(work)

    def close(self) -> None:
        """Close the engine and its connections."""
        with self._writing:
            self._connection.close()
            self._engine.dispose()

    def _lane(self) -> Lane:
        try:
            return self._lanes.get()
        except LookupError:
            lane = Lane(anyio.Lock(fast_acquire=True), anyio.CapacityLimiter(1))
            self._lanes.set(lane)
            return lane

    def _flush(self) -> None:
        with self._writing:
            batches = [self._queue.popleft() for _ in range(len(self._queue))]
            ready = [batch for batch in batches if _link(batch)]
            try:
                self._store(ready)
            except Exception as error:
                self._blame(ready, explain(error, self._location))
            for batch in batches:
                batch.done = True

    def _blame(self, batches: list[Batch], error: CrossauditError) -> None:
        """Give `error` to the batches it belongs to."""
        if is_conflict(error.__cause__) and len(batches) > 1:
            for batch in batches:  # one run that somebody else writes must not stop the others
                try:
                    self._store([batch] if _is_whole(batch) else [])
                except Exception as own:
                    _break(batch, explain(own, self._location))
            return
        for batch in batches:
            _break(batch, error)

    def _store(self, batches: list[Batch]) -> None:
        events = [event for batch in batches for event, _ in batch.links]
        stored = [stored for batch in batches for _, stored in batch.links]

        def work(connection: Connection, statements: Statements) -> None:
            statements.record(connection, stored, events)

        if stored:
            self._transact(work)
            if self._witness:
                self._witness.tell(events)

    def _transact(self, work: Callable[[Connection, Statements], T]) -> T:
        try:
            with self._connection.begin():
                done = work(self._connection, self._statements)
        except Exception as error:
            self._connection.invalidate()  # whatever happened to it, the next one is new
            raise explain(error, self._location) from error
        return done


def _link(batch: Batch) -> bool:
    if not _is_whole(batch):
        return False
    try:
        batch.links = batch.chain.extend(batch.facts, batch.at)
    except Exception as error:
        run = batch.chain.run
        _break(batch, StoreError(f"a fact of run {run} cannot be written: {error}"))
    return batch.error is None


def _is_whole(batch: Batch) -> bool:
    """Say whether `batch` may follow: what was queued behind a failure must not leave a hole."""
    if batch.chain.broken:
        batch.error = StoreError(batch.chain.broken)
    return batch.error is None


def _break(batch: Batch, error: CrossauditError) -> None:
    batch.error = error
    batch.chain.broken = f"{error} (run {batch.chain.run} is no longer recorded)"
