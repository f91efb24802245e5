"""Counts over many played runs, in memory that does not grow with their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

from orchestrator.domain.event import (
    Decided,
    Event,
    GuardFailed,
    RulesChecked,
    RunClosed,
    VerdictGiven,
)
from orchestrator.domain.run import NO_MODEL, Coverage, PanelUse
from orchestrator.domain.verdict import Abstained, Failed


class Summary:
    """Fold events of any number of runs into what a person wants to know first."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        """Events by kind."""
        self.decisions: Counter[str] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        """(rule, effect) -> actions it fired on."""
        self.failures: Counter[str] = Counter()
        self.abstained: Counter[str] = Counter()
        self.panel: PanelUse | None = None

    @property
    def auditors(self) -> str:
        """Return one line on the auditors that are models, or that there are none."""
        return str(self.panel) if self.panel else NO_MODEL

    @property
    def runs(self) -> int:
        """Return the number of runs."""
        return self.kinds["run_opened"]

    @property
    def turns(self) -> int:
        """Return the number of turns that were proposed."""
        return self.kinds["turn_proposed"]

    @property
    def observed(self) -> int:
        """Return the number of results seen."""
        return self.kinds["result_observed"]

    @property
    def actions(self) -> int:
        """Return the number of decided actions."""
        return self.decisions.total()

    @property
    def coverage(self) -> Coverage:
        """Return results seen and results that came around the guard."""
        return Coverage(observed=self.observed, bypassed=self.kinds["bypass_seen"])

    @classmethod
    def of(cls, events: Sequence[Event]) -> Self:
        """Return the counts of one run."""
        summary = cls()
        summary._count(events)
        return summary

    def add(self, other: Summary) -> None:
        """Add the counts of other runs to these."""
        self.kinds.update(other.kinds)
        self.decisions.update(other.decisions)
        self.rules.update(other.rules)
        self.failures.update(other.failures)
        self.abstained.update(other.abstained)
        self._use(other.panel)

    def _count(self, events: Sequence[Event]) -> None:
        for event in events:
            self.kinds[event.fact.kind] += 1
            match event.fact:
                case RunClosed(summary=summary):
                    self._use(summary.panel)
                case RulesChecked(hits=hits):
                    self.rules.update({(hit.rule, hit.effect) for hit in hits})
                case VerdictGiven(verdict=verdict):
                    if isinstance(verdict.opinion, Failed):
                        self.failures[verdict.auditor] += 1
                    elif isinstance(verdict.opinion, Abstained):
                        self.abstained[verdict.auditor] += 1
                case Decided(decision=decision):
                    self.decisions[decision.judged] += 1
                case GuardFailed(where=where):
                    self.failures[f"guard: {where}"] += 1

    def _use(self, panel: PanelUse | None) -> None:
        if panel:
            self.panel = self.panel.plus(panel) if self.panel else panel
