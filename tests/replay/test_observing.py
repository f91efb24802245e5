"""The collusion graph from recorded runs: rebuilt, followed and stopped midway, all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.audits.observing import KINDS, Observer
from orchestrator.audits.standing import Standing
from orchestrator.collusion.engine import Engine
from orchestrator.collusion.findings import Finding
from orchestrator.collusion.observations import Absence, Observation, Vote
from orchestrator.guard import Guard
from orchestrator.ledger.reader import Reader
from orchestrator.replay.observing import Observed, rebuild
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


def seats() -> list[ModelAuditor]:
    return [
        auditor("stamper", Script("alpha", stamp)),
        auditor("careful", Script("beta", look_up)),
        auditor("other", Script("gamma", look_up)),
        auditor("dead", Broken("delta", stamp)),
        auditor("judge", Script("epsilon", look_up), role="arbiter"),
    ]


def observations(reader: Reader) -> Iterator[Observation]:
    observer = Observer()
    for _, event in reader.written(0, KINDS):
        yield from observer.take(event)


async def test_rebuilt_and_followed_are_equal_to_the_byte(tmp_path: Path) -> None:
    guard = Guard(settings(**ALL), tmp_path / "l.db", auditors=[], models=seats())
    followed = Observed()
    async with guard, guard.subscribe() as events:
        for agent in ("clerk", "clerk", "hired"):
            async with guard.run(agent, model="acme/m1", task=TASK, tools=TOOLS) as run:
                for number in range(3):
                    await run.review([mail(number)], message="I send the mail.")
                    await run.observe(f"c{number}", "sent")
        with anyio.move_on_after(0.2):
            async for event in events:
                followed.take(event)
    reader = Reader(tmp_path / "l.db")
    rebuilt = rebuild(reader)
    assert rebuilt.engine.state.logged > 20
    assert rebuilt.engine.checkpoint() == followed.engine.checkpoint()
    assert rebuilt.observer.dump() == followed.observer.dump()
    assert rebuilt.engine.findings() == followed.engine.findings()


async def test_a_copy_made_in_the_middle_goes_on_to_the_same(tmp_path: Path) -> None:
    await work(tmp_path, seats(), settings(**ALL), turns=3)
    reader = Reader(tmp_path / "ledger.db")
    whole = rebuild(reader)
    read = list(reader.written(0, KINDS))
    for cut in (1, len(read) // 2, len(read) - 1):
        first = Observed()
        first.take_all(event for _, event in read[:cut])
        second = Observed()
        second.engine = Engine.restore(first.engine.checkpoint())
        second.observer = Observer.load(first.observer.dump())
        second.take_all(event for _, event in read[cut:])
        assert second.engine.findings() == whole.engine.findings()
        assert second.observer.dump() == whole.observer.dump()
    standing = Standing(tmp_path / "graph")
    engine, observer = standing.catch_up(reader)
    assert engine.findings() == whole.engine.findings()
    assert [observer.name(at) for at in (0, 1)] == [f"{read[0][1].run}:{n}" for n in (0, 1)]


async def test_votes_canaries_absences_and_trusted_audits_are_told(tmp_path: Path) -> None:
    await work(tmp_path, seats(), settings(**ALL), turns=6)
    reader = Reader(tmp_path / "ledger.db")
    told = list(observations(reader))
    votes = [one for one in told if isinstance(one, Vote)]
    assert {vote.agent for vote in votes} == {"clerk"} and all(vote.blind for vote in votes)
    canaries = [vote for vote in votes if vote.canary]
    bad = [vote for vote in canaries if vote.truth]
    assert bad and all(vote.rejects == (vote.auditor != "stamper") for vote in bad)
    assert not any(vote.auditor == "dead" for vote in votes)
    assert not [one for one in told if isinstance(one, Absence)]  # an outage is nobody's choice
    engine = rebuild(reader).engine
    assert engine.state.view("good")[:, 0].sum() > 0  # the arbiter's labels of real actions
    assert {"audit", "of", "cross-audit"} <= {
        data["kind"] for *_, data in engine.graph().edges(data=True)
    }


async def test_an_auditor_that_changed_is_another_one(tmp_path: Path) -> None:
    await work(tmp_path, seats(), settings(canary_rate=1.0), turns=4)
    changed = [auditor("stamper", Script("new-maker", look_up)), *seats()[1:]]
    await work(tmp_path, changed, settings(canary_rate=1.0), turns=4)
    observed = rebuild(Reader(tmp_path / "ledger.db"))
    names = [name for name in observed.engine.state.auditors if name.startswith("stamper")]
    assert len(names) == 2 and names[0] == "stamper"
    name, version = observed.observer.identify(names[1])
    assert name == "stamper" and version == changed[0].version


async def test_an_agent_with_the_name_of_an_auditor_changes_nothing_about_it(
    tmp_path: Path,
) -> None:
    guard = Guard(settings(canary_rate=1.0), tmp_path / "l.db", auditors=[], models=seats())
    async with guard.run("stamper", model="evil/m", task=TASK, tools=TOOLS) as run:
        for number in range(4):
            await run.review([mail(number)])
    state = rebuild(Reader(tmp_path / "l.db")).engine.state
    assert state.nodes[True, "stamper"].vendor == "alpha"
    assert state.nodes[False, "stamper"].vendor == "evil"
    assert state.vendors(auditors=True)["alpha"] == [state.auditors["stamper"]]


async def test_a_stamper_is_found_with_its_events(tmp_path: Path) -> None:
    for _ in range(2):
        await work(tmp_path, seats(), settings(canary_rate=1.0), turns=14)
    reader = Reader(tmp_path / "ledger.db")
    observed = rebuild(reader)
    (found,) = [one for one in observed.engine.findings() if one.pattern == "P1"]
    assert isinstance(found, Finding) and found.status == "alarm" and found.members == ("stamper",)
    for number in found.events:
        event = reader.event(observed.observer.name(number))
        assert event.fact.kind == "canary_shown" and event.fact.bad
        assert event.fact.verdict.auditor == "stamper"
