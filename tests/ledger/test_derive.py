from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import StaticPool, create_engine, select

from orchestrator.clock import ManualClock
from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import BypassSeen, Event, Fact, GuardFailed
from orchestrator.errors import StoreError
from orchestrator.ledger.chain import Chain
from orchestrator.ledger.derive import derive
from orchestrator.ledger.derived import DERIVED, rebuild
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.statements import Statements
from orchestrator.ledger.tables import Row
from tests.ledger.edits import edit
from tests.ledger.facts import abstained, answered, asked, closed, opened, turn

FACTS: list[Fact] = [
    opened(),
    *turn(0),
    *turn(1, Outcome.DENY),
    abstained(1),
    *asked(2, needed=2),
    *answered(2),
    *asked(4),
    *answered(4),
    GuardFailed(where="rules", cause="ValueError"),
    BypassSeen(call_id=None, why="never_reviewed"),
    *asked(3),
    closed(),
]


@given(st.lists(st.integers(1, len(FACTS) - 1), max_size=6))
def test_how_events_were_batched_makes_no_difference(cuts: list[int]) -> None:
    events = [event for event, _ in Chain("r", ManualClock()).extend(FACTS)]
    edges = [0, *sorted(cuts), len(events)]
    batches = [events[a:b] for a, b in pairwise(edges)]
    assert applied(batches) == applied([[event] for event in events])


def test_rows_say_what_the_events_say() -> None:
    events = [event for event, _ in Chain("r", ManualClock()).extend(FACTS)]
    runs, verdicts, decisions, approvals = applied([events])
    [run] = runs
    assert (run["events"], run["turns"], run["failures"], run["bypassed"]) == (len(events), 2, 1, 1)
    assert run["escalated"] == 3
    assert [(v["kind"], v["suspicion"], v["why"]) for v in verdicts] == [
        ("scored", 0.25, None),
        ("scored", 0.25, None),
        ("abstained", None, "no opinion on this kind of action"),
    ]
    assert [(d["action"], d["decision"], d["settled"]) for d in decisions] == [
        ("a0", "allow", "allow"),
        ("a1", "deny", "deny"),
        ("a2", "escalate", "deny"),
        ("a4", "escalate", "deny"),
        ("a3", "escalate", "escalate"),
    ]
    assert [(a["id"], a["answer"], a["by"]) for a in approvals] == [
        ("q2", "denied", "ada, bob"),
        ("q4", "denied", "ada, bob"),
        ("q3", None, None),
    ]


@pytest.mark.anyio
async def test_rebuilt_tables_are_the_same(ledger: Ledger) -> None:
    for run in ("a", "b"):
        log = ledger.open_run(run)
        for fact in FACTS:
            await log.append(fact)
    before = tables(ledger)
    edit(ledger, "DELETE FROM decisions WHERE run = 'a'")
    edit(ledger, "UPDATE runs SET agent = 'someone else', events = 3")
    edit(ledger, "UPDATE approvals SET answer = 'approved'")
    assert tables(ledger) != before
    told: list[int] = []
    assert rebuild(ledger, told.append) == sum(told) == 2 * (len(FACTS) + 1)
    assert tables(ledger) == before


@pytest.mark.anyio
async def test_rebuild_stops_at_an_event_it_cannot_read(ledger: Ledger) -> None:
    await ledger.open_run("r").append(*FACTS)
    before = tables(ledger)
    edit(ledger, "UPDATE events SET body = :body WHERE seq = 3", body=b"{}")
    with pytest.raises(StoreError, match="event r:3 cannot be read"):
        rebuild(ledger)
    assert tables(ledger) == before


def applied(batches: list[list[Event]]) -> list[list[dict[str, Any]]]:
    """Return the derived tables after each of `batches` was written in turn."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Row.metadata.create_all(engine, tables=DERIVED)
    statements = Statements(engine.dialect)
    with engine.begin() as connection:
        for batch in batches:
            statements.apply(connection, derive(batch))
        found = [[dict(row._mapping) for row in connection.execute(select(t))] for t in DERIVED]
    engine.dispose()
    return found


def tables(ledger: Ledger) -> set[tuple[Any, ...]]:
    with ledger.reader.snapshot() as connection:
        return {(t.name, *row) for t in DERIVED for row in connection.execute(select(t))}
