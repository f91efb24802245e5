from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from orchestrator.config import Config
from orchestrator.domain.action import Action
from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import ApprovalAnswered, ApprovalRequested
from orchestrator.domain.verdict import Hit
from orchestrator.ledger.inbox import Answered
from tests.guarded.doubles import Desk, FakeRules, call, hit, kinds, make_run, mask

pytestmark = pytest.mark.anyio

AT = datetime(2026, 1, 1, tzinfo=UTC)


def careful(action: Action) -> list[Hit]:
    """Escalate payments above 100, deny those above 1000, mask bad memos."""
    amount = action.arguments.get("amount")
    assert isinstance(amount, int)
    found: list[Hit] = []
    if amount > 1000:
        found.append(hit(action, "deny", rule="limit"))
    elif amount > 100:
        found.append(hit(action, "escalate", rule="ask", approvals=2 if amount > 500 else 1))
    if action.arguments.get("memo") == "bad":
        found.append(mask(action, "memo", "good", rule="memo"))
    return found


def answer(kind: Any, by: str = "ada", call_id: str = "c1", **more: Any) -> Answered:
    return Answered(1, "test-run", f"test-run.{call_id}", kind, by, more.get("reason", ""),
                    more.get("arguments"), AT)  # fmt: skip


async def review_with(*answers: Answered, amount: int = 200, config: Config | None = None,
                      **arguments: Any) -> tuple[Any, Any, FakeRules]:  # fmt: skip
    desk, rules = Desk(), FakeRules(careful)
    run, log = make_run(rules, desk=desk, config=config)
    desk.waiting = list(answers)
    async with run:
        review = await run.review([call("pay", amount=amount, **arguments)])
    return review.decisions[0], log, rules


async def test_an_approved_action_runs_and_the_answer_is_recorded_first() -> None:
    decision, log, rules = await review_with(answer("approve", reason="known"))
    assert decision.decision is Outcome.ALLOW and decision.judged is Outcome.ESCALATE
    assert decision.arguments == {"amount": 200}
    assert decision.approval.by == ("ada",)
    assert kinds(log)[3:6] == ["decided", "approval_requested", "approval_answered"]
    assert [a.id for a in rules.approvals] == ["c1"]
    assert rules.released == ["c1"]


async def test_a_denied_action_does_not_run() -> None:
    decision, log, rules = await review_with(answer("deny", reason="no"))
    assert decision.decision is Outcome.DENY and decision.arguments is None
    assert decision.reason == "a human answered: denied"
    assert rules.released == []
    fact = next(e.fact for e in log.events if isinstance(e.fact, ApprovalAnswered))
    assert (fact.approval.answer, fact.approval.reason) == ("denied", "no")


async def test_edited_arguments_meet_the_rules_again() -> None:
    fine, _, _ = await review_with(answer("edit", arguments={"amount": 150}))
    assert (fine.decision, fine.arguments) == (Outcome.MODIFY, {"amount": 150})
    worse, _, rules = await review_with(answer("edit", arguments={"amount": 5000}))
    assert worse.decision is Outcome.DENY and rules.released == []


async def test_what_people_approve_is_what_runs_also_after_a_modify() -> None:
    decision, log, _ = await review_with(answer("approve"), memo="bad")
    asked = next(e.fact.request for e in log.events if isinstance(e.fact, ApprovalRequested))
    assert asked.arguments == {"amount": 200, "memo": "good"}
    assert (decision.decision, decision.arguments) == (Outcome.MODIFY, asked.arguments)


async def test_two_approvals_need_two_names() -> None:
    both = await review_with(answer("approve"), answer("approve", "bo"), amount=600)
    assert both[0].decision is Outcome.ALLOW
    assert "approval_voted" in kinds(both[1])
    config = Config.model_validate({"approvals": {"deadline_s": 0.2}})
    one = await review_with(answer("approve"), answer("approve"), amount=600, config=config)
    assert one[0].approval.answer == "timed_out"


async def test_nobody_answering_denies_or_waits_as_configured() -> None:
    late = Config.model_validate({"approvals": {"deadline_s": 0.05}})
    decision, _, _ = await review_with(config=late)
    assert decision.decision is Outcome.DENY and decision.approval.answer == "timed_out"
    desk = Desk()
    waits = Config.model_validate({"approvals": {"deadline_s": 0.05, "on_timeout": "wait"}})
    run, _ = make_run(FakeRules(careful), desk=desk, config=waits)
    async with run, anyio.create_task_group() as tasks:
        tasks.start_soon(_answer_later, desk, 0.3)
        review = await run.review([call("pay", amount=200)])
    assert review.decisions[0].decision is Outcome.ALLOW


async def test_a_cancelled_review_withdraws_its_request() -> None:
    run, log = make_run(FakeRules(careful))
    async with run:
        with anyio.move_on_after(0.1):
            await run.review([call("pay", amount=200)])
    answered = [e.fact for e in log.events if isinstance(e.fact, ApprovalAnswered)]
    assert [a.approval.answer for a in answered] == ["withdrawn"]


async def test_one_desk_serves_several_requests_of_several_turns() -> None:
    desk = Desk()
    run, _ = make_run(FakeRules(careful), desk=desk)
    outcomes: dict[str, str] = {}

    async def review(*ids: str) -> None:
        review = await run.review([call("pay", name, amount=200) for name in ids])
        outcomes.update((d.action, d.decision.value) for d in review.decisions)

    async with run, anyio.create_task_group() as tasks:
        tasks.start_soon(review, "a", "b")
        tasks.start_soon(review, "c")
        await anyio.sleep(0.1)
        for name, kind in [("c", "approve"), ("b", "deny"), ("a", "approve")]:
            desk.waiting.append(answer(kind, call_id=name))
            await anyio.sleep(0.1)
    assert outcomes == {"a": "allow", "b": "deny", "c": "allow"}


async def test_a_failing_inbox_denies() -> None:
    class Broken(Desk):
        async def take_answers(self) -> tuple[Answered, ...]:
            raise OSError("gone")

    run, log = make_run(FakeRules(careful), desk=Broken())
    async with run:
        review = await run.review([call("pay", amount=200)])
    assert review.decisions[0].decision is Outcome.DENY
    assert "guard_failed" in kinds(log)


async def _answer_later(desk: Desk, seconds: float) -> None:
    await anyio.sleep(seconds)
    desk.waiting.append(answer("approve"))
