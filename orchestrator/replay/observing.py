"""The collusion graph of recorded runs: rebuilt from a ledger, or followed event by event."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from orchestrator.audits.observing import KINDS, Observer
from orchestrator.collusion.engine import Engine
from orchestrator.domain.event import Event
from orchestrator.ledger.reader import Reader


class Observed:
    """An engine, and the observer that feeds it."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.observer = Observer()

    def take(self, event: Event) -> None:
        """Learn from one event, as `Guard.subscribe` streams them."""
        self.engine.take_all(self.observer.take(event))

    def take_all(self, events: Iterable[Event]) -> None:
        """Learn from many, in order; the same as one by one."""
        for event in events:
            self.take(event)


def rebuild(reader: Reader, runs: Collection[str] = ()) -> Observed:
    """Return the graph of the whole ledger, or of some of its runs, in the order of writing.

    Following the same events in the same order gives the same. Runs at the same time are written
    in an order that a stream need not have: then the ledger's is the one that counts.
    """
    observed = Observed()
    observed.take_all(event for _, event in reader.written(0, KINDS, runs))
    return observed
