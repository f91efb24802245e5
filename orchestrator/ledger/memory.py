"""A ledger that is only lists: for replay workers and for tests."""

from __future__ import annotations

from orchestrator.clock import Clock
from orchestrator.domain.event import Event, Fact, RunClosed
from orchestrator.errors import StoreError
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.checkpoint import CheckedChain
from orchestrator.ledger.inbox import Answered
from orchestrator.ledger.keys import Keys


class MemoryLedger:
    """Keep the runs that were opened on it."""

    def __init__(self, clock: Clock | None = None, keys: Keys | None = None) -> None:
        self.logs: dict[str, MemoryLog] = {}
        self._clock = clock
        self._keys = keys

    def open_run(self, run: str) -> MemoryLog:
        """Begin the chain of a new run."""
        if run in self.logs:
            raise StoreError(f"run {run} is already in this ledger; a run is opened once")
        self.logs[run] = MemoryLog(CheckedChain(run, self._clock, self._keys))
        return self.logs[run]

    async def take_answers(self, run: str) -> tuple[Answered, ...]:
        """Return nothing: nobody else can reach this ledger."""
        return ()

    async def aclose(self) -> None:
        """Do nothing."""


class MemoryLog:
    """The events of one run, and the same as they would be stored."""

    def __init__(self, chain: CheckedChain) -> None:
        self.run = chain.run
        self.events: list[Event] = []
        self.stored: list[StoredEvent] = []
        self._chain = chain
        self._closed = False

    async def append(self, *facts: Fact) -> tuple[Event, ...]:
        """Add `facts` and return their events."""
        if self._closed:
            raise StoreError(f"run {self.run} has ended; nothing more can be recorded in it")
        self._closed = any(isinstance(fact, RunClosed) for fact in facts)
        links = self._chain.extend(facts)
        self.events += [event for event, _ in links]
        self.stored += [stored for _, stored in links]
        return tuple(event for event, _ in links[: len(facts)])
