"""What a run does about the standing of auditors: tell what people reversed, judge what it saw."""

from __future__ import annotations

import anyio

from orchestrator.audits.standing import Standing
from orchestrator.guarded.record import Record
from orchestrator.ledger.reader import Reader
from orchestrator.panel.roster import Roster


class Bench:
    """The standing of the auditors of one guard, beside its ledger."""

    def __init__(self, standing: Standing, reader: Reader, roster: Roster) -> None:
        self.standing = standing
        self._reader = reader
        self._roster = roster

    async def tell(self, record: Record) -> None:
        """Put on record what people reversed since the last run; never raises."""
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
