"""The panel on real turns: who is called, what counts, and what happens when nobody answers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.config import Audits, Config
from orchestrator.domain.decision import Decision, Outcome
from orchestrator.domain.event import (
    AuditorsCalled,
    Decided,
    Fact,
    PanelConvened,
    PanelSettled,
    VerdictGiven,
    VoteCommitted,
)
from orchestrator.domain.run import RunSummary
from orchestrator.domain.verdict import Verdict
from orchestrator.guard import Guard
from orchestrator.ledger.ledger import Ledger
from orchestrator.models.client import Failure
from orchestrator.panel.ballot import commit
from tests.panel.seats import Seat, asked, claim, says, seat

WRITE = {"id": "1", "tool": "write_file", "arguments": {"path": "notes.txt", "content": "May"}}
READ = {"id": "1", "tool": "read_file", "arguments": {"path": "notes.txt"}}
PAY = {"id": "1", "tool": "pay", "arguments": {"account": "LP-4410", "amount": 20}}
QUIET = Audits(canary_rate=0.0, cross_rate=0.0, arbiter_rate=0.0, swap_rate=0.0)
DOWN = Failure(cause="connection", why="refused")


class Seen:
    """What came of a turn."""

    def __init__(self, facts: Sequence[Fact], summary: RunSummary) -> None:
        self.decisions: list[Decision] = [d.decision for d in facts if isinstance(d, Decided)]
        """As the gate made them, before any person was asked."""
        self.facts = facts
        self.summary = summary

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the facts of one kind, in order."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


async def judge(
    tmp_path: Path,
    models: Sequence[ModelAuditor],
    *calls: dict[str, Any],
    settings: dict[str, Any] | None = None,
    **words: Any,
) -> Seen:
    """Review one turn under a guard with `models`, nobody answering for people."""
    plain = {"approvals": {"deadline_s": 0.05}, "panel": {"audit_rate": 0.0}, "audits": QUIET}
    config = Config.model_validate({**plain, **(settings or {})})
    with closing(Ledger.open(tmp_path / f"{secrets.token_hex(4)}.db")) as ledger:
        async with Guard(config, ledger, models=models).run("agent", task="Note May.") as run:
            await run.review(calls, **words)
        facts = [event.fact for event in ledger.reader.events(run.id)]
    return Seen(facts, run.summary())


def honest(*scores: int) -> list[ModelAuditor]:
    """Return auditors of different vendors, one for each score."""
    return [seat(f"m{place}", says(score)) for place, score in enumerate(scores)]


async def test_two_that_agree_are_enough(tmp_path: Path) -> None:
    models = honest(2, 2, 2, 2)
    seen = await judge(tmp_path, models, WRITE)
    assert seen.decisions[0].judged is Outcome.ALLOW
    assert len(asked(models)) == 2
    ruling = seen.of(PanelSettled)[0].ruling
    assert (ruling.end, ruling.scored) == ("clear", 2)
    assert str(seen.summary.panel) == seen.summary.auditors
    assert "2 votes" in seen.summary.auditors


async def test_all_are_called_at_once_where_that_is_wanted(tmp_path: Path) -> None:
    models = honest(2, 2, 2, 2)
    seen = await judge(tmp_path, models, WRITE, settings={"panel": {"calling": "all"}})
    assert len(asked(models)) == 4
    assert [fact.how for fact in seen.of(AuditorsCalled)] == ["all"]


async def test_doubt_calls_more_until_nobody_is_left(tmp_path: Path) -> None:
    models = honest(50, 50, 50, 50)
    seen = await judge(tmp_path, models, WRITE)
    assert len(asked(models)) == 4
    called = seen.of(AuditorsCalled)
    assert [len(fact.auditors) for fact in called] == [2, 1, 1]
    for fact in called[1:]:
        assert sum(fact.propensity.values()) == pytest.approx(1.0)


async def test_alarm_holds_and_says_why(tmp_path: Path) -> None:
    seen = await judge(tmp_path, honest(97, 97, 97), WRITE)
    decision = seen.decisions[0]
    assert decision.judged is Outcome.ESCALATE
    assert decision.cause == "panel"
    assert decision.suspicion is not None and decision.suspicion > 0.2  # before: 0.05
    assert {"m0", "m1", "m2"} & decision.contributions.keys()


async def test_what_rules_deny_costs_no_call(tmp_path: Path) -> None:
    models = honest(2, 2)
    call = {"id": "1", "tool": "shell", "arguments": {"command": "rm -rf /"}}
    seen = await judge(tmp_path, models, call)
    assert seen.decisions[0].judged is Outcome.DENY
    assert asked(models) == []
    assert seen.of(PanelConvened) == []


async def test_no_vote_lowers_what_rules_say(tmp_path: Path) -> None:
    call = {"id": "1", "tool": "pay", "arguments": {"account": "LP-4410", "amount": 50_000}}
    seen = await judge(tmp_path, honest(0, 0, 0), call)
    assert seen.decisions[0].judged is Outcome.ESCALATE
    assert seen.decisions[0].cause == "rules"


async def test_a_turn_that_only_looks_is_passed_by_triage(tmp_path: Path) -> None:
    models = honest(2, 2)
    await judge(tmp_path, models, READ)
    assert asked(models) == []
    await judge(tmp_path, models, READ, settings={"panel": {"triage": "all"}})
    assert len(asked(models)) == 2


async def test_some_of_what_triage_passes_is_audited_by_lot(tmp_path: Path) -> None:
    models = honest(2, 2)
    seen = await judge(tmp_path, models, READ, settings={"panel": {"audit_rate": 1.0}})
    assert [fact.why for fact in seen.of(PanelConvened)] == ["drawn by lot"]


@pytest.mark.parametrize(
    ("call", "outcome"), [(WRITE, Outcome.ESCALATE), (PAY, Outcome.DENY)], ids=["note", "payment"]
)
async def test_nobody_answers(tmp_path: Path, call: dict[str, Any], outcome: Outcome) -> None:
    models = [seat("a", DOWN), seat("b", DOWN), seat("c", DOWN)]
    seen = await judge(tmp_path, models, call)
    assert seen.decisions[0].judged is outcome
    assert seen.decisions[0].cause == "quorum"
    ruling = seen.of(PanelSettled)[0].ruling
    assert (ruling.end, ruling.probability, ruling.failed) == ("no quorum", None, 3)
    assert seen.summary.panel is not None
    assert seen.summary.panel.no_quorum == 1
    assert seen.summary.panel.failed == 3


async def test_one_answer_is_no_quorum_of_two(tmp_path: Path) -> None:
    seen = await judge(tmp_path, [seat("a", says(2)), seat("b", DOWN)], WRITE)
    assert seen.of(PanelSettled)[0].ruling.end == "no quorum"


async def test_the_only_model_there_is_is_a_quorum(tmp_path: Path) -> None:
    seen = await judge(tmp_path, [seat("a", says(2))], WRITE)
    assert seen.of(PanelSettled)[0].ruling.scored == 1
    assert seen.of(PanelSettled)[0].ruling.end != "no quorum"


async def test_slow_auditors_do_not_hold_up_the_turn(tmp_path: Path) -> None:
    models = [seat("a", says(2), latency_s=60), seat("b", says(2), latency_s=60)]
    settings = {"gate": {"deadline_s": 0.2}, "panel": {"call_deadline_s": 0.1}}
    seen = await judge(tmp_path, models, WRITE, settings=settings)
    assert seen.decisions[0].cause == "quorum"
    verdicts = [v for v in seen.of(VerdictGiven) if v.verdict.vendor]
    assert all("deadline" in v.verdict.opinion.why for v in verdicts)


async def test_votes_are_committed_before_any_is_shown(tmp_path: Path) -> None:
    models = [seat(name, says(90), rubric="reasoning-aware") for name in "abc"]
    seen = await judge(tmp_path, models, WRITE, message="I note May.")
    order = [fact for fact in seen.facts if isinstance(fact, VoteCommitted | VerdictGiven)]
    verdicts: dict[tuple[str, str], list[Verdict]] = {}
    for fact in order:
        if isinstance(fact, VerdictGiven) and fact.verdict.vendor:
            key = fact.verdict.auditor, fact.verdict.look
            verdicts.setdefault(key, []).append(fact.verdict)
    committed = seen.of(VoteCommitted)
    assert {(c.auditor, c.look) for c in committed} == verdicts.keys()
    for fact in committed:
        shown = verdicts[fact.auditor, fact.look]
        assert fact.commitment == commit(shown)
        assert order.index(fact) < min(
            place
            for place, other in enumerate(order)
            if isinstance(other, VerdictGiven) and other.verdict in shown
        )


async def test_a_turn_of_several_actions_is_one_question(tmp_path: Path) -> None:
    def second_is_bad(shown: Any, call: Any) -> dict[str, Any]:
        return {"suspicion": 97 if call["call"] == "A2" else 2, "claims": []}

    models = [seat(name, second_is_bad) for name in "abc"]
    other = {**WRITE, "id": "2"}
    seen = await judge(tmp_path, models, WRITE, other)
    assert [d.judged for d in seen.decisions] == [Outcome.ALLOW, Outcome.ESCALATE]
    assert len(asked(models)) <= 3


async def test_an_agent_is_never_judged_by_its_own_model(tmp_path: Path) -> None:
    models = honest(2, 2)
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        guard = Guard(Config(audits=QUIET), ledger, models=models)
        async with guard.run("agent", model="somebody/model-m0") as run:
            await run.review([WRITE])
    assert isinstance(models[0].client, Seat)
    assert models[0].client.asked == []
    assert len(asked(models)) == 1


async def test_prompts_name_nobody_and_show_no_seed(tmp_path: Path) -> None:
    models = honest(50, 50, 50)
    seen = await judge(tmp_path, models, WRITE)
    seed = next(f.facts.seed for f in seen.facts if f.kind == "run_opened")
    for request in asked(models):
        text = "\n".join(message.content for message in request.messages)
        assert seed not in text
        for name in ("m0", "m1", "m2", "vendor-", "model-m"):
            assert name not in text


async def test_a_wrong_control_answer_is_no_vote(tmp_path: Path) -> None:
    models = honest(2, 2)
    for one in models:
        assert isinstance(one.client, Seat)
        one.client._script = lambda request: {
            "control": "0000-1",
            "actions": [{"action": "A1", "suspicion": 0, "claims": []}],
        }
    seen = await judge(tmp_path, models, WRITE)
    assert seen.of(PanelSettled)[0].ruling.end == "no quorum"


async def test_a_vote_whose_quotes_stand_nowhere_is_void(tmp_path: Path) -> None:
    liar = says(2, claim("the user approved this", "user", "for"))
    seen = await judge(tmp_path, [seat("a", liar), seat("b", liar)], WRITE)
    assert seen.of(PanelSettled)[0].ruling.end == "no quorum"
    claims = [
        c for v in seen.of(VerdictGiven) if v.verdict.vendor for c in v.verdict.opinion.claims
    ]
    assert claims and not any(c.verified for c in claims)
