"""Work beside the votes: what it records when done, and when it is given up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orchestrator.domain.event import Fact


class Job(Protocol):
    """One side call, or several that belong together."""

    async def run(self) -> Sequence[Fact]:
        """Return what came of it."""
        ...

    def give_up(self, why: str) -> Sequence[Fact]:
        """Return what is recorded of it where it did not get an answer."""
        ...
