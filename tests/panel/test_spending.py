"""What auditors may cost a day holds over guards and processes."""

from __future__ import annotations

from pathlib import Path

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.config import Audits, Config
from orchestrator.guard import Guard
from orchestrator.models.client import Answer, Failure, ModelClient, Request
from orchestrator.models.spend import Exhausted, Spend
from orchestrator.panel.roster import Roster
from tests.panel.seats import says, seat

WRITE = {"id": "1", "tool": "write_file", "arguments": {"path": "notes.txt", "content": "May"}}
QUIET = Audits(canary_rate=0.0, cross_rate=0.0, arbiter_rate=0.0, swap_rate=0.0)


class Paid:
    """A client whose calls are charged, as those of a real one are."""

    def __init__(self, client: ModelClient, spend: Spend) -> None:
        self.vendor, self.model = client.vendor, client.model
        self._client = client
        self._spend = spend

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        hold = self._spend.reserve(None)
        if isinstance(hold, Exhausted):
            return Failure(cause="budget exhausted")
        answer = await self._client.ask(request, deadline_s)
        self._spend.settle(hold, 0.02)
        return answer

    async def aclose(self) -> None:
        await self._client.aclose()


def paid(auditor: ModelAuditor, spend: Spend) -> ModelAuditor:
    """Return the auditor with a client that costs two cents a call."""
    auditor.client = Paid(auditor.client, spend)
    return auditor


async def test_what_a_day_may_cost_holds_over_guards(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "approvals": {"deadline_s": 0.05},
            "audits": QUIET,
            "budget": {"per_day": 0.05, "assumed_usd": 0.02},
            "ledger": {"path": str(tmp_path / "ledger.db")},
        }
    )
    ends = []
    for _ in range(3):
        spend = Spend(config.budget)
        models = [paid(seat(name, says(2)), spend) for name in "ab"]
        guard = Guard(config, models=models)
        guard.roster = Roster(models, config, guard.clock, spend=spend)
        async with guard.run("agent", task="Note May.") as run:
            await run.review([WRITE])
        use = run.summary().panel
        assert use
        ends.append((use.scored, use.failed))
    assert ends == [(2, 0), (1, 1), (0, 2)]
