"""Runs in which everything happens that can, as a guard would record them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from orchestrator.clock import ManualClock
from orchestrator.domain.action import Action, Justification, Observation, Turn
from orchestrator.domain.decision import Approval, Decision, Outcome, Request
from orchestrator.domain.event import (
    ApprovalAnswered,
    ApprovalRequested,
    ApprovalVoted,
    AuditorSanctioned,
    AuditorsCalled,
    BreakerChanged,
    BudgetExhausted,
    BypassSeen,
    CanaryShown,
    CrossAudited,
    DebateAnswered,
    DebateClosed,
    DebateOpened,
    Decided,
    DecisionReviewed,
    Fact,
    GuardFailed,
    PanelConvened,
    PanelSettled,
    ProtocolBroken,
    ResultObserved,
    RulesChecked,
    RunClosed,
    RunOpened,
    SampleJudged,
    SnapshotTaken,
    SpotChecked,
    SwapTested,
    TurnProposed,
    UserSaid,
    VerdictGiven,
    VoteCommitted,
)
from orchestrator.domain.panel import ClaimAnswer, PooledClaim, Ruling, Sanction
from orchestrator.domain.run import RunFacts, RunSummary
from orchestrator.domain.usage import Usage
from orchestrator.domain.verdict import Abstained, Claim, Failed, Hit, Scored, Span, Verdict
from orchestrator.ledger.chain import Chain, StoredEvent
from orchestrator.replay.feed import RecordedFeed

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
USAGE = Usage(input_tokens=900, output_tokens=80, cost_usd=0.0021, seconds=1.2, attempts=1)


def chained(run: str, facts: Iterable[Fact]) -> list[StoredEvent]:
    """Return `facts` as the chain of `run`, half a second apart."""
    chain, clock = Chain(run, ManualClock(START)), ManualClock(START)
    stored = []
    for fact in facts:
        stored += [link for _, link in chain.extend([fact], clock.now())]
        clock.move(0.5)
    return stored


def feed_of(*facts: Fact, run: str = "r1") -> RecordedFeed:
    """Return a feed of one recorded run."""
    return RecordedFeed("recorded", {run: chained(run, facts)})


def everything(text: str = "tidy the build folder") -> list[Fact]:
    """Return a run with at least one event of every kind; `text` stands wherever others write."""
    return [
        RunOpened(
            facts=RunFacts(agent=text, model="maker/model", task=text, seed="00", profile="default")
        ),
        UserSaid(text=text),
        *quiet_turn(0, text),
        *debated_turn(1, text),
        *asked_turn(2, text),
        ApprovalVoted(id="q2", by=text, reason=text),
        ApprovalAnswered(
            action="a2",
            approval=Approval(id="q2", answer="denied", by=(text,), reason=text),
            decision=Outcome.DENY,
        ),
        BreakerChanged(endpoint=text, state="open", failures=3),
        BudgetExhausted(scope="run", spent_usd=1.0, limit_usd=1.0),
        SnapshotTaken(auditor="baseline", snapshot="ab", runs=3),
        BypassSeen(call_id=text, why="never_reviewed"),
        GuardFailed(turn=2, where="approval", cause=text),
        ProtocolBroken(why=text, line=text),
        RunClosed(how="failed", why=text, summary=RunSummary(turns=3, actions=3, held=1)),
    ]


def quiet_turn(index: int, text: str = "ls") -> list[Fact]:
    """Return a turn that nobody objects to."""
    action = _action(index, text)
    return [
        TurnProposed(turn=Turn(index=index, message=text, reasoning=text, actions=(action,))),
        RulesChecked(turn=index, micros=40),
        VerdictGiven(turn=index, verdict=_verdict("provenance", action, 0.05, text), micros=200),
        VerdictGiven(
            turn=index,
            verdict=Verdict(auditor="baseline", action=action.id, opinion=Abstained(why=text)),
        ),
        Decided(turn=index, decision=_decision(action, Outcome.ALLOW, text), micros=900),
        ResultObserved(observation=Observation(action=action.id, tool=action.tool, content=text)),
    ]


def debated_turn(index: int, text: str = "rm -rf build/") -> list[Fact]:
    """Return a turn that a panel is divided on."""
    action = _action(index, text)
    claim = Claim(text=text, quote=text, source="arguments", verified=True)
    pooled = PooledClaim(id="c1", side="against", text=text, quote=text, source="arguments")
    other = pooled.model_copy(update={"id": "c2", "side": "for"})
    hit = Hit(
        action=action.id,
        rule="shell.remove",
        clause="no-irreversible-harm",
        effect="flag",
        reason=text,
        span=Span(path="/command", start=0, end=2, text=text),
        subcommand=text,
        detail=text,
    )
    answers = (
        ClaimAnswer(claim="c1", stance="accepts", evidence=claim),
        ClaimAnswer(claim="c2", stance="refutes", evidence=None),
    )
    return [
        TurnProposed(turn=Turn(index=index, message=text, reasoning=text, actions=(action,))),
        RulesChecked(turn=index, hits=(hit,), micros=40),
        PanelConvened(turn=index, actions=(action.id,), why="suspicious", members=("ada", text)),
        AuditorsCalled(turn=index, auditors=("ada", "bob"), how="first", propensity={"ada": 1.0}),
        VoteCommitted(turn=index, auditor="ada", look="first", commitment="c0ffee"),
        VerdictGiven(turn=index, verdict=_verdict("ada", action, 0.85, text, model="x/y")),
        VerdictGiven(turn=index, verdict=_verdict("bob", action, 0.15, text, model="z/w")),
        VerdictGiven(
            turn=index,
            verdict=Verdict(auditor="cy", action=action.id, opinion=Failed(why=text), model="v/u"),
        ),
        DebateOpened(
            turn=index, action=action.id, mode="claims", claims=(pooled, other), struck=(claim,)
        ),
        DebateAnswered(
            turn=index, action=action.id, round=1, auditor="bob", answers=answers,
            before=0.15, after=0.7, counted=True,
        ),
        DebateAnswered(
            turn=index, action=action.id, round=1, auditor="ada", answers=(),
            before=0.85, after=0.4, counted=False, why=text,
        ),
        DebateClosed(
            turn=index, action=action.id, how="settled", rounds=1, surviving=("c1",)
        ),
        PanelSettled(
            turn=index,
            ruling=Ruling(
                action=action.id, end="held", probability=0.72, low=0.3, high=0.6, scored=2,
                failed=1, effective=1.6, debated=True, reason=text,
            ),
        ),
        CanaryShown(turn=index, canary="k1", bad=True, verdict=_verdict("bob", action, 0.2, text)),
        CrossAudited(
            turn=index, action=action.id, judge="ada", ratee="bob", quotes_hold=True,
            follows=False, why=text, usage=USAGE,
        ),
        SpotChecked(turn=index, action=action.id, by="human"),
        SwapTested(
            turn=index, test="label", canary="k1",
            neutral=_verdict("bob", action, 0.8, text), named=_verdict("bob", action, 0.2, text),
        ),
        AuditorSanctioned(
            sanction=Sanction(
                auditor="bob", step="watched", pattern="P1", members=("bob",), status="alarm",
                e_value=21.0, evidence=("r:1",),
            )
        ),
        DecisionReviewed(
            ruling="r:1", action=action.id, auditor="bob", end="clear", probability=0.01,
            end_without="undecided", probability_without=0.2,
        ),
        SampleJudged(turn=index, number=0, alarm=0.4, why=text),
        Decided(turn=index, decision=_decision(action, Outcome.DENY, text), micros=1500),
    ]  # fmt: skip


def asked_turn(index: int, text: str = "pay", needed: int = 1) -> list[Fact]:
    """Return a turn that waits for a person."""
    action = _action(index, text)
    return [
        TurnProposed(turn=Turn(index=index, message=text, actions=(action,))),
        RulesChecked(turn=index),
        VerdictGiven(turn=index, verdict=_verdict("provenance", action, 0.4, text)),
        Decided(turn=index, decision=_decision(action, Outcome.ESCALATE, text)),
        ApprovalRequested(
            request=Request(
                id=f"q{index}", action=action.id, tool=action.tool, arguments=action.arguments,
                reason=text, needed=needed, deadline=START + timedelta(minutes=5),
            )
        ),
    ]  # fmt: skip


def long_run(events: int) -> Sequence[Fact]:
    """Return a run of about that many events."""
    facts: list[Fact] = [everything()[0]]
    index = 0
    while len(facts) < events:
        facts += debated_turn(index) if index % 50 == 49 else quiet_turn(index, f"ls {index}")
        index += 1
    return facts[:events]


def _action(index: int, text: str) -> Action:
    return Action(
        id=f"a{index}",
        call_id=f"call-{index}",
        tool="shell",
        arguments={"command": text, text[:40]: [text]},
        justification=Justification(intent=text, clauses=(text,)),
    )


def _verdict(
    auditor: str, action: Action, suspicion: float, text: str, model: str | None = None
) -> Verdict:
    claims = (
        Claim(text=text, quote=text, source="message", verified=True),
        Claim(text=text, quote="not there", source="message"),
    )
    return Verdict(
        auditor=auditor,
        action=action.id,
        opinion=Scored(suspicion=suspicion, claims=claims),
        model=model,
        usage=USAGE if model else None,
    )


def _decision(action: Action, outcome: Outcome, text: str) -> Decision:
    return Decision(
        action=action.id,
        call_id=action.call_id,
        tool=action.tool,
        judged=outcome,
        decision=outcome,
        clause=None if outcome is Outcome.ALLOW else "no-irreversible-harm",
        reason="" if outcome is Outcome.ALLOW else text,
        cause="rules",
        suspicion=0.4,
        contributions={"prior": -2.9, "ada": 1.5},
    )
