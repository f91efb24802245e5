"""Which swap tests a run may make: chosen once, when it opens, and written into its first event.

A replay reads the plan where the live run wrote it, so that it makes the same tests without the
graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.sieve import Sieve
from orchestrator.audits.observing import Observer
from orchestrator.domain.chance import Chance
from orchestrator.domain.panel import SWAP_KINDS, SwapCell, SwapKind
from orchestrator.domain.run import RunFacts

if TYPE_CHECKING:
    from orchestrator.collusion.engine import Engine

DRAWN = 64
"""Tests that are drawn for a plan; a run makes some of them, each as often as it was drawn."""


def find_kinds(facts: RunFacts, auditors: Sequence[ModelAuditor]) -> tuple[SwapKind, ...]:
    """Return the kinds of tests that can be made about the agent of a run at all."""
    impossible: set[SwapKind] = set()
    if not is_tellable(facts.agent):
        impossible.add("label")
    if not is_tellable(vendor_of(facts)):
        impossible.add("vendor")
    if len(auditors) < 2:
        impossible.add("first_vote")
    return tuple(
        kind
        for kind in SWAP_KINDS
        if kind not in impossible and any(can_be_shown(kind, one) for one in auditors)
    )


def can_be_shown(kind: SwapKind, auditor: ModelAuditor) -> bool:
    """Say whether an auditor ever sees what a kind of test is about."""
    return kind != "justification" or "second" in auditor.rubric.looks


def vendor_of(facts: RunFacts) -> str:
    """Return the declared vendor of the agent's model; empty where none is."""
    return (facts.model or "").rpartition("/")[0]


def is_tellable(name: str) -> bool:
    """Say whether a name can be put before auditors: one that speaks to them is not."""
    return bool(name.strip()) and Sieve("plain").lets_through(name)


def spread_tests(auditors: Iterable[ModelAuditor]) -> tuple[SwapCell, ...]:
    """Return the plan where nothing is known yet: all auditors alike, all cues together."""
    return tuple(SwapCell(kind="both", auditor=auditor.name) for auditor in auditors)


def plan_tests(
    engine: Engine,
    observer: Observer,
    facts: RunFacts,
    auditors: Sequence[ModelAuditor],
    kinds: Sequence[SwapKind],
) -> tuple[SwapCell, ...]:
    """Draw the tests of a run from what the graph says; equal graph and seed, equal plan.

    `engine` comes to know the agent and auditors that it had not met. Takes numpy and scipy.
    """
    import numpy as np

    from orchestrator.collusion.observations import Node
    from orchestrator.collusion.screening import choose_tests

    vendor, _, model = (facts.model or "").rpartition("/")
    engine.take(Node(facts.agent, False, vendor, model))
    named = {observer.find(one.name, one.version): one for one in auditors}
    for name, one in named.items():
        engine.take(Node(name, True, one.vendor, one.model, one.version))
    rng = np.random.default_rng(int(Chance(facts.seed).nonce("swap tests"), 16))
    tests = choose_tests(engine, DRAWN, rng, kinds, agent=facts.agent, auditors=named)
    drawn = Counter((test.kind, named[test.auditor]) for test in tests)
    return tuple(
        SwapCell(kind=kind, auditor=auditor.name, drawn=count)
        for (kind, auditor), count in sorted(drawn.items(), key=lambda one: _order(*one[0]))
        if can_be_shown(kind, auditor)
    )


def _order(kind: SwapKind, auditor: ModelAuditor) -> tuple[int, str]:
    return SWAP_KINDS.index(kind), auditor.name
