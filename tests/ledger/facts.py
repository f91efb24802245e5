"""Facts of a made-up run, as a guard would record them."""

from __future__ import annotations

from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.decision import Approval, Decision, Outcome, Request
from orchestrator.domain.event import (
    ApprovalAnswered,
    ApprovalRequested,
    ApprovalVoted,
    Decided,
    Fact,
    ResultObserved,
    RulesChecked,
    RunClosed,
    RunOpened,
    TurnProposed,
    VerdictGiven,
)
from orchestrator.domain.run import RunFacts, RunSummary
from orchestrator.domain.verdict import Abstained, Scored, Verdict


def opened(agent: str = "agent", task: str = "tidy up") -> RunOpened:
    return RunOpened(facts=RunFacts(agent=agent, task=task, seed="00ff", profile="default"))


def closed() -> RunClosed:
    return RunClosed(how="completed", summary=RunSummary(turns=1))


def whole_run(turns: int) -> list[list[Fact]]:
    """The facts of a run, as they are appended."""
    return [[opened()], *(turn(index) for index in range(turns)), [closed()]]


def turn(index: int, outcome: Outcome = Outcome.ALLOW) -> list[Fact]:
    """A turn of one action with all that is recorded about it: five facts."""
    arguments = {"command": f"ls -la build/{index}"}
    action = Action(id=f"a{index}", call_id=f"call-{index}", tool="shell", arguments=arguments)
    scored = Verdict(auditor="local", opinion=Scored(suspicion=0.25), action=action.id)
    return [
        TurnProposed(turn=Turn(index=index, message="looking around", actions=(action,))),
        RulesChecked(turn=index, micros=21),
        VerdictGiven(turn=index, verdict=scored),
        Decided(turn=index, decision=decision(index, outcome), micros=250),
        ResultObserved(observation=Observation(action=action.id, content="nothing to see")),
    ]


def decision(index: int, outcome: Outcome) -> Decision:
    return Decision(
        action=f"a{index}",
        call_id=f"call-{index}",
        tool="shell",
        judged=outcome,
        decision=outcome,
        reason="a reason",
        cause="rules",
    )


def asked(index: int, needed: int = 1) -> list[Fact]:
    """An escalated action and the request that follows."""
    request = Request(
        id=f"q{index}",
        action=f"a{index}",
        tool="pay",
        arguments={"amount": 12},
        reason="above the limit",
        needed=needed,
        deadline=None,
    )
    return [
        Decided(turn=index, decision=decision(index, Outcome.ESCALATE)),
        ApprovalRequested(request=request),
    ]


def answered(index: int) -> list[Fact]:
    """One vote, then the answer."""
    approval = Approval(id=f"q{index}", answer="denied", by=("ada", "bob"), reason="too much")
    return [
        ApprovalVoted(id=f"q{index}", by="ada"),
        ApprovalAnswered(action=f"a{index}", approval=approval, decision=Outcome.DENY),
    ]


def abstained(index: int) -> VerdictGiven:
    opinion = Abstained(why="no opinion on this kind of action")
    return VerdictGiven(turn=index, verdict=Verdict(auditor="local", opinion=opinion))
