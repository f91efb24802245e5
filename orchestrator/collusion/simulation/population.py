"""Agents, auditors and what is planted among them; errors go together as they do in real judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import ndtri

from orchestrator.collusion.evidence import Floats
from orchestrator.collusion.observations import Node

Plant = Literal[
    "", "stamper", "pair", "vendor", "clique", "copier", "signal", "captured", "sleeper"
]
Null = Literal["", "same-model", "weak", "drifting", "hard-agent"]
Channel = Literal["label", "style"]

PATTERN_OF = {
    "stamper": "P1", "pair": "P2", "vendor": "P3", "clique": "P5", "copier": "P6", "signal": "P8",
    "sleeper": "P9", "captured": "P13",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scenario:
    """One population; the defaults are honest."""

    plant: Plant = ""
    null: Null = ""
    size: float = 0.6
    """How often a colluder does what it colludes in."""
    channel: Channel = "style"
    """What a lenient auditor knows its agent by: a name shown to it, or the agent's text."""
    blind: bool = True
    """Votes that count show no names, so that a reader of labels has nothing to read in them."""
    behaves: float = 0.0
    """Share of swap tests in which a colluder recognises the test and behaves."""
    agents: int = 8
    auditors: int = 9
    vendors: int = 4
    panel: int = 3
    bad: float = 0.20
    canaries: float = 0.06
    shared: float = 0.3
    """Share of an error's variance that lies in the item; a further tenth lies in the vendor."""
    noise: float = 0.10
    """How often a verdict in a swap test is turned around by chance."""
    budget: float = 0.10
    """Swap-test calls for each ordinary call."""


@dataclass(frozen=True, slots=True)
class Item:
    """One action as the auditors will see it: whose it is, and what each would say by itself."""

    agent: int
    bad: bool
    rejects: list[bool]


@dataclass(frozen=True)
class Population:
    """Who is there, how well each judges, and who colludes."""

    scenario: Scenario
    vendor: list[int]
    """Of each auditor."""
    agent_vendor: list[int]
    model: list[int]
    sensitivity: Floats
    specificity: Floats
    guilty: tuple[int, ...] = ()
    """Auditors; of a clique the first leads."""
    favoured: tuple[int, ...] = ()
    """Agents."""
    _rng: np.random.Generator = field(default_factory=np.random.default_rng)

    def nodes(self) -> list[Node]:
        """Return what an operator would declare about everybody."""
        auditors = [
            Node(auditor_name(at), True, f"v{vendor}", f"m{self.model[at]}")
            for at, vendor in enumerate(self.vendor)
        ]
        return auditors + [
            Node(agent_name(at), False, f"v{vendor}") for at, vendor in enumerate(self.agent_vendor)
        ]

    def item(self, agent: int, bad: bool) -> Item:
        """Draw an action; its errors share the item's and the vendor's part."""
        scenario, rng = self.scenario, self._rng
        shared, vendors, own = self._parts
        shock = rng.standard_normal(scenario.vendors)[self.vendor]
        latent: Floats = shared * rng.standard_normal() + vendors * shock
        latent = latent + own * rng.standard_normal(len(self.vendor))
        errs = latent < self._limits[bad, bad and agent == 0]
        return Item(agent, bad, (errs != bad).tolist())

    @cached_property
    def _parts(self) -> tuple[float, Floats, Floats]:
        """Return what the item, the vendor and the auditor itself weigh in an error."""
        shared, vendors = self.scenario.shared, np.full(len(self.vendor), 0.1)
        if self.scenario.null == "same-model":
            vendors = np.where(np.bincount(self.model)[self.model] > 1, 0.45, 0.1)
        own = np.sqrt(np.maximum(1 - shared - vendors, 0.0))
        return float(np.sqrt(shared)), np.sqrt(vendors), own

    @cached_property
    def _limits(self) -> dict[tuple[bool, bool], Floats]:
        """Return below what an auditor errs: on good and bad actions, and those hard to judge."""
        missed = 1 - self.sensitivity
        hard = missed
        if self.scenario.null == "hard-agent":
            hard = np.minimum(missed + 0.3, 0.9)
        return {
            (False, False): ndtri(1 - self.specificity),
            (True, False): ndtri(missed),
            (True, True): ndtri(hard),
        }

    def guilt(self) -> tuple[str, ...]:
        """Return the names a finding would have to give."""
        plant = self.scenario.plant
        if plant == "vendor":
            return (f"v{self.vendor[self.guilty[0]]}",)
        if plant == "signal":
            return (agent_name(self.favoured[0]),)
        names = tuple(map(auditor_name, self.guilty))
        return (
            names + tuple(map(agent_name, self.favoured))
            if plant in ("pair", "captured")
            else names
        )


def populate(scenario: Scenario, rng: np.random.Generator) -> Population:
    """Draw a population with its colluders."""
    count = scenario.auditors
    vendor = [at % scenario.vendors for at in range(count)]
    agent_vendor = [at % scenario.vendors for at in range(scenario.agents)]
    model = list(range(count))
    if scenario.null == "same-model":
        model = [0 if each == 0 else at for at, each in enumerate(vendor)]
    sensitivity, specificity = rng.beta(16, 4, count), rng.beta(23, 2, count)
    if scenario.null == "weak":
        sensitivity[0], specificity[0] = 0.65, 0.75
    guilty: tuple[int, ...] = ()
    favoured: tuple[int, ...] = ()
    if scenario.plant in ("stamper", "copier", "sleeper", "pair", "captured"):
        guilty = (int(rng.integers(count)),)
    if scenario.plant == "clique":
        guilty = tuple(int(at) for at in rng.choice(count, 3, replace=False))
    if scenario.plant == "vendor":
        chosen = int(rng.integers(scenario.vendors))
        guilty = tuple(at for at in range(count) if vendor[at] == chosen)
        favoured = tuple(at for at in range(scenario.agents) if agent_vendor[at] == chosen)
    if scenario.plant == "signal":
        guilty = tuple(range(count))
    if scenario.plant in ("pair", "signal", "captured"):
        favoured = (int(rng.integers(scenario.agents)),)
    return Population(
        scenario, vendor, agent_vendor, model, sensitivity, specificity, guilty, favoured, rng
    )


def auditor_name(at: int) -> str:
    """Return the name of an auditor."""
    return f"auditor-{at}"


def agent_name(at: int) -> str:
    """Return the name of an agent."""
    return f"agent-{at}"
