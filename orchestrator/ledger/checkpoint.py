"""Checkpoints: at times a chain states its own head and length, signed where there is a key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from orchestrator.clock import Clock
from orchestrator.domain.event import Checkpoint, Event, Fact, RunClosed
from orchestrator.ledger.chain import Chain, StoredEvent
from orchestrator.ledger.keys import Keys

EVERY = 1_000
"""Events of a run between two checkpoints; the end of the run is always one."""


class Statement(NamedTuple):
    """What a signature covers and a witness is told: the first `length` events end in `head`."""

    run: str
    length: int
    head: str

    def message(self) -> bytes:
        """Return the bytes to sign; a run id holds no line break, so no two are alike."""
        return f"crossaudit checkpoint 1\n{self.run}\n{self.length}\n{self.head}\n".encode()


class CheckedChain(Chain):
    """A chain that adds its own checkpoints after the facts that make one due."""

    def __init__(self, run: str, clock: Clock | None = None, keys: Keys | None = None) -> None:
        super().__init__(run, clock)
        self._keys = keys
        self._checked = 0

    def extend(
        self, facts: Sequence[Fact], at: datetime | None = None
    ) -> list[tuple[Event, StoredEvent]]:
        """Append `facts` and, every `EVERY` events and after a `run_closed`, a checkpoint."""
        links = super().extend(facts, at)
        ended = any(isinstance(fact, RunClosed) for fact in facts)
        if ended or self.count - self._checked >= EVERY:
            links += super().extend([self._checkpoint()], at)
            self._checked = self.count
        return links

    def _checkpoint(self) -> Checkpoint:
        statement = Statement(self.run, self.count, self.head)
        key, signature = self._keys.sign(statement.message()) if self._keys else ("", "")
        return Checkpoint(count=statement.length, head=statement.head, key=key, signature=signature)
