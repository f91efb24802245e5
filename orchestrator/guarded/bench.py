"""What a run does about the standing of auditors: tell what people reversed, judge what it saw."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.audits.planning import find_kinds, spread_tests
from orchestrator.audits.standing import Standing
from orchestrator.config import Config
from orchestrator.domain.panel import SwapCell
from orchestrator.domain.run import RunFacts
from orchestrator.guarded.record import Record
from orchestrator.ledger.reader import Reader
from orchestrator.panel.panel import may_audit
from orchestrator.panel.roster import Roster


class Bench:
    """The standing of the auditors of one guard, beside its ledger."""

    def __init__(self, standing: Standing, reader: Reader, roster: Roster) -> None:
        self.standing = standing
        self._reader = reader
        self._roster = roster
        self._failed: Exception | None = None

    async def plan_swaps(
        self, facts: RunFacts, auditors: Sequence[ModelAuditor]
    ) -> tuple[SwapCell, ...]:
        """Return the swap tests of a run that opens; never raises, as `tell` says what failed."""
        kinds = find_kinds(facts, auditors)
        try:
            return await anyio.to_thread.run_sync(
                self.standing.plan_swaps, self._reader, facts, auditors, kinds
            )
        except Exception as failure:
            self._failed = failure
            return spread_tests(auditors)

    async def tell(self, record: Record) -> None:
        """Put on record what people reversed since the last run; never raises."""
        if self._failed:
            await record.note_failure("swap tests", self._failed)
        try:
            if told := self.standing.unrecorded():
                await record.append(*told)
                self.standing.note_recorded()
        except Exception as failure:
            await record.note_failure("standing", failure)

    async def judge(self, record: Record) -> None:
        """Take the steps that all recorded evidence calls for; they hold from the next run on.

        They are recorded before they are kept. Never raises: a failure costs the step, and the next
        run with evidence takes it.
        """
        try:
            steps, reviewed = await anyio.to_thread.run_sync(
                self.standing.judge, self._reader, lambda known: self._roster.recall(known).weights
            )
            if steps:
                await record.append(*steps, *reviewed)
                self.standing.keep(steps)
        except Exception as failure:
            await record.note_failure("standing", failure)


async def plan_swaps(
    bench: Bench | None, roster: Roster | None, facts: RunFacts, config: Config
) -> tuple[SwapCell, ...]:
    """Return the swap tests that a run which opens now may make; none at a rate of 0."""
    if roster is None or not config.audits.swap_rate:
        return ()
    auditors = [one for one in roster.auditors if may_audit(one, facts.model)]
    return await bench.plan_swaps(facts, auditors) if bench else spread_tests(auditors)
