"""The one way from a run to its ledger: append first, then tell whoever listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from orchestrator.domain.decision import Decision
from orchestrator.domain.event import Event, Fact, GuardFailed
from orchestrator.domain.value import clean_text
from orchestrator.ledger.log import Log
from orchestrator.rules.redaction import Redactor


class Record:
    """Append facts to the chain of one run and keep the counts its summary needs."""

    def __init__(
        self, log: Log, redactor: Redactor, publish: Callable[[Sequence[Event]], None]
    ) -> None:
        self.run = log.run
        self.judged: Counter[str] = Counter()
        self.held = 0
        self.failures: Counter[str] = Counter()
        self._log = log
        self._redactor = redactor
        self._publish = publish

    async def append(self, *facts: Fact) -> tuple[Event, ...]:
        """Return the events once they are recorded to the configured durability."""
        events = await self._log.append(*facts)
        self._publish(events)
        return events

    def count(self, decision: Decision) -> None:
        """Count a settled decision."""
        self.judged[decision.judged] += 1
        self.held += not decision.decision.releases

    async def note_failure(self, where: str, failure: Exception, turn: int | None = None) -> None:
        """Record that the guard failed; never raises, since what follows is a denial."""
        self.failures[f"{where}: {type(failure).__name__}"] += 1
        cause = self._redactor.text(clean_text(f"{type(failure).__name__}: {failure}"))
        try:
            await self.append(GuardFailed(turn=turn, where=where, cause=cause))
        except Exception:
            self.failures["unrecorded failure"] += 1
