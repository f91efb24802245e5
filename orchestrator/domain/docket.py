"""What a turn's judgement has to say so far, and the way to put it on record before it goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from orchestrator.domain.event import Event, Fact

Append: TypeAlias = Callable[..., Awaitable[Sequence[Event]]]


class Docket:
    """Gather facts; they are recorded together, in their order, when somebody asks for it."""

    def __init__(self, append: Append, listen: Callable[[Fact], None] = lambda _: None) -> None:
        self._append = append
        self._listen = listen
        self._facts: list[Fact] = []
        self.is_begun = False
        """Whether anything of it is recorded."""

    def add(self, *facts: Fact) -> None:
        """Put `facts` at the end, and tell whoever listens."""
        self._facts.extend(facts)
        for fact in facts:
            self._listen(fact)

    async def publish(self) -> Sequence[Event]:
        """Return the events of all facts added since the last time, once they are recorded."""
        facts, self._facts = self._facts, []
        if not facts:
            return ()
        events = await self._append(*facts)
        self.is_begun = True
        return events
