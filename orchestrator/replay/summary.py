"""Counts over many played runs, in memory that does not grow with their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

from orchestrator.domain.event import (
    BypassSeen,
    Decided,
    Event,
    GuardFailed,
    ResultObserved,
    RulesChecked,
    RunOpened,
    TurnProposed,
    VerdictGiven,
)
from orchestrator.domain.run import Coverage
from orchestrator.domain.verdict import Abstained, Failed

NO_MODEL = "no model auditor: rules and local auditors only"


class Summary:
    """Fold events of any number of runs into what a person wants to know first."""

    def __init__(self) -> None:
        self.runs = 0
        self.turns = 0
        self.decisions: Counter[str] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        """(rule, effect) -> actions it fired on."""
        self.failures: Counter[str] = Counter()
        self.abstained: Counter[str] = Counter()
        self.observed = 0
        self.bypassed = 0

    @property
    def actions(self) -> int:
        """Return the number of decided actions."""
        return self.decisions.total()

    @property
    def coverage(self) -> Coverage:
        """Return results seen and results that came around the guard."""
        return Coverage(observed=self.observed, bypassed=self.bypassed)

    @classmethod
    def of(cls, events: Sequence[Event]) -> Self:
        """Return the counts of one run."""
        summary = cls()
        summary._count(events)
        return summary

    def add(self, other: Summary) -> None:
        """Add the counts of other runs to these."""
        self.runs += other.runs
        self.turns += other.turns
        self.observed += other.observed
        self.bypassed += other.bypassed
        self.decisions.update(other.decisions)
        self.rules.update(other.rules)
        self.failures.update(other.failures)
        self.abstained.update(other.abstained)

    def _count(self, events: Sequence[Event]) -> None:
        for event in events:
            match event.fact:
                case RunOpened():
                    self.runs += 1
                case TurnProposed():
                    self.turns += 1
                case RulesChecked(hits=hits):
                    self.rules.update({(hit.rule, hit.effect) for hit in hits})
                case VerdictGiven(verdict=verdict):
                    if isinstance(verdict.opinion, Failed):
                        self.failures[verdict.auditor] += 1
                    elif isinstance(verdict.opinion, Abstained):
                        self.abstained[verdict.auditor] += 1
                case Decided(decision=decision):
                    self.decisions[decision.judged] += 1
                case ResultObserved():
                    self.observed += 1
                case BypassSeen():
                    self.bypassed += 1
                case GuardFailed(where=where):
                    self.failures[f"guard: {where}"] += 1
