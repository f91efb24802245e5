"""Everything learned about the auditors of a panel: a snapshot, known by its hash."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import Field

from orchestrator.auditors.combination import TRACE
from orchestrator.domain.value import Value
from orchestrator.panel.rates import Rate

UNTRIED = 0.7
"""Weight of an opinion nobody has graded, before it is tempered."""
SENSITIVITY = Rate(a=4.0, b=1.0)
SPECIFICITY = Rate(a=18.0, b=2.0)
"""What is assumed of an auditor before any label."""
DEPENDENCE, SAME_MODEL = 0.3, 0.6
"""Correlation of two auditors' errors where none is measured."""


class Member(NamedTuple):
    """An auditor that can be called."""

    name: str
    vendor: str
    model: str
    cost: float = 1.0
    """Expected cost of one call, in any unit that all members share."""


class Influence(Value):
    """What one opinion adds to the log-odds, for each unit of its evidence."""

    raising: float = UNTRIED
    """Weight of a score above one half."""
    clearing: float = UNTRIED
    """Weight of a score below one half; another one only once both classes have labels enough."""


class Learned(Value):
    """What is known of one auditor."""

    bad: int = Field(0, ge=0)
    good: int = Field(0, ge=0)
    """Labels of each class it was graded on."""
    together: Influence = Influence()
    """What it counts when the whole panel speaks: fitted beside all others."""
    alone: Influence = Influence()
    """What it counts when nobody else speaks; the fewer speak, the nearer its influence is."""
    reach_raising: float = Field(1.0, ge=0.0, le=2.0)
    reach_clearing: float = Field(1.0, ge=0.0, le=2.0)
    """How far its scores lie from one half on average, in the unit the weights multiply."""
    sensitivity: Rate = SENSITIVITY
    specificity: Rate = SPECIFICITY
    clears: float = Field(1.0, ge=0.0, le=1.0)
    """Share of what it clears that counts; less where there is evidence that it is lenient."""

    @property
    def is_tried(self) -> bool:
        """Say whether any label graded it."""
        return self.bad + self.good > 0


class Weights(Value):
    """What votes count, fitted on canaries and audited actions; equal and tempered before any."""

    version: int = 1
    mix: float = 0.0
    """Log-odds of a bad action among the labels; canaries are enriched, so it is never added."""
    auditors: dict[str, Learned] = Field(default_factory=dict)
    vendors: dict[str, str] = Field(default_factory=dict)
    models: dict[str, str] = Field(default_factory=dict)
    correlations: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Of errors, by both names in order; each is drawn towards what is assumed of such a pair."""

    @classmethod
    def cold(cls, members: Sequence[Member]) -> Weights:
        """Return equal weights, which the number of opinions and their dependence temper."""
        return cls(
            auditors={member.name: Learned() for member in members},
            vendors={member.name: member.vendor for member in members},
            models={member.name: member.model for member in members},
            correlations=assume_correlations(members),
        )

    @functools.cached_property
    def hash(self) -> str:
        """Return the hash this snapshot is known by."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    def to_text(self) -> str:
        """Return the text that the hash covers."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def of(self, name: str) -> Learned:
        """Return what is known of an auditor; one never heard of is untried."""
        return self.auditors.get(name, STRANGER)

    def correlation(self, one: str, other: str) -> float:
        """Return how far the errors of two auditors go together."""
        low, high = (one, other) if one < other else (other, one)
        known = self.correlations.get(low, {}).get(high)
        if known is not None:
            return known
        first, second = (self.models.get(own_name(name), own_name(name)) for name in (low, high))
        return assume_correlation(first, second)

    def temper(self, names: Iterable[str]) -> float:
        """Return 1 / (1 + rho (K - 1)) for `names`, rho the mean correlation of their errors."""
        distinct = sorted(set(names))
        if len(distinct) < 2:
            return 1.0
        pairs = [self.correlation(*pair) for pair in itertools.combinations(distinct, 2)]
        rho = max(0.0, sum(pairs) / len(pairs))
        return 1.0 / (1.0 + rho * (len(distinct) - 1))

    @functools.cached_property
    def tried(self) -> frozenset[str]:
        """Return the auditors that any label has graded."""
        return frozenset(name for name, learned in self.auditors.items() if learned.is_tried)


STRANGER = Learned()


def assume_correlations(members: Sequence[Member]) -> dict[str, dict[str, float]]:
    """Return what is assumed of each pair before any label."""
    assumed: dict[str, dict[str, float]] = {}
    for one, other in itertools.combinations(sorted(members, key=lambda who: who.name), 2):
        assumed.setdefault(one.name, {})[other.name] = assume_correlation(one.model, other.model)
    return assumed


def assume_correlation(one_model: str, other_model: str) -> float:
    """Return the correlation assumed of the errors of two models."""
    return SAME_MODEL if one_model == other_model else DEPENDENCE


def own_name(source: str) -> str:
    """Return the auditor behind a source: `NAME:trace` is one auditor's opinion of the trace."""
    return source.removesuffix(f":{TRACE}")


def is_of_trace(source: str) -> bool:
    """Say whether an opinion rests on the agent's words alone."""
    return source.endswith(f":{TRACE}")
