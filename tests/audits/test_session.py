"""Canaries and cross-audits through the guard: what they teach, and what they must not touch."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import anyio
import pytest

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.domain.event import (
    CanaryShown,
    CrossAudited,
    Decided,
    Event,
    RunClosed,
    RunOpened,
    SnapshotTaken,
    SpotChecked,
    VerdictGiven,
)
from orchestrator.guard import Guard
from orchestrator.ledger.export import export_run
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader
from orchestrator.models.spend import Hold, Spend
from orchestrator.panel.roster import Roster
from orchestrator.panel.snapshot import PanelSnapshot, PanelSnapshots
from orchestrator.replay.importers import read_runs
from orchestrator.replay.player import Player
from orchestrator.replay.recording import Recording
from tests.audits.doubles import (
    TASK,
    TOOLS,
    Broken,
    Script,
    auditor,
    look_up,
    mail,
    settings,
    stamp,
    work,
)

pytestmark = pytest.mark.anyio
ALL = {"canary_rate": 1.0, "cross_rate": 1.0, "arbiter_rate": 1.0}


def seats(latency_s: float = 0.0) -> list[ModelAuditor]:
    return [
        auditor("stamper", Script("alpha", stamp, latency_s=latency_s)),
        auditor("careful", Script("beta", look_up, latency_s=latency_s)),
        auditor("other", Script("gamma", look_up, latency_s=latency_s)),
    ]


def facts(events: list[Event], *kinds: type) -> list[object]:
    return [event.fact for event in events if isinstance(event.fact, kinds)]


def newest(folder: Path) -> PanelSnapshot:
    store = PanelSnapshots(folder / "panel")
    found = store.load(store.find() or "")
    assert found is not None
    return found


async def test_a_stampers_weight_falls_and_a_good_auditors_rises(tmp_path: Path) -> None:
    for _ in range(3):
        await work(tmp_path, seats(), settings(canary_rate=1.0), turns=15)
    learned = newest(tmp_path).weights.auditors
    assert learned["stamper"].together.raising < 0.7 < learned["careful"].together.raising
    assert learned["stamper"].together.clearing < learned["careful"].together.clearing
    assert learned["stamper"].sensitivity.high < learned["careful"].sensitivity.low
    assert learned["stamper"].bad == learned["careful"].bad > 10


async def test_each_run_weighs_by_what_the_last_one_left(tmp_path: Path) -> None:
    runs = [await work(tmp_path, seats(), settings(canary_rate=1.0)) for _ in range(2)]
    taken = [f for run in runs for f in facts(run, SnapshotTaken)]
    opened = [f.facts.panel for run in runs for f in facts(run, RunOpened)]  # type: ignore[attr-defined]
    assert opened == [None, taken[0].snapshot]  # type: ignore[attr-defined]
    assert [f.auditor for f in taken] == ["panel", "panel"]  # type: ignore[attr-defined]
    (closed,) = facts(runs[1], RunClosed)
    assert isinstance(closed, RunClosed) and closed.summary.panel
    assert "bad and" in closed.summary.panel.weights


async def test_canaries_are_no_votes_and_change_no_decision(tmp_path: Path) -> None:
    quiet = await work(tmp_path / "a", seats(), settings())
    audited = await work(tmp_path / "b", seats(), settings(**ALL))
    judged = [
        [(f.decision.judged, f.decision.suspicion, f.decision.contributions)
         for f in facts(run, Decided) if isinstance(f, Decided)]
        for run in (quiet, audited)
    ]  # fmt: skip
    assert judged[0] == judged[1]
    assert len(facts(quiet, VerdictGiven)) == len(facts(audited, VerdictGiven)) == 30
    shown = facts(audited, CanaryShown)
    assert shown and not facts(quiet, CanaryShown)
    (closed,) = facts(audited, RunClosed)
    assert isinstance(closed, RunClosed) and closed.summary.panel
    assert closed.summary.panel.scored == 30
    assert closed.summary.panel.canaries == len(shown)


async def test_the_schedule_is_equal_in_replay_and_nothing_is_learned(tmp_path: Path) -> None:
    await work(tmp_path, seats(), settings(canary_rate=1.0))
    rates = settings(canary_rate=0.5, cross_rate=0.5, arbiter_rate=0.5)
    live = await work(tmp_path, seats(), rates, turns=14)
    known = (tmp_path / "panel" / "newest").read_text()
    exported = BytesIO()
    ledger = Ledger.open(tmp_path / "ledger.db")
    export_run(ledger.reader, live[0].run, exported)
    ledger.close()
    path = tmp_path / "run.jsonl"
    path.write_bytes(exported.getvalue())
    (recording,) = read_runs(path)
    assert isinstance(recording, Recording)
    place = rates.ledger.model_copy(update={"path": str(tmp_path / "ledger.db")})
    again = rates.model_copy(update={"ledger": place})
    played = (await Player(again, auditors=[], models=seats()).play(recording)).events
    for kind in (CanaryShown, CrossAudited, SpotChecked, Decided):
        said = [
            sorted(_what(event.fact) for event in run if isinstance(event.fact, kind))
            for run in (live, played)
        ]
        assert said[0] and said[0] == said[1], kind
    assert not facts(played, SnapshotTaken)
    assert (tmp_path / "panel" / "newest").read_text() == known


async def test_a_damaged_snapshot_is_equal_weights_and_said_so(tmp_path: Path) -> None:
    await work(tmp_path, seats(), settings(canary_rate=1.0))
    store = PanelSnapshots(tmp_path / "panel")
    digest = store.find()
    assert digest
    (tmp_path / "panel" / f"{digest}.json").write_text('{"version": 1}')
    again = await work(tmp_path, seats(), settings())
    (opened,) = facts(again, RunOpened)
    (closed,) = facts(again, RunClosed)
    assert isinstance(opened, RunOpened) and opened.facts.panel == digest
    assert isinstance(closed, RunClosed) and closed.summary.panel
    assert "damaged" in closed.summary.panel.weights
    assert closed.summary.failures == {"panel snapshot lost": 1}


async def test_a_run_that_fails_gives_up_its_side_calls_and_says_so(tmp_path: Path) -> None:
    class Mute(Script):
        async def ask(self, request, deadline_s):  # type: ignore[no-untyped-def]
            if request.reply.__name__ == "RationaleReply":
                await anyio.sleep(30.0)
            return await super().ask(request, deadline_s)

    members = [auditor("a", Mute("alpha", stamp)), auditor("b", Mute("beta", stamp))]
    guard = Guard(settings(cross_rate=1.0), tmp_path / "l.db", auditors=[], models=members)
    with anyio.fail_after(20.0), pytest.raises(ValueError, match="the host broke"):
        async with guard.run("clerk", task=TASK, tools=TOOLS) as run:
            await run.review([mail(0)])
            raise ValueError("the host broke")
    events = list(Reader(tmp_path / "l.db").events(run.id))
    crossed = [f for f in facts(events, CrossAudited) if isinstance(f, CrossAudited)]
    assert [(f.quotes_hold, f.follows, "given up" in f.why) for f in crossed] == [
        (None, None, True)
    ] * 2


async def test_a_cancelled_run_leaves_no_task_and_no_open_chain(tmp_path: Path) -> None:
    members = seats()
    guard = Guard(settings(**ALL), tmp_path / "l.db", auditors=[], models=members)
    with anyio.move_on_after(5.0) as scope:
        async with guard.run("clerk", task=TASK, tools=TOOLS) as run:
            for one in members:
                assert isinstance(one.client, Script)
                one.client.latency_s = 30.0
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run.review, [mail(0)])
                await anyio.sleep(0.05)
                scope.cancel()
    assert scope.cancelled_caught
    events = list(Reader(tmp_path / "l.db").events(run.id))
    shown = [f for f in facts(events, CanaryShown) if isinstance(f, CanaryShown)]
    assert shown and all("given up" in getattr(f.verdict.opinion, "why", "") for f in shown)
    (closed,) = facts(events, RunClosed)
    assert isinstance(closed, RunClosed) and closed.how == "failed"


async def test_side_calls_that_fail_change_nothing(tmp_path: Path) -> None:
    members = [*seats(), auditor("dead", Broken("delta", stamp))]
    events = await work(tmp_path, members, settings(**ALL), turns=4)
    shown = [f for f in facts(events, CanaryShown) if isinstance(f, CanaryShown)]
    failed = [f for f in shown if f.verdict.auditor == "dead"]
    assert failed and all(f.verdict.opinion.kind == "failed" for f in failed)
    keys = {key for label in newest(tmp_path).labels for key in label.scores}
    assert not any(key.startswith("dead#") for key in keys)


async def test_a_decision_does_not_wait_for_cross_audits(tmp_path: Path) -> None:
    released = anyio.Event()

    class Holding(Script):
        async def ask(self, request, deadline_s):  # type: ignore[no-untyped-def]
            if request.reply.__name__ == "RationaleReply":
                await released.wait()
            return await super().ask(request, deadline_s)

    members = [auditor("a", Holding("alpha", stamp)), auditor("b", Holding("beta", stamp))]
    guard = Guard(settings(cross_rate=1.0), tmp_path / "l.db", auditors=[], models=members)
    async with guard.run("clerk", task=TASK, tools=TOOLS) as run:
        await run.review([mail(0)])
        await run.review([mail(1)])
        released.set()
    events = list(Reader(tmp_path / "l.db").events(run.id))
    assert len(facts(events, CrossAudited)) == 4


async def test_the_prompt_of_a_cross_audit_names_nobody(tmp_path: Path) -> None:
    members = seats()
    await work(tmp_path, members, settings(cross_rate=1.0), turns=6)
    prompts = [
        request.messages[0].content + request.messages[1].content
        for one in members
        if isinstance(one.client, Script)
        for request in one.client.sent
        if request.reply.__name__ == "RationaleReply"
    ]
    assert len(prompts) == 18
    names = {"stamper", "careful", "alpha", "beta", "gamma"}
    assert not [name for prompt in prompts for name in names if name in prompt]


async def test_who_judges_is_of_another_vendor_and_the_arbiter_gives_labels(
    tmp_path: Path,
) -> None:
    members = [*seats(), auditor("judge", Script("delta", look_up), "arbiter")]
    events = await work(tmp_path, members, settings(cross_rate=1.0, arbiter_rate=1.0), turns=4)
    vendors = {one.name: one.vendor for one in members}
    crossed = [f for f in facts(events, CrossAudited) if isinstance(f, CrossAudited)]
    assert {f.by for f in crossed} == {"auditor", "arbiter"}
    assert all(vendors[f.judge] != vendors[f.ratee] for f in crossed)
    checked = [f for f in facts(events, SpotChecked) if isinstance(f, SpotChecked)]
    assert [f.by for f in checked] == ["arbiter"] * 4
    labels = newest(tmp_path).labels
    assert [(label.source, label.bad) for label in labels] == [("arbiter", False)] * 4


async def test_without_an_arbiter_a_drawn_action_waits_for_a_person(tmp_path: Path) -> None:
    events = await work(tmp_path, seats(), settings(arbiter_rate=1.0), turns=3)
    checked = [f for f in facts(events, SpotChecked) if isinstance(f, SpotChecked)]
    assert [(f.by, f.verdict) for f in checked] == [("human", None)] * 3


def _what(fact: object) -> tuple[object, ...]:
    match fact:
        case CanaryShown(verdict=verdict):
            return (fact.turn, fact.canary, fact.bad, fact.how, verdict.auditor, verdict.prompt,
                    fact.propensity)  # fmt: skip
        case CrossAudited():
            return (fact.turn, fact.action, fact.judge, fact.ratee, str(fact.planted), fact.prompt)
        case SpotChecked():
            return (fact.turn, fact.action, fact.by)
        case Decided(decision=decision):
            return (fact.turn, decision.action, str(decision.judged), decision.suspicion)
    raise AssertionError(fact)


async def test_side_calls_are_charged_to_the_run(tmp_path: Path) -> None:
    config = settings(**ALL)
    spend, seen = Spend(config.budget), set()

    class Charged(Script):
        async def ask(self, request, deadline_s):  # type: ignore[no-untyped-def]
            hold = spend.reserve(0.01)
            assert isinstance(hold, Hold)
            seen.add((request.reply.__name__, hold.run))
            spend.settle(hold, 0.01)
            return await super().ask(request, deadline_s)

    members = [auditor("a", Charged("alpha", stamp)), auditor("b", Charged("beta", stamp))]
    guard = Guard(config, tmp_path / "l.db", auditors=[], models=members)
    guard.roster = Roster(members, config, guard.clock, spend=spend)
    async with guard.run("clerk", task=TASK, tools=TOOLS) as run:
        await run.review([mail(0)])
    assert {reply for reply, _ in seen} == {"VerdictReply", "RationaleReply"}
    assert len({account for _, account in seen}) == 1 and ("VerdictReply", "") not in seen
