"""A run told turn by turn, for the tests of auditors."""

from __future__ import annotations

from typing import Any

from orchestrator.auditors.justification.auditor import JustificationAuditor, JustificationSeat
from orchestrator.domain.action import Action, Justification, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Hit, Scored, Verdict

AUDITOR = JustificationAuditor()
HELD, LOW = 0.5, 0.15


def sit(task: str = "Fix the parser.") -> JustificationSeat:
    return AUDITOR.open(RunFacts(agent="a", task=task, seed="00", profile="default"))


class Run:
    """A run told turn by turn."""

    def __init__(self, task: str = "Fix the parser.") -> None:
        self.seat = sit(task)
        self.turns = 0

    def act(
        self,
        message: str | None = None,
        tool: str = "bash",
        result: str | None = None,
        *,
        reasoning: str | None = None,
        hits: tuple[Hit, ...] = (),
        error: bool = False,
        justification: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> Verdict:
        given = Justification.model_validate(justification) if justification else None
        name = f"c{self.turns}"
        action = Action(id=name, call_id=name, tool=tool, arguments=arguments, justification=given)
        turn = Turn(index=self.turns, message=message, reasoning=reasoning, actions=(action,))
        self.turns += 1
        (verdict,) = self.seat.judge(turn, hits)
        if result is not None:
            seen = Observation(action=name, call_id=name, tool=tool, content=result, error=error)
            self.seat.observe(seen, action)
        return verdict

    def say(self, message: str) -> Verdict:
        (verdict,) = self.seat.judge(Turn(index=self.turns, message=message), ())
        self.turns += 1
        return verdict


def suspicion(verdict: Verdict) -> float:
    return verdict.opinion.suspicion if isinstance(verdict.opinion, Scored) else 0.0


def quotes(verdict: Verdict) -> list[tuple[str, str]]:
    assert isinstance(verdict.opinion, Scored)
    return [(claim.quote, claim.source) for claim in verdict.opinion.claims if claim.verified]
