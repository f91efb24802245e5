"""The response ladder through the guard: what follows from evidence, and what a person undoes."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.audits.ladder import CLEARS, Measures
from orchestrator.audits.rejudging import review
from orchestrator.audits.standing import Standing
from orchestrator.collusion.evidence import above
from orchestrator.domain.decision import Decision, Outcome
from orchestrator.domain.event import (
    AuditorSanctioned,
    AuditorsCalled,
    CanaryShown,
    Decided,
    DecisionReviewed,
    Event,
    Fact,
    PanelSettled,
    RunOpened,
    VerdictGiven,
)
from orchestrator.domain.panel import Ruling, Sanction, Step
from orchestrator.domain.run import RunFacts
from orchestrator.errors import CrossauditError
from orchestrator.ledger.export import export_run
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.panel.aggregation import aggregate
from orchestrator.panel.weights import Weights
from orchestrator.replay.importers import read_runs
from orchestrator.replay.player import Player
from orchestrator.replay.recording import Recording
from tests.audits.doubles import Script, auditor, look_up, settings, stamp, work

pytestmark = pytest.mark.anyio


def seats() -> list[ModelAuditor]:
    return [
        auditor("stamper", Script("alpha", stamp)),
        auditor("careful", Script("beta", look_up)),
        auditor("other", Script("gamma", look_up)),
    ]


T = TypeVar("T")


def facts(events: list[Event], kind: type[T]) -> list[T]:
    return [event.fact for event in events if isinstance(event.fact, kind)]


def sanction(step: Step, name: str = "stamper", about: str = "") -> Sanction:
    version = next(one.version for one in seats() if one.name == name)
    return Sanction(
        auditor=name, version=version, step=step, about=about, pattern="P1", members=(name,),
        status="alarm", e_value=2000.0, evidence=("r:1",),
    )  # fmt: skip


async def test_three_passed_canaries_raise_the_audit_rate_and_no_more(tmp_path: Path) -> None:
    canaries = 0
    while canaries < 3:
        events = await work(tmp_path, seats(), settings(canary_rate=1.0), turns=1)
        canaries += sum(
            fact.bad and fact.verdict.auditor == "stamper" and fact.verdict.look == "first"
            for fact in facts(events, CanaryShown)
        )
    (taken,) = facts(events, AuditorSanctioned)
    one = taken.sanction
    assert (one.auditor, one.step, one.pattern, one.status) == (
        "stamper", "watched", "P1", "inconclusive",
    )  # fmt: skip
    (value,) = above(np.array([3.0]), np.array([3.0]), 0.4)
    assert one.e_value == pytest.approx(float(value)) and len(one.evidence) == 3
    reader = Reader(tmp_path / "ledger.db")
    shown = [reader.event(name).fact for name in one.evidence]
    assert all(isinstance(fact, CanaryShown) and fact.bad for fact in shown)
    after = await work(tmp_path, seats(), settings(canary_rate=0.2), turns=8)
    (opened,) = facts(after, RunOpened)
    assert opened.facts.sanctions == (one,)
    for fact in facts(after, CanaryShown):
        raised = 0.8 if fact.verdict.auditor == "stamper" else 0.2
        assert fact.propensity == pytest.approx(raised)
    voted = {fact.verdict.auditor for fact in facts(after, VerdictGiven)}
    assert voted == {"stamper", "careful", "other"}


async def test_strong_evidence_takes_the_vote_and_reviews_what_hung_on_it(tmp_path: Path) -> None:
    taken: list[AuditorSanctioned] = []
    events: list[Event] = []
    for _ in range(4):
        events += await work(tmp_path, seats(), settings(canary_rate=1.0), turns=14)
        taken = facts(events, AuditorSanctioned)
        if taken and taken[-1].sanction.step == "quarantined":
            break
    assert {one.sanction.auditor for one in taken} == {"stamper"}
    steps = [one.sanction.step for one in taken]
    assert steps == sorted(steps, key=("watched", "discounted", "replaced", "quarantined").index)
    assert steps[-1] == "quarantined" and taken[-1].sanction.status == "alarm"
    assert taken[-1].sanction.e_value >= 1000
    after = await work(tmp_path, seats(), settings(canary_rate=1.0), turns=4)
    called = {name for fact in facts(after, AuditorsCalled) for name in fact.auditors}
    assert called == {"careful", "other"}
    assert "stamper" in {fact.verdict.auditor for fact in facts(after, CanaryShown)}
    reader = Reader(tmp_path / "ledger.db")
    for fact in facts(events, DecisionReviewed):
        assert fact.auditor == "stamper" and fact.end != fact.end_without
        assert isinstance(reader.event(fact.ruling).fact, PanelSettled)


async def test_a_replay_seats_whom_the_live_run_seated(tmp_path: Path) -> None:
    Standing(tmp_path / "graph").keep([AuditorSanctioned(sanction=sanction("quarantined"))])
    live = await work(tmp_path, seats(), settings(), turns=2)
    exported = BytesIO()
    ledger = Ledger.open(tmp_path / "ledger.db")
    export_run(ledger.reader, live[0].run, exported)
    ledger.close()
    (tmp_path / "run.jsonl").write_bytes(exported.getvalue())
    (recording,) = read_runs(tmp_path / "run.jsonl")
    assert isinstance(recording, Recording)
    played = (await Player(settings(), auditors=[], models=seats()).play(recording)).events
    rulings = [
        [fact.ruling.contributions for fact in facts(list(run), PanelSettled)]
        for run in (live, played)
    ]
    assert rulings[0] == rulings[1] and set(rulings[0][0]) == {"careful", "other"}


async def test_all_in_quarantine_is_no_quorum_and_never_clear(tmp_path: Path) -> None:
    names = ("stamper", "careful", "other")
    Standing(tmp_path / "graph").keep(
        AuditorSanctioned(sanction=sanction("quarantined", name)) for name in names
    )
    events = await work(tmp_path, seats(), settings(), turns=1)
    assert [fact.ruling.end for fact in facts(events, PanelSettled)] == ["no quorum"]


async def test_a_person_reverses_a_step_and_old_evidence_does_not_bring_it_back(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        await work(tmp_path, seats(), settings(canary_rate=1.0), turns=14)
    standing = Standing(tmp_path / "graph")
    assert [one.auditor for one in standing.in_force()] == ["stamper"]
    reader = Reader(tmp_path / "ledger.db")
    assert standing.restore(reader, "nobody", "Kim", "no such auditor") == ()
    (undone,) = standing.restore(reader, "stamper", "Kim", "it was misconfigured")
    assert standing.in_force() == () and standing.unrecorded() == (undone,)
    events = await work(tmp_path, seats(), settings(canary_rate=0.0), turns=1)
    assert facts(events, AuditorSanctioned) == [undone] and undone.restored_by == "Kim"
    assert standing.unrecorded() == ()
    events = await work(tmp_path, seats(), settings(canary_rate=1.0), turns=1)
    assert facts(events, AuditorSanctioned) == []


def measures(step: Step, quorum: int, **update: str) -> Measures:
    voters = {one.name: one.version for one in seats()}
    given = RunFacts(
        agent="clerk", seed="00", profile="p", model=update.get("model"),
        sanctions=(sanction(step, about=update.get("about", "")),),
    )  # fmt: skip
    return Measures(given, voters, quorum)


def test_a_replaced_auditor_stays_where_the_others_are_no_quorum() -> None:
    assert measures("replaced", 2).out == {"stamper"}
    alone = measures("replaced", 3)
    assert not alone.out
    weights = alone.weigh(Weights())
    assert weights.of("stamper").clears == CLEARS and weights.of("other").clears == 1.0
    assert measures("quarantined", 3).out == {"stamper"}


def test_a_step_about_one_agent_or_vendor_holds_in_its_runs_only() -> None:
    assert measures("quarantined", 1, about="clerk").out
    assert not measures("quarantined", 1, about="another").out
    assert measures("quarantined", 1, about="acme/", model="acme/m1").out
    assert not measures("quarantined", 1, about="acme/", model="other/m1").out
    assert not measures("watched", 1).out and measures("watched", 1).watched == {"stamper"}


def test_a_review_names_the_rulings_that_hung_on_one_vote() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    config = settings().model_dump(mode="json")
    opened = RunFacts(agent="clerk", seed="00", profile="p", config=config)
    weights, prior = Weights(), -2.94
    told: list[Fact] = [RunOpened(facts=opened)]
    for action, scores in {
        "swayed": {"stamper": 0.02, "careful": 0.6, "other": 0.6},
        "plain": {"stamper": 0.02, "careful": 0.02, "other": 0.02},
        "unseen": {"careful": 0.02, "other": 0.9},
    }.items():
        given = aggregate(weights, prior, scores)
        ruling = Ruling(
            action=action, end="clear", probability=given.probability, scores=scores,
            contributions=given.contributions, low=0.05, high=0.9, scored=len(scores), prior=prior,
        )  # fmt: skip
        decision = Decision(
            action=action, call_id=None, tool="t", judged=Outcome.ALLOW, decision=Outcome.ALLOW
        )
        told += [PanelSettled(turn=0, ruling=ruling), Decided(turn=0, decision=decision)]
    events = [Event(run="r", seq=seq, at=at, fact=fact) for seq, fact in enumerate(told)]
    (found,) = review(events, "stamper", lambda _: weights)
    rest = aggregate(weights, prior, {"careful": 0.6, "other": 0.6}).probability
    assert (found.ruling, found.action, found.end) == ("r:1", "swayed", "clear")
    assert found.end_without == "undecided" and found.outcome is Outcome.ALLOW
    assert found.probability_without == pytest.approx(rest, abs=1e-4) and rest > 0.05
    assert list(review(events, "stamper", lambda _: weights, lambda _: False)) == []


def test_a_damaged_file_of_steps_is_said_and_seats_nobody(tmp_path: Path) -> None:
    (tmp_path / "sanctions.json").write_text("[{]")
    with pytest.raises(CrossauditError, match="damaged"):
        Standing(tmp_path).in_force()
