"""A limit that is reached and a breaker that opens are events of the run, each told once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config import Config
from orchestrator.domain.event import BreakerChanged, BudgetExhausted, PanelSettled
from orchestrator.guard import Guard
from orchestrator.ledger.reader import Reader
from orchestrator.panel.members import with_cassette
from tests.loopback.protocols import Asked, Said, render
from tests.loopback.server import Loopback, Sent, fails, serving
from tests.panel.seats import read_text

TURNS = 6
QUIET = {"canary_rate": 0.0, "cross_rate": 0.0, "arbiter_rate": 0.0, "swap_rate": 0.0}


def approve(asked: Asked) -> Sent:
    """Answer as a model that finds nothing."""
    shown = read_text(asked.body["messages"][-1]["content"])
    actions = [{"action": one["call"], "suspicion": 2, "claims": []} for one in shown.data["calls"]]
    return Sent(render(asked, Said(json.dumps({"control": shown.control, "actions": actions}))))


def configured(server: Loopback, **more: Any) -> Config:
    entry = {"model": "openai:m-1", "base_url": f"{server.url}/v1", "vendor": "v", **more}
    return Config.model_validate(
        {
            "approvals": {"deadline_s": 0.05},
            "audits": QUIET,
            "panel": {"quorum": 1, "audit_rate": 0.0, "triage": "all"},
            "budget": {"per_run": 0.003},
            "auditors": [{"name": "one", **entry}],
        }
    )


async def work(config: Config, ledger: Path) -> tuple[list[Any], list[str]]:
    """Return what was told beside the votes, and how each ruling ended."""
    guard = Guard(config, ledger)
    async with guard.run("agent", task="Note May.") as run:
        for number in range(TURNS):
            arguments = {"path": "notes.txt", "content": f"May {number}"}
            await run.review([{"id": f"c{number}", "tool": "write_file", "arguments": arguments}])
    facts = [event.fact for event in Reader(ledger).events(run.id)]
    told = [fact for fact in facts if isinstance(fact, BreakerChanged | BudgetExhausted)]
    return told, [fact.ruling.end for fact in facts if isinstance(fact, PanelSettled)]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-4711-abcdef")


async def test_a_budget_that_is_used_up_is_told_once_and_nobody_is_asked_any_more(
    tmp_path: Path,
) -> None:
    with serving() as server:
        server.play(approve)
        price = {"input": 1.0, "output": 1.0}  # about a thousandth of a dollar a call
        told, ends = await work(configured(server, price=price), tmp_path / "l.db")
        asked = len(server.asked)
    (one,) = told
    assert isinstance(one, BudgetExhausted) and one.scope == "run"
    assert one.limit_usd == 0.003 and one.spent_usd <= one.limit_usd + 0.00105, "one call over"
    assert 0 < asked < TURNS and ends[0] == "clear" and ends[-1] == "no quorum"


@pytest.mark.parametrize("recorded", [False, True])
async def test_a_breaker_that_opens_is_told_once(tmp_path: Path, recorded: bool) -> None:
    with serving() as server:
        server.play(fails(500, "no"))
        settings = {"endpoint": {"breaker_after": 2, "attempts": 1}}
        config = configured(server, settings=settings, price={"input": 0.0, "output": 0.0})
        if recorded:
            config = with_cassette(config, record=tmp_path / "cassette.jsonl")
        told, ends = await work(config, tmp_path / "l.db")
        asked = len(server.asked)
    (one,) = told
    assert isinstance(one, BreakerChanged) and one.endpoint == "v/m-1"
    assert one.state == "open" and one.failures >= 2
    assert asked < TURNS and set(ends) == {"no quorum"}
