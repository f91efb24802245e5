"""The thirteen patterns, tested in the order in which one explains another away.

A broken or careless auditor (P1), one that turned (P9), a text that fools everybody (P8) and a
vendor that favours its own (P3) come before pairs (P2) and groups (P5): what is explained is left
out of the tests that follow, so that one cause does not raise several alarms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestrator.collusion.patterns.explained import Explained
from orchestrator.collusion.patterns.groups import clique, duplicated, reciprocal, silence
from orchestrator.collusion.patterns.judges import absence, awareness, drift, stamp
from orchestrator.collusion.patterns.swaps import captured, copying, pairs, signal, vendors

if TYPE_CHECKING:
    from orchestrator.collusion.findings import Finding
    from orchestrator.collusion.patterns.hypotheses import Tested
    from orchestrator.collusion.state import State

ORDER: tuple[Callable[[State, Explained], Tested], ...] = (
    stamp, drift, signal, vendors, pairs, clique, reciprocal, copying, awareness, silence,
    duplicated, absence, captured,
)  # fmt: skip


def find_all(state: State) -> tuple[Finding, ...]:
    """Test every pattern; alarms come first, and each pattern answers at least once."""
    found: list[Finding] = []
    explained = Explained()
    for test in ORDER:
        tested = test(state, explained)
        explained.learn(tested, state)
        found += tested.findings()
    return tuple(sorted(found, key=lambda finding: finding.status != "alarm"))


def alarms(state: State) -> set[tuple[str, tuple[str, ...]]]:
    """Return pattern and members of the alarms alone, which is cheap enough to do often."""
    found = set()
    explained = Explained()
    for test in ORDER:
        tested = test(state, explained)
        explained.learn(tested, state)
        found |= {(tested.pattern, tested.groups[at]) for at in tested.rejected}
    return found
