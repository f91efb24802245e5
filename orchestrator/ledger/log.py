"""Where the events of one run go."""

from __future__ import annotations

from typing import Protocol

from orchestrator.domain.event import Event, Fact


class Log(Protocol):
    """Append facts to the chain of one run."""

    run: str

    async def append(self, *facts: Fact) -> tuple[Event, ...]:
        """Record `facts` in order and return their events, one each.

        On return they are durable as configured. After the first failure, and after a
        `run_closed`, every call raises StoreError: a chain with a hole is not continued.
        """
        ...
