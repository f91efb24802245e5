"""Judge rationales again, by somebody of another vendor who does not know whose they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.rationale import (
    RationaleReply,
    is_answered,
    write_rationale_prompt,
)
from orchestrator.auditors.model.rubric import Rubric
from orchestrator.audits.ladder import MORE
from orchestrator.audits.planting import plant_flaw
from orchestrator.audits.stock import Stock
from orchestrator.config import Audits as AuditsConfig
from orchestrator.domain.chance import Chance
from orchestrator.domain.event import CrossAudited, SpotChecked
from orchestrator.domain.verdict import Failed, Scored, Verdict
from orchestrator.models.client import Failure, Refusal, Request

PLANTED_SHARE = 0.2
"""Share of cross-audits whose rationale we spoil first."""


class Assignment(NamedTuple):
    """A rationale, and who judges it."""

    verdict: Verdict
    judge: str
    by: Literal["auditor", "arbiter"]
    propensity: float
    planted: str | None = None


def draw_cross_audits(
    config: AuditsConfig,
    case: Case,
    verdicts: Sequence[Verdict],
    vendors: Mapping[str, str],
    stock: Stock,
    chance: Chance,
    watched: Collection[str] = (),
) -> list[Assignment]:
    """Return the rationales of one action that are judged again, drawn whatever they say.

    `vendors` are those who may judge; rationales of the `watched` are drawn more often. A rationale
    nobody of another vendor could judge is left.
    """
    drawn = []
    for verdict in verdicts:
        key = (case.turn.index, verdict.action, verdict.auditor, verdict.look)
        draw = chance.draw("cross", *key)
        rate = config.cross_rate
        if verdict.auditor in watched:
            rate = min(1.0, MORE * rate)
        is_drawn, is_planted = draw.random() < rate, draw.random() < PLANTED_SHARE
        others = sorted(name for name, vendor in vendors.items() if vendor != verdict.vendor)
        if not is_drawn or not others or not isinstance(verdict.opinion, Scored):
            continue
        judge = draw.choice(others)
        flawed = plant_flaw(verdict, case, stock, draw) if is_planted else None
        shown, flaw = flawed or (verdict, None)
        drawn.append(Assignment(shown, judge, "auditor", rate, flaw))
    return drawn


def is_spot_checked(config: AuditsConfig, case: Case, action: str, chance: Chance) -> bool:
    """Say whether an action is drawn for the arbiter or a person, whatever was voted."""
    drawn: float = chance.draw("arbiter", case.turn.index, action).random()
    return drawn < config.arbiter_rate


class CrossAudit:
    """One rationale before one judge."""

    def __init__(
        self,
        assignment: Assignment,
        case: Case,
        judge: ModelAuditor,
        rubric: Rubric,
        chance: Chance,
        deadline_s: float,
    ) -> None:
        self._assignment = assignment
        self._case = case
        self._judge = judge
        self._rubric = rubric
        self._deadline_s = deadline_s
        verdict = assignment.verdict
        self._nonce = chance.nonce(
            "rationale", case.turn.index, verdict.action, verdict.auditor, verdict.look, judge.name
        )

    def prompt(self) -> Request:
        """Return what the judge is sent."""
        return write_rationale_prompt(
            self._rubric,
            self._case,
            verdict=self._assignment.verdict,
            nonce=self._nonce,
            auditor=self._judge.name,
        )

    async def run(self) -> list[CrossAudited]:
        """Ask the judge; an answer that cannot be trusted is none."""
        request = self.prompt()
        answer = await self._judge.client.ask(request, self._deadline_s)
        if isinstance(answer, Failure):
            said = self._tell(f"{answer.cause}: {answer.why}" if answer.why else answer.cause)
        elif isinstance(answer, Refusal):
            said = self._tell(f"declined: {answer.why}")
        else:
            reply = RationaleReply.model_validate(answer.data)
            if is_answered(reply, self._case, self._nonce):
                said = self._tell(reply.why).model_copy(
                    update={"quotes_hold": reply.quotes_hold, "follows": reply.follows}
                )
            else:
                said = self._tell("the control question was answered wrongly")
        return [said.model_copy(update={"prompt": request.hash, "usage": answer.usage})]

    def give_up(self, why: str) -> list[CrossAudited]:
        """Say that nobody judged it."""
        return [self._tell(why)]

    def _tell(self, why: str) -> CrossAudited:
        verdict = self._assignment.verdict
        return CrossAudited(
            turn=self._case.turn.index,
            action=verdict.action or "",
            judge=self._judge.name,
            ratee=verdict.auditor,
            by=self._assignment.by,
            planted=self._assignment.planted,
            propensity=self._assignment.propensity,
            look=verdict.look,
            why=why,
        )


class SpotCheck:
    """One action before the arbiter."""

    def __init__(
        self,
        action: str,
        case: Case,
        arbiter: ModelAuditor,
        chance: Chance,
        rate: float,
        risk: str,
        deadline_s: float,
        grade: Callable[[Verdict], None],
    ) -> None:
        self._action = action
        self._case = case
        self._arbiter = arbiter
        self._nonce = chance.nonce("arbiter", case.turn.index, action)
        self._rate = rate
        self._risk = risk
        self._deadline_s = deadline_s
        self._grade = grade

    async def run(self) -> list[SpotChecked]:
        """Let the arbiter judge the action by itself, with all its turn in view."""
        verdicts = await self._arbiter.look(self._case, "first", self._nonce, self._deadline_s)
        (verdict,) = [one for one in verdicts if one.action == self._action]
        self._grade(verdict)
        return [self._tell(verdict)]

    def give_up(self, why: str) -> list[SpotChecked]:
        """Say that the arbiter did not judge it."""
        failed = Verdict(
            auditor=self._arbiter.name,
            action=self._action,
            opinion=Failed(why=why),
            version=self._arbiter.version,
            vendor=self._arbiter.vendor,
            model=self._arbiter.model,
        )
        return [self._tell(failed)]

    def _tell(self, verdict: Verdict) -> SpotChecked:
        return SpotChecked(
            turn=self._case.turn.index,
            action=self._action,
            by="arbiter",
            verdict=verdict,
            propensity=self._rate,
            risk=self._risk,
        )
