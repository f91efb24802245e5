"""Ordered patterns and limits: what a run did before, kept in a few numbers a rule.

A pattern is a small automaton: for each of its steps the latest call at which a match that got so
far began. Its cost and its size do not grow with the run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.conditions import Condition, Labels, compile_conditions
from orchestrator.rules.schema import LimitMatch, RuleSpec
from orchestrator.rules.tools import plain_name

_NEVER = -1


class Pattern(NamedTuple):
    """`after`, `within` and `unless` of a rule."""

    steps: tuple[Condition, ...]
    within: int | None
    approval_clears: bool
    clearing: Condition | None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Return every condition whose holding moves the pattern."""
        return self.steps if self.clearing is None else (*self.steps, self.clearing)

    def start(self) -> list[int]:
        """Return the state before anything happened."""
        return [_NEVER] * len(self.steps)

    def advance(self, starts: list[int], number: int, call: Call, labels: Labels) -> None:
        """Take note that call number `number` of the run happens."""
        if self.clearing is not None and self.clearing.holds(call, labels) is not None:
            starts[:] = self.start()
        for step in range(len(self.steps) - 1, -1, -1):
            before = number if step == 0 else starts[step - 1]
            if before > starts[step] and self.steps[step].holds(call, labels) is not None:
                starts[step] = before

    def is_reached(self, starts: Sequence[int], number: int) -> bool:
        """Say whether every step has happened, recently enough for call number `number`."""
        first = starts[-1]
        return first != _NEVER and (self.within is None or number - first <= self.within)


class Limit(NamedTuple):
    """`limit` of a rule: a count or a sum, over the run or its last calls."""

    names: frozenset[str]
    above: float
    within: int | None

    def measure(self, call: Call) -> float:
        """Return what `call` adds: one, or its numbers of the given names."""
        if not self.names:
            return 1.0
        return sum(number for known, number, _ in call.numbers if not self.names.isdisjoint(known))


class Tally:
    """How much of a limit a run has used."""

    def __init__(self, limit: Limit) -> None:
        self._within = limit.within
        self._total = 0.0
        self._recent: deque[tuple[int, float]] = deque()

    def add(self, number: int, amount: float) -> None:
        """Take note that call number `number` used `amount`."""
        self._total += amount
        if self._within is not None:
            self._recent.append((number, amount))
            self._forget(number)

    def used(self, number: int) -> float:
        """Return what counts when call number `number` is judged."""
        total = self._total
        for at, amount in self._recent:  # the oldest first: few have dropped out since the last
            if self._within is None or number - at < self._within:
                break
            total -= amount
        return total

    def _forget(self, number: int) -> None:
        while self._recent and number - self._recent[0][0] >= (self._within or 0):
            self._total -= self._recent.popleft()[1]


def compile_pattern_of(spec: RuleSpec, banks: Banks) -> Pattern | None:
    """Compile the ordered pattern of a rule, if it has one."""
    if not spec.after:
        return None
    clearing = None
    if spec.unless is not None and spec.unless != "approval":
        clearing = compile_conditions(spec.unless, banks)
    return Pattern(
        steps=tuple(compile_conditions(step, banks) for step in spec.after),
        within=spec.within,
        approval_clears=spec.unless == "approval",
        clearing=clearing,
    )


def compile_limit(match: LimitMatch | None) -> Limit | None:
    """Compile the limit of a rule, if it has one."""
    if match is None:
        return None
    above = match.calls if match.above is None else match.above
    return Limit(frozenset(map(plain_name, match.sum)), above or 0.0, match.within)
