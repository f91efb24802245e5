"""An escalated action waits here for people, and meets the rules again if they edit it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import anyio

from orchestrator.clock import Clock
from orchestrator.config import Approvals
from orchestrator.domain.decision import Approval, Outcome, Request
from orchestrator.domain.event import ApprovalAnswered, ApprovalRequested, ApprovalVoted
from orchestrator.gate import Gate, Judged
from orchestrator.guarded.record import Record
from orchestrator.guarded.turns import Draft
from orchestrator.oversight.desk import Addressed, ApprovalDesk
from orchestrator.rules.redaction import Redactor


class Escalations:
    """Ask people about the escalated actions of one run."""

    def __init__(
        self,
        gate: Gate,
        record: Record,
        redactor: Redactor,
        settings: Approvals,
        clock: Clock,
        take_answers: Callable[[], Awaitable[Sequence[Addressed]]],
    ) -> None:
        self._gate = gate
        self._record = record
        self._redactor = redactor
        self._settings = settings
        self._clock = clock
        self._desk = ApprovalDesk(take_answers, clock, self._on_vote)

    async def settle(self, draft: Draft, judged: Sequence[Judged]) -> list[Judged]:
        """Return `judged` with every escalation answered; a failure while asking is a denial."""
        if all(one.decision.decision is not Outcome.ESCALATE for one in judged):
            return list(judged)
        settled = list(judged)

        async def settle_one(place: int, one: Judged) -> None:
            try:
                settled[place] = await self._ask(draft, one)
            except Exception as failure:
                await self._record.note_failure("approval", failure, draft.turn.index)
                settled[place] = _answered(one, Outcome.DENY, None, "the guard failed")

        async with anyio.create_task_group() as tasks:
            for place, one in enumerate(judged):
                if one.decision.decision is Outcome.ESCALATE:
                    tasks.start_soon(settle_one, place, one)
        return settled

    async def _ask(self, draft: Draft, one: Judged) -> Judged:
        request = Request(
            id=f"{self._record.run}.{one.action.id}",
            action=one.action.id,
            tool=one.action.tool,
            arguments=one.action.arguments,
            reason=one.decision.reason,
            needed=one.approvals,
            deadline=self._clock.now() + timedelta(seconds=self._settings.deadline_s),
            on_timeout=self._settings.on_timeout,
        )
        await self._record.append(ApprovalRequested(request=request))
        try:
            approval = await self._desk.wait(request)
        except anyio.get_cancelled_exc_class():
            withdrawn = Approval(id=request.id, answer="withdrawn", reason="the run was cancelled")
            with anyio.CancelScope(shield=True):
                await self._record.append(_answer(one, withdrawn, Outcome.DENY))
            raise
        return await self._apply(draft, one, approval)

    async def _apply(self, draft: Draft, one: Judged, approval: Approval) -> Judged:
        """Turn a human's answer into what the host must do."""
        outcome, reason = Outcome.DENY, f"a human answered: {approval.answer}"
        if approval.answer == "approved":
            is_same = one.action.arguments == draft.arguments_of(one.action.id)
            outcome, reason = Outcome.ALLOW if is_same else Outcome.MODIFY, one.decision.reason
        elif approval.answer == "edited":
            edited = self._redactor.object(approval.arguments or {}, draft.originals)
            approval = approval.model_copy(update={"arguments": edited})
            one = one._replace(action=one.action.model_copy(update={"arguments": edited}))
            refusal = self._gate.refusal(draft.turn, one.action)
            outcome = Outcome.DENY if refusal else Outcome.MODIFY
            reason = refusal or one.decision.reason
        await self._record.append(_answer(one, approval, outcome))
        if outcome.releases:
            self._gate.approve(draft.turn, one.action)
        return _answered(one, outcome, approval, reason)

    async def _on_vote(self, id_: str, answer: Addressed) -> None:
        await self._record.append(ApprovalVoted(id=id_, by=answer.by, reason=answer.reason))


def _answer(one: Judged, approval: Approval, outcome: Outcome) -> ApprovalAnswered:
    return ApprovalAnswered(action=one.action.id, approval=approval, decision=outcome)


def _answered(one: Judged, outcome: Outcome, approval: Approval | None, reason: str) -> Judged:
    update = {"decision": outcome, "approval": approval, "reason": reason, "cause": "approval"}
    return one._replace(decision=one.decision.model_copy(update=update))
