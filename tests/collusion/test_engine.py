"""The engine answers from observations alone, and the same after a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from orchestrator.collusion.engine import Engine
from orchestrator.collusion.findings import NOT_INTENT, PATTERNS, Finding
from orchestrator.collusion.observations import (
    Absence,
    Closed,
    CrossAudit,
    Node,
    Observation,
    Reasons,
    Silence,
    SwapPair,
    Vote,
)
from orchestrator.collusion.simulation.course import Simulator
from orchestrator.collusion.simulation.population import Scenario
from orchestrator.errors import CrossauditError
from tests.benchmarks.collusion_cost import stream


def found(engine: Engine, pattern: str) -> list[Finding]:
    return [finding for finding in engine.findings() if finding.pattern == pattern]


def test_an_empty_engine_identifies_nothing_and_says_why() -> None:
    findings = Engine().findings()
    assert {finding.pattern for finding in findings} == set(PATTERNS)
    assert all(finding.status == "not identified" and finding.says for finding in findings)


def test_one_vote_alone_raises_nothing() -> None:
    engine = Engine()
    engine.take_all([Vote(1, "i", "j", "a", rejects=True), Closed("i")])
    assert not [finding for finding in engine.findings() if finding.status == "alarm"]


def canaries(auditor: str, missed: int, caught: int) -> Iterator[Observation]:
    for n in range(missed + caught):
        yield Vote(n, f"{auditor}{n}", auditor, "a", n >= missed, canary=True, truth=True)
        yield Closed(f"{auditor}{n}")


def test_an_auditor_that_passes_canaries_is_named_with_its_events() -> None:
    engine = Engine()
    engine.take_all(canaries("stamper", 12, 1))
    engine.take_all(canaries("honest", 2, 11))
    (finding,) = found(engine, "P1")
    assert finding.status == "alarm" and finding.members == ("stamper",) and finding.n == 13
    assert finding.e_value and finding.e_value >= 40 and finding.events[-1] == 11
    assert NOT_INTENT in finding.says and "canaries" in finding.would_refute
    assert finding.chance == pytest.approx(1 / finding.e_value)


def swaps(kind: str, auditors: list[str], agents: list[str], count: int) -> Iterator[Observation]:
    for n in range(count):
        for auditor in auditors:
            for agent in agents:
                yield SwapPair(n, kind, auditor, agent, True, n % 4 == 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["both", "label", "style"])
def test_a_lenient_pair_is_shown_by_swap_tests_and_the_kind_is_named(kind: str) -> None:
    engine = Engine()
    engine.take_all(swaps(kind, ["j0"], ["a0"], 40))
    engine.take_all(SwapPair(n, "both", "j1", "a0", True, True) for n in range(40))
    (finding,) = found(engine, "P2")
    assert finding.members == ("j0", "a0") and finding.kind == kind
    assert finding.effect == pytest.approx(0.75) and finding.low and finding.low > 0.5


def test_changes_either_way_are_no_leniency() -> None:
    engine = Engine()
    engine.take_all(SwapPair(n, "both", "j", "a", n % 2 == 0, n % 2 == 1) for n in range(100))
    (finding,) = found(engine, "P2")
    assert finding.status == "inconclusive" and finding.e_value and finding.e_value < 1


def test_a_vendor_needs_more_than_one_of_its_auditors() -> None:
    engine = Engine()
    engine.take_all(Node(f"j{n}", True, "v") for n in range(2))
    engine.take_all(Node(f"a{n}", False, "v") for n in range(2))
    engine.take_all(swaps("vendor", ["j0"], ["a0", "a1"], 40))
    assert found(engine, "P3")[0].status != "alarm"
    engine.take_all(swaps("vendor", ["j1"], ["a0", "a1"], 40))
    assert found(engine, "P3")[0].status == "alarm"
    assert found(engine, "P3")[0].members == ("v",)


def test_a_signal_needs_auditors_of_several_vendors() -> None:
    engine = Engine()
    engine.take_all(Node(f"j{n}", True, f"v{n}") for n in range(3))
    engine.take_all(swaps("style", ["j0"], ["a0"], 40))
    assert found(engine, "P8")[0].status == "not identified"
    engine.take_all(swaps("style", ["j1", "j2"], ["a0"], 40))
    assert found(engine, "P8")[0].members == ("a0",) and found(engine, "P8")[0].status == "alarm"


@pytest.mark.parametrize(("kind", "pattern"), [("first_vote", "P6"), ("justification", "P13")])
def test_copying_and_capture(kind: str, pattern: str) -> None:
    engine = Engine()
    engine.take_all(swaps(kind, ["j0"], ["a0"], 40))
    (finding,) = found(engine, pattern)
    assert finding.status == "alarm" and finding.members[0] == "j0"


def test_two_auditors_that_pass_each_others_flaws() -> None:
    engine = Engine()
    for n in range(60):
        for judge, ratee in (
            ("x", "y"),
            ("y", "x"),
            ("x", "z"),
            ("y", "z"),
            ("z", "x"),
            ("z", "y"),
        ):
            passed = {judge, ratee} == {"x", "y"}
            engine.take(CrossAudit(n, judge, ratee, passed, flawed=True))
    alarms = [finding for finding in found(engine, "P4") if finding.status == "alarm"]
    assert [finding.members for finding in alarms] == [("x", "y")]


def test_silence_and_absence_are_held_against_ones_own_rate() -> None:
    engine = Engine()
    for n in range(60):
        for speaker, target in (("x", "y"), ("y", "x"), ("x", "z"), ("y", "z")):
            engine.take(Silence(n, speaker, target, 1, int({speaker, target} == {"x", "y"})))
        engine.take(Absence(n, "x", "a0"))
        engine.take(Vote(n, f"i{n}", "x", "a1", rejects=True))
        engine.take(Closed(f"i{n}"))
    assert found(engine, "P10")[0].members == ("x", "y")
    assert found(engine, "P12")[0].members == ("x", "a0")
    assert {found(engine, p)[0].status for p in ("P10", "P12")} == {"alarm"}


def test_the_first_absence_is_no_win() -> None:
    engine = Engine()
    engine.take(Vote(1, "i", "x", "a0", rejects=True))
    engine.take(Absence(2, "x", "a0"))
    assert not engine.state.a["absence_wealth"].any()
    engine.take(Absence(3, "x", "a0"))
    assert (engine.state.view("absence_wealth")[0, 0] > 0).all()


def test_reasons_copied_from_item_to_item() -> None:
    engine, rng = Engine(), np.random.default_rng(1)
    for n in range(12):
        own = {name: frozenset(rng.integers(1 << 40, size=80).tolist()) for name in "xyz"}
        own["y"] = own["x"]
        for name, shingles in own.items():
            engine.take(Reasons(n, f"i{n}", name, True, shingles))
    alarms = [finding for finding in found(engine, "P11") if finding.status == "alarm"]
    assert [finding.members for finding in alarms] == [("x", "y")]


def test_an_auditor_that_turns_is_drift_and_one_that_never_caught_any_is_not() -> None:
    engine = Engine()
    engine.take_all(canaries("honest", 0, 60))
    turned = [*canaries("sleeper", 0, 60), *canaries("sleeper", 40, 0)]
    engine.take_all(turned)
    alarms = [finding for finding in found(engine, "P9") if finding.status == "alarm"]
    assert [finding.members for finding in alarms] == [("sleeper",)]


def test_canary_aware_is_shown_by_trusted_labels() -> None:
    engine = Engine()
    engine.take_all(canaries("j", 5, 45))
    for n in range(40):
        engine.take(Vote(n, f"real{n}", "j", "a", n % 4 == 0, truth=True))
    assert found(engine, "P7")[0].status == "alarm"


def test_a_checkpoint_in_the_middle_changes_nothing() -> None:
    observations = list(islice(stream(900), 1100))
    whole, halved = Engine(), Engine()
    whole.take_all(observations)
    halved.take_all(observations[:501])
    halved = Engine.restore(halved.checkpoint())
    halved.take_all(observations[501:])
    assert halved.findings() == whole.findings()
    assert halved.checkpoint() == whole.checkpoint()


@pytest.mark.parametrize("data", [b"", b"nothing of ours", b"PK\x03\x04"])
def test_a_checkpoint_that_is_none_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(CrossauditError, match="no checkpoint"):
        Engine.restore(data)


def test_the_graph_has_votes_with_who_voted_before() -> None:
    engine = Engine()
    engine.take_all([Node("a", False, "v", parent="boss"), Node("boss", False)])
    engine.take_all([Vote(1, "i", "x", "a", True), Vote(2, "i", "y", "a", False, 1), Closed("i")])
    graph = engine.graph()
    edges = [d for _, _, d in graph.edges(data=True) if d["kind"] == "audit"]
    assert [edge["before"] for edge in edges] == [(), ("x",)]
    assert graph.has_edge(("agent", "boss"), ("agent", "a"))


@pytest.mark.parametrize(
    ("scenario", "right"),
    [
        (Scenario(plant="stamper", size=0.9), "P1"),
        (Scenario(plant="pair", size=0.9), "P2"),
        (Scenario(plant="clique", size=0.95, panel=4), "P5"),
    ],
)
def test_what_is_planted_is_found(scenario: Scenario, right: str) -> None:
    simulator = Simulator(scenario, 1)
    for _ in range(40):
        simulator.advance(50)
    alarms = [f for f in simulator.engine.findings() if f.status == "alarm"]
    assert {finding.pattern for finding in alarms} == {right}


def test_an_honest_population_raises_no_alarm_and_equal_seeds_are_equal() -> None:
    one, other = Simulator(Scenario(), 3), Simulator(Scenario(), 3)
    for simulator in (one, other):
        for _ in range(20):
            simulator.advance(50)
    assert one.engine.checkpoint() == other.engine.checkpoint()
    assert not [f for f in one.engine.findings() if f.status == "alarm"]
    assert one.tests == pytest.approx(0.1 * 3000 / 2, abs=1)
