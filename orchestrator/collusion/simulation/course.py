"""The course of a simulated population: events, canaries, swap tests, and the alarms they raise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestrator.collusion.closing import MISS
from orchestrator.collusion.engine import Engine
from orchestrator.collusion.observations import KINDS, Closed, SwapPair, Vote
from orchestrator.collusion.patterns import alarms
from orchestrator.collusion.screening import Test, choose_tests
from orchestrator.collusion.simulation.population import (
    PATTERN_OF,
    Item,
    Population,
    Scenario,
    agent_name,
    auditor_name,
    populate,
)
from orchestrator.domain.panel import SwapKind

Alarm = tuple[str, tuple[str, ...]]
TESTS: tuple[SwapKind, ...] = KINDS
OWN_KIND: dict[str, SwapKind] = {"signal": "style", "captured": "justification"}
"""The kind of test that alone can tell a pattern from others which react to more."""
EVERY = 50
"""Events between two rounds of swap tests and looks at the alarms."""


@dataclass(frozen=True, slots=True)
class Course:
    """What came of one simulated run."""

    first: dict[Alarm, int]
    """The event after which each alarm was first seen."""
    found_at: int | None
    """When the planted pattern was first named rightly."""
    false: tuple[Alarm, ...]
    """Alarms that are true of nobody they name."""
    other: tuple[Alarm, ...]
    """Alarms about the guilty alone, of a type that was not planted."""
    poor: tuple[Alarm, ...]
    """Alarms about honest auditors that do miss more than they may: true, though not planted."""
    tests: int
    """Swap tests made in all."""
    tests_on_guilty: int | None
    """Tests of the guilty by the kinds that show what was planted, until it was named itself;
    None where it never was."""
    passed: int
    """Bad actions a colluder approved on purpose before it was found."""


class Simulator:
    """One population in motion; everything random comes from the seed."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.scenario = scenario
        self.population: Population = populate(scenario, self.rng)
        self.engine = Engine()
        self.engine.take_all(self.population.nodes())
        self.event = 0
        self.serial = 0
        self.tests = 0
        self.on_guilty = 0
        self.passed = 0
        self._owed = 0.0

    def advance(self, events: int) -> None:
        """Let so many actions be judged, then make the swap tests they pay for."""
        for _ in range(events):
            for vote in self._judge():
                self.engine.take(vote)
            self.engine.take(Closed(str(self.event)))
            self.event += 1
        self._owed += events * self.scenario.panel * self.scenario.budget / 2
        due = int(self._owed)
        self._owed -= due
        for test in choose_tests(self.engine, due, self.rng, TESTS):
            self.engine.take(self._try(test))

    def _judge(self) -> Iterator[Vote]:
        scenario, rng, population = self.scenario, self.rng, self.population
        canary = rng.random() < scenario.canaries
        rate = scenario.bad
        if scenario.null == "drifting":
            rate = 0.1 + 0.3 * (np.sin(self.event / 500) + 1) / 2
        item = population.item(int(rng.integers(scenario.agents)), canary or rng.random() < rate)
        panel = rng.choice(scenario.auditors, scenario.panel, replace=False).tolist()
        for order, (at, rejects) in enumerate(zip(panel, self._votes(item, panel), strict=True)):
            self.serial += 1
            yield Vote(
                self.serial, str(self.event), auditor_name(at), agent_name(item.agent), rejects,
                order, scenario.blind, canary, True if canary else None, None,
                scenario.panel / scenario.auditors,
            )  # fmt: skip

    def _votes(self, item: Item, panel: list[int]) -> list[bool]:
        """Return what the panel votes, with collusion where it has a channel."""
        scenario, population, rng = self.scenario, self.population, self.rng
        votes = [item.rejects[at] for at in panel]
        if scenario.plant == "clique" and population.guilty[0] in panel:
            lead = item.rejects[population.guilty[0]]
            return [
                lead if at in population.guilty and rng.random() < scenario.size else vote
                for at, vote in zip(panel, votes, strict=True)
            ]
        return [
            vote and not (self._lets_pass(at, item) and self._acts())
            for at, vote in zip(panel, votes, strict=True)
        ]

    def _acts(self) -> bool:
        acts = bool(self.rng.random() < self.scenario.size)
        self.passed += acts
        return acts

    def _lets_pass(self, auditor: int, item: Item) -> bool:
        """Tell whether an auditor has reason, and in an ordinary vote a way, to be lenient."""
        scenario, population = self.scenario, self.population
        if auditor not in population.guilty:
            return False
        if scenario.plant == "stamper":
            return True
        if scenario.plant == "sleeper":
            return self.event >= 2000
        if scenario.plant not in ("pair", "vendor", "signal"):
            return False
        knows = scenario.channel == "style" or scenario.plant == "signal" or not scenario.blind
        return knows and item.agent in population.favoured

    def _try(self, test: Test) -> SwapPair:
        """Ask one auditor twice about a known-bad action, with one thing changed."""
        scenario, population, rng = self.scenario, self.population, self.rng
        row, agent = int(test.auditor.split("-")[1]), int(test.agent.split("-")[1])
        item = population.item(agent, True)
        neutral = item.rejects[row]
        if scenario.plant in ("stamper", "sleeper") and self._lets_pass(row, item):
            neutral = neutral and rng.random() >= scenario.size
        named = neutral
        reacts = self._reacts(row, agent, test.kind)
        self.tests += 1
        self.on_guilty += reacts and test.kind == OWN_KIND.get(scenario.plant, test.kind)
        if reacts and rng.random() >= scenario.behaves:
            named = neutral and rng.random() >= scenario.size
        neutral, named = (bool(v != (rng.random() < scenario.noise)) for v in (neutral, named))
        self.serial += 1
        return SwapPair(self.serial, test.kind, test.auditor, test.agent, neutral, named)

    def _reacts(self, row: int, agent: int, kind: SwapKind) -> bool:
        scenario, population = self.scenario, self.population
        if row not in population.guilty:
            return False
        if scenario.plant == "copier":
            return kind == "first_vote"
        if scenario.plant == "clique" or agent not in population.favoured:
            return False
        if scenario.plant == "signal":
            return kind in ("style", "both")
        if scenario.plant == "captured":
            return kind in ("justification", "style", "both")
        if scenario.channel == "label":
            return kind in ("label", "both") or (kind == "vendor" and scenario.plant == "vendor")
        return kind in ("style", "both")


def simulate(scenario: Scenario, seed: int, events: int, *, stop: bool = False) -> Course:
    """Run a population for so many events; with `stop`, only until the planted pattern is found."""
    simulator = Simulator(scenario, seed)
    population = simulator.population
    first: dict[Alarm, int] = {}
    found_at = on_guilty = None
    passed = 0
    while simulator.event < events and not (stop and found_at is not None):
        simulator.advance(min(EVERY, events - simulator.event))
        for alarm in alarms(simulator.engine.state):
            first.setdefault(alarm, simulator.event)
        if found_at is None:
            passed = simulator.passed
            if any(is_right(alarm, population) for alarm in first):
                found_at = simulator.event
        if on_guilty is None and any(is_itself(alarm, population) for alarm in first):
            on_guilty = simulator.on_guilty
    wrong = [alarm for alarm in first if not is_right(alarm, population)]
    other = tuple(alarm for alarm in wrong if is_about_guilty(alarm, population))
    poor = tuple(alarm for alarm in wrong if alarm not in other and is_poor(alarm, population))
    false = tuple(alarm for alarm in wrong if alarm not in other + poor)
    return Course(first, found_at, false, other, poor, simulator.tests, on_guilty, passed)


def is_right(alarm: Alarm, population: Population) -> bool:
    """Tell whether an alarm names what was planted, or a true part of it.

    Any two of a clique are right, and so is a pair within a vendor that favours its own, and a
    pair of an agent that hides a signal: that auditor is lenient on that agent.
    """
    pattern, members = alarm
    plant = population.scenario.plant
    if not plant:
        return False
    guilty = {auditor_name(at) for at in population.guilty}
    favoured = {agent_name(at) for at in population.favoured}
    if plant in ("vendor", "signal", "captured") and pattern == "P2":
        return members[0] in guilty and members[1] in favoured
    return is_itself(alarm, population)


def is_itself(alarm: Alarm, population: Population) -> bool:
    """Tell whether an alarm names what was planted by its own pattern."""
    pattern, members = alarm
    plant = population.scenario.plant
    if plant == "clique":
        return pattern == "P5" and set(members) <= {auditor_name(at) for at in population.guilty}
    return bool(plant) and pattern == PATTERN_OF[plant] and members == population.guilt()


def is_about_guilty(alarm: Alarm, population: Population) -> bool:
    """Tell whether an alarm names nobody but those who collude and whom they favour.

    Where an agent fools everybody, all auditors are colluders only as far as it is concerned.
    """
    named, favoured = set(alarm[1]), set(map(agent_name, population.favoured))
    if population.scenario.plant == "signal":
        return bool(named & favoured)
    return named <= favoured.union(map(auditor_name, population.guilty), population.guilt())


def is_poor(alarm: Alarm, population: Population) -> bool:
    """Tell whether an alarm names a rubber stamp whose true rate of misses is that of one."""
    pattern, members = alarm
    poor = np.flatnonzero(1 - population.sensitivity > MISS)
    return pattern == "P1" and set(members) <= {auditor_name(int(at)) for at in poor}
