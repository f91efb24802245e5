from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from orchestrator.config import Config
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import Decided, Event, RunClosed, TurnProposed
from orchestrator.domain.verdict import Abstained, Failed, Hit, Scored
from orchestrator.errors import ActionDenied, StoreError
from tests.guarded.doubles import FakeAuditor, FakeRules, call, hit, kinds, make_run, mask

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def by_tool(**effects: Any) -> FakeRules:
    """Return rules that answer a call of tool X with the effect named for X."""

    def judge(action: Action) -> list[Hit]:
        effect = effects.get(action.tool)
        return [hit(action, effect, clause=f"C-{action.tool}")] if effect else []

    return FakeRules(judge)


def decided(log: Any) -> list[Decided]:
    return [event.fact for event in log.events if isinstance(event.fact, Decided)]


async def test_a_turn_is_judged_as_a_whole_and_recorded_before_it_is_released() -> None:
    run, log = make_run(by_tool(rm="deny"))
    async with run:
        review = await run.review([call("ls", "a", x=1), call("rm", "b")], message="tidy")
    assert [d.decision for d in review.decisions] == [Outcome.ALLOW, Outcome.DENY]
    assert review.decisions[0].arguments == {"x": 1}
    assert review.decisions[1].arguments is None
    assert (review.decisions[1].clause, review.decisions[1].rule) == ("C-rm", "r1")
    assert not review.allowed
    with pytest.raises(ActionDenied, match=r"rm: deny \(C-rm\)"):
        review.raise_for_denied()
    assert kinds(log) == [
        "run_opened", "turn_proposed", "rules_checked", "decided", "decided", "run_closed",
        "checkpoint",
    ]  # fmt: skip
    assert [d.event for d in review.decisions] == [log.events[3].id, log.events[4].id]


async def test_the_strictest_effect_wins_and_a_flag_holds_nothing() -> None:
    def judge(action: Action) -> list[Hit]:
        effects = action.arguments["effects"]
        assert isinstance(effects, list)
        return [hit(action, e, rule=f"r-{e}", clause=f"C-{e}") for e in effects]  # type: ignore[arg-type]

    run, _ = make_run(FakeRules(judge))
    async with run:
        both = await run.review([call(effects=["flag", "deny"])])
        flag = await run.review([call(effects=["flag"])])
        end = await run.review([call(effects=["deny", "terminate"])])
    assert (both.decisions[0].decision, both.decisions[0].rule) == (Outcome.DENY, "r-deny")
    assert flag.allowed and flag.decisions[0].rule is None
    assert end.terminated and run.terminated


async def test_a_modify_changes_the_arguments_and_meets_the_rules_again() -> None:
    def judge(action: Action) -> list[Hit]:
        memo = action.arguments.get("memo")
        return [mask(action, "memo", "clean")] if memo == "dirty" else []

    run, log = make_run(FakeRules(judge))
    async with run:
        review = await run.review([call("pay", memo="dirty", amount=3)])
    assert review.decisions[0].decision is Outcome.MODIFY
    assert review.decisions[0].arguments == {"memo": "clean", "amount": 3}
    assert decided(log)[0].decision.arguments == {"memo": "clean", "amount": 3}


@pytest.mark.parametrize("patches", [["still dirty"], ["clean", "otherwise clean"]])
async def test_a_modify_that_does_not_help_or_collides_is_a_deny(patches: list[str]) -> None:
    def judge(action: Action) -> list[Hit]:
        if action.arguments.get("memo") in ("clean", "otherwise clean"):
            return []
        return [mask(action, "memo", text, rule=f"r{n}") for n, text in enumerate(patches)]

    run, _ = make_run(FakeRules(judge))
    async with run:
        review = await run.review([call("pay", memo="dirty")])
    assert review.decisions[0].decision is Outcome.DENY
    assert "no change of the arguments" in review.decisions[0].reason


async def test_three_denials_by_one_clause_end_the_run() -> None:
    run, log = make_run(by_tool(rm="deny", dd="deny"))
    async with run:
        outcomes = [
            (await run.review([call(tool, f"c{n}")])).decisions[0].decision.value
            for n, tool in enumerate(["rm", "dd", "rm", "rm", "ls"])
        ]
    assert outcomes == ["deny", "deny", "deny", "terminate", "terminate"]
    closed = next(e.fact for e in log.events if isinstance(e.fact, RunClosed))
    assert closed.how == "terminated"
    assert closed.summary.decisions == {"deny": 3, "terminate": 2}


async def test_strikes_can_be_switched_off() -> None:
    config = Config.model_validate({"gate": {"strikes": 0}})
    run, _ = make_run(by_tool(rm="deny"), config=config)
    async with run:
        for n in range(5):
            review = await run.review([call("rm", f"c{n}")])
            assert review.decisions[0].decision is Outcome.DENY


async def test_observe_judges_everything_and_holds_nothing() -> None:
    def judge(action: Action) -> list[Hit]:
        if action.tool == "rm":
            return [hit(action, "terminate")]
        return [mask(action, "x", "y")] if action.arguments["x"] == "2" else []

    config = Config.model_validate({"gate": {"enforce": False}})
    run, log = make_run(FakeRules(judge), config=config)
    async with run:
        review = await run.review([call("rm", "a", x="1"), call("mv", "b", x="2")])
        assert (await run.observe("a", "gone")).content == "gone"
    assert [d.judged.value for d in review.decisions] == ["terminate", "modify"]
    assert review.allowed and not run.terminated
    assert [d.arguments for d in review.decisions] == [{"x": "1"}, {"x": "2"}]
    assert "bypass_seen" not in kinds(log)
    closed = next(e.fact for e in log.events if isinstance(e.fact, RunClosed))
    assert closed.summary.decisions == {"terminate": 1, "modify": 1}
    assert closed.summary.held == 0


@pytest.mark.parametrize(
    ("suspicions", "outcome", "combined"),
    [((0.02, 0.4), "allow", 0.4), ((0.02, 0.5), "escalate", 0.5), ((1.0,), "escalate", 0.99)],
)
async def test_suspicion_escalates_but_denies_nothing_alone_by_default(
    suspicions: tuple[float, ...], outcome: str, combined: float
) -> None:
    auditors = [FakeAuditor(f"a{n}", Scored(suspicion=s)) for n, s in enumerate(suspicions)]
    run, log = make_run(auditors=auditors, mode="replay")
    async with run:
        turn = await _replay_one(run)
    assert turn == outcome
    assert decided(log)[0].decision.suspicion == combined


async def test_no_opinion_is_no_number() -> None:
    auditors = [
        FakeAuditor("breaks", RuntimeError("down")),
        FakeAuditor("fails", Failed(why="late")),
        FakeAuditor("abstains", Abstained(why="no baseline")),
    ]
    run, log = make_run(auditors=auditors)
    async with run:
        review = await run.review([call()])
    assert review.decisions[0].suspicion is None
    opinions = [e.fact.verdict.opinion for e in log.events if e.fact.kind == "verdict_given"]
    assert opinions == [
        Failed(why="RuntimeError: down"), Failed(why="late"), Abstained(why="no baseline"),
    ]  # fmt: skip


async def test_an_exception_in_the_guard_denies_every_call_and_spares_the_host() -> None:
    def broken(action: Action) -> list[Hit]:
        raise RuntimeError("a bug")

    run, log = make_run(FakeRules(broken))
    async with run:
        review = await run.review([call("a", "1"), call("b", "2")])
        assert [d.decision for d in review.decisions] == [Outcome.DENY, Outcome.DENY]
        assert review.decisions[0].cause == "failure"
    assert "guard_failed" in kinds(log)
    assert run.summary().failures == {"review: RuntimeError": 1}


async def test_nothing_is_released_that_could_not_be_recorded() -> None:
    class FullLog:
        run = "full"
        events: tuple[Event, ...] = ()
        working = True

        async def append(self, *facts: Any) -> tuple[Event, ...]:
            if not self.working:
                raise StoreError("disk full")
            return tuple(Event(run="full", seq=0, at=NOW, fact=fact) for fact in facts)

    log = FullLog()
    run, _ = make_run(log=log)
    with pytest.raises(StoreError):
        async with run:
            assert (await run.review([call()])).allowed
            log.working = False
            review = await run.review([call(id="c2")])
            assert review.decisions[0].decision is Outcome.DENY
            result = await run.observe("c1", "secret plans")
            assert result.decision is Outcome.DENY and "secret plans" not in result.content


@pytest.mark.parametrize(
    ("justification", "outcome"),
    [
        (None, "deny"),
        ({"clauses": ["C99"]}, "deny"),
        ({"clauses": ["C1"]}, "allow"),
        ("hm", "deny"),
    ],
)
async def test_a_required_justification_must_cite_a_clause(
    justification: Any, outcome: str
) -> None:
    config = Config.model_validate({"gate": {"justification": "required"}})
    run, log = make_run(config=config)
    async with run:
        review = await run.review([call(x=1, justification=justification)])
    assert review.decisions[0].decision.value == outcome
    proposed = next(e.fact for e in log.events if isinstance(e.fact, TurnProposed))
    assert proposed.turn.actions[0].arguments == {"x": 1}
    if outcome == "allow":
        assert review.decisions[0].arguments == {"x": 1}


async def test_the_agent_is_told_the_constitution_and_nothing_else() -> None:
    run, _ = make_run()
    text = run.instructions()
    assert "C1: Be careful. Why: Harm lasts." in text
    assert "suspicion" not in text and "auditor" not in text


async def test_repeated_and_missing_call_ids_stay_apart() -> None:
    run, log = make_run()
    async with run:
        await run.review([call(id="x"), call(id="x"), {"tool": "t"}])
        await run.review([call(id="x")])
    names = [d.decision.action for d in decided(log)]
    assert len(set(names)) == 4
    assert [d.decision.call_id for d in decided(log)] == ["x", "x", None, "x"]


async def test_a_run_that_ends_by_an_exception_says_so() -> None:
    run, log = make_run()
    with pytest.raises(ValueError, match="oh"):
        async with run:
            raise ValueError("oh")
    closed = next(e.fact for e in log.events if isinstance(e.fact, RunClosed))
    assert (closed.how, closed.why) == ("failed", "ValueError: oh")


async def test_a_cancelled_run_is_closed_all_the_same() -> None:
    run, log = make_run()
    with anyio.CancelScope() as scope:
        async with run:
            scope.cancel()
            await anyio.sleep(5)
    assert "run_closed" in kinds(log)


async def test_listeners_get_every_event_in_order() -> None:
    published: list[Event] = []
    run, log = make_run(published=published)
    async with run:
        await run.review([call()])
    assert published == [e for e in log.events if e.fact.kind != "checkpoint"]


async def _replay_one(run: Any) -> str:
    turn = Turn(index=0, actions=(Action(id="a", tool="t"),))
    review = await run.replay_turn(turn)
    return str(review.decisions[0].decision.value)
