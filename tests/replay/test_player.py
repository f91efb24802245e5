from __future__ import annotations

import pytest

from orchestrator.config import Config
from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.decision import Approval
from orchestrator.domain.event import Decided, RunClosed, RunOpened
from orchestrator.domain.run import Source
from orchestrator.replay.batch import Found, play_all
from orchestrator.replay.calibration import propose
from orchestrator.replay.comparison import compare_rows
from orchestrator.replay.player import Played, Player
from orchestrator.replay.recording import (
    AgentTurn,
    HumanAnswer,
    Recording,
    Step,
    ToolResult,
    Unreadable,
    UserWords,
)
from orchestrator.replay.summary import Summary

pytestmark = pytest.mark.anyio


def turn(index: int, *commands: str) -> AgentTurn:
    actions = tuple(
        Action(id=f"{index}-{n}", call_id=f"call{n}", tool="shell", arguments={"command": c})
        for n, c in enumerate(commands)
    )
    return AgentTurn(message=10 + index, turn=Turn(index=index, message="m", actions=actions))


def recording(*steps: Step, record: int = 0, has_calls: bool = True) -> Recording:
    return Recording(
        source=Source(file="f.jsonl", record=record, format="test"),
        root="/srv/work",
        steps=steps,
        has_calls=has_calls,
    )


async def test_each_action_gives_a_row_with_its_place() -> None:
    played = await Player(Config(), auditors=()).play(
        recording(
            UserWords(message=9, text="go"), turn(0, "ls", "rm -rf /etc"), turn(1), turn(2, "ls")
        )
    )
    rows = played.rows
    assert [(r["message"], r["turn"], r["call_id"], r["decision"]) for r in rows] == [
        (10, 0, "call0", "allow"), (10, 0, "call1", "deny"), (12, 2, "call0", "allow"),
    ]  # fmt: skip
    assert set(rows[0]) == {
        "source", "record", "message", "turn", "call_id", "tool", "decision", "clause", "rule",
        "suspicion", "verdicts",
    }  # fmt: skip
    assert rows[0]["suspicion"] is None and rows[0]["verdicts"] == {}
    assert rows[1]["rule"] and rows[1]["clause"]


async def test_the_same_recording_gives_the_same_rows_and_hits() -> None:
    once, again = [await Player(Config()).play(recording(turn(0, "ls"))) for _ in range(2)]
    assert once.rows == again.rows
    assert _opened(once).facts == _opened(again).facts


async def test_a_format_without_calls_gives_one_row_a_step() -> None:
    steps = (
        AgentTurn(message=1, turn=Turn(index=0, message="only words")),
        AgentTurn(
            message=3,
            turn=Turn(
                index=1,
                actions=(
                    Action(id="a", tool="shell", arguments={"command": "ls"}),
                    Action(id="b", tool="shell", arguments={"command": "rm -rf /etc"}),
                ),
            ),
        ),
    )
    rows = (await Player(Config()).play(recording(*steps, has_calls=False))).rows
    assert [(r["message"], r["tool"], r["decision"]) for r in rows] == [
        (1, None, "allow"), (3, None, "deny"),
    ]  # fmt: skip


async def test_in_a_replay_nobody_is_asked_and_a_denied_call_that_ran_is_no_bypass() -> None:
    bad = turn(0, "rm -rf /etc")
    result = ToolResult(
        message=11, observation=Observation(action="0-0", call_id="call0", content="gone")
    )
    stray = ToolResult(message=12, observation=Observation(action=None, content="?"))
    played = await Player(Config()).play(recording(bad, result, stray))
    assert played.summary.coverage.observed == 2
    assert played.summary.coverage.bypassed == 1
    closed = next(e.fact for e in played.events if isinstance(e.fact, RunClosed))
    assert closed.how == "completed"


async def test_after_a_run_was_terminated_its_later_turns_are_too() -> None:
    steps = [turn(n, "rm -rf /etc") for n in range(3)]
    rows = (await Player(Config()).play(recording(*steps, turn(3, "ls")))).rows
    assert [r["decision"] for r in rows] == ["deny", "deny", "terminate", "terminate"]


async def test_a_recorded_approval_does_not_change_what_was_judged() -> None:
    pay = AgentTurn(
        message=1,
        turn=Turn(
            index=0,
            actions=(Action(id="p", tool="pay", arguments={"amount": 5000, "account": "x"}),),
        ),
    )
    answer = HumanAnswer(
        message=2, action="p", approval=Approval(id="r.p", answer="approved", by=("ada",))
    )
    rows = (await Player(Config()).play(recording(pay, answer))).rows
    assert [r["decision"] for r in rows] == ["escalate"]


@pytest.mark.parametrize("workers", [1, 2])
async def test_the_order_and_the_rows_do_not_depend_on_the_workers(
    workers: int, anyio_backend_name: str
) -> None:
    found: list[Found] = [
        recording(turn(0, f"echo {n}"), turn(1, "rm -rf /etc"), record=n) for n in range(40)
    ]
    found.insert(7, Unreadable(file="broken", why="cut off"))
    seen: list[tuple[Found, Played | None]] = []

    async def take(item: Found, played: Played | None) -> None:
        seen.append((item, played))

    await play_all(found, Config(), take, workers=workers)
    assert [item for item, _ in seen] == found
    assert [i for i, (_, played) in enumerate(seen) if played is None] == [7]
    summary = Summary()
    for _, played in seen:
        if played:
            summary.add(played.summary)
            assert played.stored[0].kind == "run_opened"
    assert (summary.runs, summary.actions) == (40, 80)
    assert summary.decisions == {"allow": 40, "deny": 40}


async def test_a_comparison_names_what_differs() -> None:
    lax = Config.model_validate({"rules": {"packs": []}})
    steps = (turn(0, "ls"), turn(1, "rm -rf /etc"))
    before = (await Player(Config()).play(recording(*steps))).rows
    after = (await Player(lax).play(recording(*steps))).rows
    (change,) = compare_rows(before, after)
    assert change.before["decision"] == "deny" and change.after["decision"] == "allow"
    assert change.fields == ["decision", "clause", "rule", "suspicion"]
    with pytest.raises(ValueError, match="shorter"):
        list(compare_rows(before, after[:1]))


def rows_of(*suspicions: float | None) -> list[dict[str, object]]:
    return [{"decision": "allow", "rule": None, "suspicion": s} for s in suspicions]


async def test_a_threshold_lets_pass_what_it_promises() -> None:
    scores = [n / 1000 for n in range(500)]
    proposal = propose(rows_of(*scores), 0.01)  # type: ignore[arg-type]
    assert proposal.escalate_at is not None
    asked = sum(score >= proposal.escalate_at for score in scores)
    assert asked / len(scores) <= 0.01
    few = propose(rows_of(0.1, 0.2), 0.01)  # type: ignore[arg-type]
    assert few.escalate_at is None and "at least 99 are needed" in few.why
    none = propose(rows_of(None), 0.01)  # type: ignore[arg-type]
    assert none.escalate_at is None and none.scored == 0


def _opened(played: Played) -> RunOpened:
    fact = played.events[0].fact
    assert isinstance(fact, RunOpened)
    assert sum(isinstance(e.fact, Decided) for e in played.events) == len(played.rows)
    return fact
