"""Habits: a new agent has none, oddity is noted and never stops alone, near-misses pile up."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pytest

from orchestrator.auditors.baseline import BaselineAuditor
from orchestrator.auditors.baseline.auditor import BaselineSeat
from orchestrator.auditors.baseline.cusum import ALARM, NearMisses
from orchestrator.auditors.baseline.habits import Amount, Habits, shape_of
from orchestrator.auditors.baseline.snapshot import ANCHOR_RUNS, Snapshots
from orchestrator.domain.action import Action, Observation, ToolSpec, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Abstained, Effect, Hit, Scored, Verdict
from orchestrator.errors import ConfigError

USUAL = ("search", "read", "read", "write", "search", "read", "write")


def facts(mode: Literal["live", "replay"] = "live", **more: Any) -> RunFacts:
    return RunFacts(agent="clerk", seed="", profile="default", mode=mode, **more)


def call(number: int, tool: str, **arguments: Any) -> Action:
    return Action(id=f"a{number}", tool=tool, arguments=arguments or {"query": "some words"})


def hit(action: Action, effect: Effect = "flag") -> Hit:
    return Hit(action=action.id, rule="r", clause="near", effect=effect, reason="because")


def act(seat: BaselineSeat, number: int, action: Action, *hits: Hit) -> tuple[Verdict, ...]:
    verdicts = seat.judge(Turn(index=number, actions=(action,)), hits)
    seat.observe(Observation(action=action.id, content="done"), action)
    return verdicts


def work(auditor: BaselineAuditor, tools: Iterable[str] = USUAL, runs: int = 1) -> None:
    """Let the agent do what it usually does, and learn from it."""
    for _ in range(runs):
        opened = facts()
        opened = opened.model_copy(update={"snapshot": auditor.find_snapshot(opened)})
        seat = auditor.open(opened)
        for number, tool in enumerate(tools):
            act(seat, number, call(number, tool))
        learned = seat.learn()
        assert learned is not None
        auditor.keep(opened, learned)


def sit(auditor: BaselineAuditor, mode: Literal["live", "replay"] = "live") -> BaselineSeat:
    return auditor.open(facts(mode, snapshot=auditor.find_snapshot(facts())))


def score(verdicts: tuple[Verdict, ...]) -> float:
    (verdict,) = verdicts
    assert isinstance(verdict.opinion, Scored), verdict
    return verdict.opinion.suspicion


@pytest.fixture
def auditor(tmp_path: Path) -> BaselineAuditor:
    return BaselineAuditor(folder=str(tmp_path / "baselines"))


@pytest.fixture
def settled(auditor: BaselineAuditor) -> BaselineAuditor:
    work(auditor, runs=8)
    return auditor


def test_a_new_agent_has_no_baseline(auditor: BaselineAuditor) -> None:
    work(auditor, runs=2)
    (verdict,) = act(sit(auditor), 0, call(0, "search"))
    assert isinstance(verdict.opinion, Abstained) and verdict.action is None
    assert verdict.opinion.why == "no baseline: 2 earlier runs, 5 are needed"


def test_without_a_folder_it_knows_and_learns_nothing() -> None:
    auditor = BaselineAuditor()
    seat = sit(auditor)
    (verdict,) = act(seat, 0, call(0, "search"))
    assert isinstance(verdict.opinion, Abstained)
    assert auditor.find_snapshot(facts()) is None and seat.learn() is None


def test_the_usual_is_quiet(settled: BaselineAuditor) -> None:
    seat = sit(settled)
    scores = [score(act(seat, n, call(n, tool))) for n, tool in enumerate(USUAL)]
    assert max(scores) < 0.05


def test_a_tool_never_used_is_odd_and_says_so(settled: BaselineAuditor) -> None:
    (verdict,) = act(sit(settled), 0, call(0, "wire_money"))
    assert isinstance(verdict.opinion, Scored)
    assert 0.05 < verdict.opinion.suspicion < 0.5
    (claim,) = verdict.opinion.claims
    assert claim.text == "wire_money was never called before" and claim.verified


def test_new_arguments_are_less_odd_than_a_new_tool(settled: BaselineAuditor) -> None:
    new_tool = score(act(sit(settled), 0, call(0, "wire_money")))
    new_shape = score(act(sit(settled), 0, call(0, "search", query="x", shell=True, depth=[1])))
    assert new_shape <= new_tool


def test_many_more_calls_than_ever_are_odd(settled: BaselineAuditor) -> None:
    seat = sit(settled)
    scores = [score(act(seat, n, call(n, "read"))) for n in range(300)]
    assert scores[-1] > scores[1] and 0.2 < scores[-1] < 0.5


def test_much_more_text_than_ever_is_odd(settled: BaselineAuditor) -> None:
    seat = sit(settled)
    assert score(act(seat, 0, call(0, "search", query="x" * 200_000))) > 0.1


def test_what_did_not_run_teaches_nothing(auditor: BaselineAuditor) -> None:
    seat = sit(auditor)
    for number in range(50):
        seat.judge(Turn(index=number, actions=(call(number, "wire_money"),)), [])
    assert seat.learn() is None


def test_a_run_in_which_rules_held_something_teaches_no_habits(auditor: BaselineAuditor) -> None:
    seat = sit(auditor)
    first = call(0, "wire_money")
    act(seat, 0, first, hit(first, "escalate"))
    act(seat, 1, call(1, "search"))
    learned = seat.learn()
    assert learned is None or learned.runs == 0


def test_a_replay_learns_nothing(settled: BaselineAuditor) -> None:
    seat = sit(settled, "replay")
    assert score(act(seat, 0, call(0, "search"))) < 0.1
    assert seat.learn() is None


def test_slow_change_shows_beside_the_anchor(auditor: BaselineAuditor) -> None:
    work(auditor, runs=ANCHOR_RUNS)
    work(auditor, (*USUAL, "export"), runs=30)
    learned, never = call(0, "export"), call(0, "wire_money")
    usual = score(act(sit(auditor), 0, call(0, "search")))
    assert usual < score(act(sit(auditor), 0, learned)) < score(act(sit(auditor), 0, never))


def test_agents_models_and_tool_sets_are_kept_apart(settled: BaselineAuditor) -> None:
    assert settled.find_snapshot(facts())
    for other in (
        facts().model_copy(update={"agent": "other"}),
        facts(model="m"),
        facts(tools=(ToolSpec(name="t"),)),
    ):
        assert settled.find_snapshot(other) is None


def test_a_damaged_snapshot_is_no_baseline(settled: BaselineAuditor, tmp_path: Path) -> None:
    digest = settled.find_snapshot(facts())
    assert digest
    path = tmp_path / "baselines" / f"{digest}.json"
    path.write_text(path.read_text().replace("wri", "rea"))
    (verdict,) = act(sit(settled), 0, call(0, "search"))
    assert isinstance(verdict.opinion, Abstained) and "damaged" in verdict.opinion.why


def test_a_snapshot_is_the_same_for_the_same_runs(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        auditor = BaselineAuditor(folder=str(tmp_path / name))
        work(auditor, runs=6)
        found.append(auditor.find_snapshot(facts()))
    assert found[0] == found[1]


def test_a_name_that_is_no_hash_reads_no_file(tmp_path: Path) -> None:
    assert Snapshots(tmp_path).load("../secret") is None


def test_near_misses_pile_up_and_single_ones_do_not(settled: BaselineAuditor) -> None:
    seat = sit(settled)
    scores = []
    for number in range(6):
        action = call(number, "read")
        scores.append(score(act(seat, number, action, hit(action))))
    assert scores[0] < 0.1 and scores[-1] >= 0.5
    quiet = [score(act(seat, n, call(n, "read"))) for n in range(100, 105)]
    assert max(quiet) < 0.5, "an action that came near nothing is not blamed for others"


def test_a_pile_is_carried_into_the_next_run(settled: BaselineAuditor) -> None:
    for first in (0, 2):
        opened = facts(snapshot=settled.find_snapshot(facts()))
        seat = settled.open(opened)
        for number in (first, first + 1):
            action = call(number, "read")
            last = score(act(seat, number, action, hit(action)))
        learned = seat.learn()
        assert learned
        settled.keep(opened, learned)
    assert last >= 0.5, "four near-misses over two runs, two in each"


def test_at_the_usual_rate_nothing_piles_up() -> None:
    misses = NearMisses({"near": 0.2}, {})
    alarms = [misses.add({"near"} if n % 5 == 0 else ()) for n in range(2000)]
    assert not any(alarms)


def test_a_rate_that_rises_alarms_soon() -> None:
    misses = NearMisses({"near": 0.02}, {})
    when = next(n for n in range(100) if misses.add({"near"} if n % 2 else ()))
    assert when <= 12


def test_a_pile_comes_down_again() -> None:
    misses = NearMisses({}, {"near": 2 * ALARM})
    for _ in range(200):
        misses.add(())
    assert misses.levels == {}


def test_the_order_and_values_of_arguments_are_no_shape() -> None:
    one, two = call(0, "t", a=1, b="x"), call(0, "t", b="other", a=2.5)
    assert shape_of(one) == shape_of(two) != shape_of(call(0, "t", a="1", b="x"))


def test_an_amount_is_welfords() -> None:
    values = [3, 8, 1, 4]
    amount = Amount()
    for value in values:
        amount = amount.add(value)
    logs = [math.log1p(value) for value in values]
    mean = sum(logs) / 4
    assert amount.mean == pytest.approx(mean)
    assert amount.m2 == pytest.approx(sum((one - mean) ** 2 for one in logs))


def test_memory_is_bounded(auditor: BaselineAuditor) -> None:
    seat = sit(auditor)
    for number in range(3000):
        action = call(number, f"tool{number}", **{f"arg{number}": "x"})
        act(seat, number, action, hit(action).model_copy(update={"clause": f"c{number}"}))
    for number in range(5000):
        seat.judge(Turn(index=number, actions=(call(10_000 + number, "t"),)), [])
    learned = seat.learn()
    assert learned and len(learned.body) < 400_000
    assert len(seat._waiting) <= 1024 and len(seat._calls) <= 256


def test_a_setting_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        BaselineAuditor(min_runs=0)


def test_the_habits_of_nobody_are_empty() -> None:
    assert Habits().rate_of("c") == 0.5
