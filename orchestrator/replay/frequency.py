"""How often each rule fires on recorded runs: which are hot, which dormant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.domain.event import Decided, Event, ResultObserved, RulesChecked
from orchestrator.domain.verdict import Hit

HOT = 0.05
"""A rule that fires on more than this share of all actions is hot."""


class Use(NamedTuple):
    """How often one rule fired."""

    rule: str
    actions: int
    """Calls it fired on, or results."""
    runs: int
    first: str
    """The first event with a hit of it, in words of the recording."""


class Frequency:
    """Count hits over any number of played runs; memory grows with the rules, not with the runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.actions = 0
        self._actions: Counter[str] = Counter()
        self._runs: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, events: Sequence[Event], source: str) -> None:
        """Add the events of one run, known as `source`."""
        self.runs += 1
        self.actions += sum(isinstance(event.fact, Decided) for event in events)
        seen = dict(_find_hits(events))
        self._actions.update(rule for rule, _ in seen)
        self._runs.update({rule for rule, _ in seen})
        for (rule, _), turn in seen.items():
            self._first.setdefault(rule, f"{source} turn {turn}")

    def use_of(self, rule: str) -> Use:
        """Return how often `rule` fired."""
        return Use(rule, self._actions[rule], self._runs[rule], self._first.get(rule, ""))

    def uses(self) -> list[Use]:
        """Return the rules that fired, the most frequent first."""
        return [self.use_of(rule) for rule, _ in self._actions.most_common()]

    def is_hot(self, rule: str) -> bool:
        """Say whether `rule` fires on more actions than a rule should."""
        return self._actions[rule] > HOT * self.actions


def _find_hits(events: Sequence[Event]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield rule and action of each hit, later ones first, with the turn it fired in."""
    turn = 0
    found: list[tuple[tuple[str, str], int]] = []
    for event in events:
        hits: tuple[Hit, ...] = ()
        match event.fact:
            case RulesChecked():
                turn, hits = event.fact.turn, event.fact.hits
            case ResultObserved():
                hits = event.fact.hits
        found += [((hit.rule, hit.action), turn) for hit in hits]
    return reversed(found)
