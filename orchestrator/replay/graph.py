"""Who agrees with whom, as plain values: what a screen, a page and the command line show of it.

Nothing here needs numpy before a graph is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from orchestrator.collusion.findings import NOT_INTENT, PATTERNS, Finding
from orchestrator.domain.event import AuditorSanctioned
from orchestrator.replay.rows import Row

if TYPE_CHECKING:
    from orchestrator.collusion.state import State
    from orchestrator.replay.observing import Observed

__all__ = [
    "NOT_INTENT", "PATTERNS", "Behind", "Both", "Choice", "Finding", "Graph",
    "Interval", "Pair", "Scene", "kind_of_test", "name_finding", "read_graph", "read_scene",
]  # fmt: skip

MOST = 60
"""Auditors, and agents, in a picture: those with the most votes."""
TESTS = {
    "P1": "canaries", "P2": "swap tests", "P3": "swap tests", "P4": "planted flaws",
    "P5": "votes", "P6": "swap tests", "P7": "trusted audits", "P8": "swap tests",
    "P9": "canaries", "P10": "debates", "P11": "reasons", "P12": "absences", "P13": "swap tests",
}  # fmt: skip


class Interval(NamedTuple):
    """A number, its 95 % interval, and on how many observations it rests."""

    value: float
    low: float
    high: float
    n: int


class Pair(NamedTuple):
    """What one auditor did about one agent."""

    asked: int
    lenient: float | None
    """In units of what is usual for auditor and agent, which only ranks; None where no other
    auditor saw evidence against anything of this agent."""
    share: Interval | None = None
    """How much oftener it approved, on such evidence, than it usually does."""
    swaps: Interval | None = None
    """Of swap tests: the share it approved only with the agent in sight, minus only without."""


class Both(NamedTuple):
    """How far the errors of two auditors go together."""

    one: str
    other: str
    together: Interval
    usual: float | None
    """The median of pairs like them; None before enough items were judged by several."""


class Scene(NamedTuple):
    """What a picture shows."""

    auditors: Sequence[str]
    agents: Sequence[str]
    pairs: Sequence[Sequence[Pair]]
    """By auditor and agent."""
    alarmed: frozenset[str]
    left_out: int


class Graph(NamedTuple):
    """Everything that is known at one moment."""

    scene: Scene
    both: Sequence[Both]
    findings: Sequence[Finding]
    steps: Sequence[AuditorSanctioned]
    """The latest step or reversal for each auditor and what it is about."""
    runs: int
    votes: int
    scope: str
    """Which events it is about, for a person."""
    taken: int = 0
    """How many events said anything, or might have."""
    is_whole: bool = True
    """Whether all of them have been read."""


Choice: TypeAlias = tuple[Literal["pair", "both", "finding", "step"], tuple[str, ...]]
"""Something of a graph: two names, the id of a finding, or an auditor and what a step is about."""


class Behind(NamedTuple):
    """One event behind a number."""

    run: str
    row: Row
    note: str = ""
    """What the graph made of it."""


def read_graph(
    observed: Observed,
    steps: Iterable[AuditorSanctioned] = (),
    scope: str = "everything",
    taken: int = 0,
    is_whole: bool = True,
) -> Graph:
    """Return what is known, as plain values."""
    state = observed.engine.state
    findings = observed.engine.findings()
    return Graph(
        read_scene(state, find_alarmed(findings)),
        tuple(_read_both(state)),
        findings,
        tuple(steps),
        len(observed.observer.runs),
        int(state.logged),
        scope,
        taken,
        is_whole,
    )


def read_scene(state: State, alarmed: frozenset[str]) -> Scene:
    """Return what is to be shown of a state."""
    from orchestrator.collusion.evidence import difference
    from orchestrator.collusion.patterns.swaps import PAIR_KINDS
    from orchestrator.collusion.screening import leniency

    asked = state.view("absences")[..., 0]
    cells = state.view("cells")
    swaps = state.view("swaps")[:, :, PAIR_KINDS].sum(axis=2)
    lenient = leniency(state) if asked.size else asked
    rows = sorted(asked.sum(axis=1).argsort()[::-1][:MOST].tolist())
    columns = sorted(asked.sum(axis=0).argsort()[::-1][:MOST].tolist())
    names, agents = list(state.auditors), list(state.agents)

    def pair(row: int, column: int) -> Pair:
        n, total, spread, _ = cells[row, column].tolist()
        tried, softer, harder = swaps[row, column].tolist()
        return Pair(
            int(asked[row, column]),
            float(lenient[row, column]) if n else None,
            _mean(total, spread, n) if n else None,
            Interval(*difference(softer, harder, tried), int(tried)) if tried else None,
        )

    return Scene(
        [names[row] for row in rows],
        [agents[column] for column in columns],
        [[pair(row, column) for column in columns] for row in rows],
        alarmed,
        len(names) + len(agents) - len(rows) - len(columns),
    )


def find_alarmed(findings: Sequence[Finding]) -> frozenset[str]:
    """Return the members of all alarms."""
    return frozenset(
        member for finding in findings if finding.status == "alarm" for member in finding.members
    )


def name_finding(finding: Finding) -> str:
    """Return what `graph explain` knows a finding by."""
    return ":".join((finding.pattern, *finding.members))


def kind_of_test(finding: Finding) -> str:
    """Say which kind of test a finding rests on."""
    test = TESTS[finding.pattern]
    return f"{test} ({finding.kind.replace('_', ' ')})" if finding.kind else test


def _mean(total: float, spread: float, n: float) -> Interval:
    """Return the mean of residuals whose variances sum up to `spread`."""
    mean, half = total / n, 1.96 * max(spread, 0.25) ** 0.5 / n
    return Interval(mean, max(mean - half, -1.0), min(mean + half, 1.0), int(n))


def _read_both(state: State) -> Iterator[Both]:
    """Yield each two auditors that judged the same items, those with the most in common first."""
    from orchestrator.collusion.closing import usual

    names, pairs = list(state.auditors), state.view("pairs")
    found = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            n, total, squares, _ = pairs[i, j].tolist()
            if n:
                mean = total / n
                half = 1.96 * (max(squares / n - mean * mean, 0.05) / n) ** 0.5
                expected = usual(state, i, j) if state.null_at else None
                together = Interval(mean, mean - half, mean + half, int(n))
                found.append(Both(names[i], names[j], together, expected))
    yield from sorted(found, key=lambda both: -(both.together.value - (both.usual or 0.0)))
