"""Who agrees with whom, as plain values: what a screen, a page and the command line show of it.

Nothing here needs numpy before a graph is asked for. `GraphReader` follows a feed; it blocks, and
belongs in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from orchestrator.collusion.findings import NOT_INTENT, PATTERNS, Finding
from orchestrator.domain.event import EVENT, AuditorSanctioned, Event
from orchestrator.replay.feed import ExportFeed, Feed, LedgerFeed
from orchestrator.replay.rows import Row, row_of

if TYPE_CHECKING:
    from orchestrator.collusion.state import State
    from orchestrator.ledger.reader import Reader
    from orchestrator.replay.observing import Observed

__all__ = [
    "NOT_INTENT", "PATTERNS", "Behind", "Both", "Choice", "Finding", "Graph", "GraphReader",
    "Interval", "Pair", "Scene", "kind_of_test", "name_finding", "read_graph", "read_scene",
]  # fmt: skip

MOST = 60
"""Auditors, and agents, in a picture: those with the most votes."""
MOST_BEHIND = 200
"""Verdicts behind a cell that are listed; the latest."""
CHEAP = 5_000
"""Events of a recording up to which it is read again for every event that is looked at."""
PAGE = 500
LEDGER = "every run of this ledger"
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


class GraphReader:
    """The graph of a feed, read on from where it was; one thread at a time gets in."""

    def __init__(self, feed: Feed) -> None:
        # An export has one place in its file, and a ledger one connection a screen waits for.
        self._feed: Feed = ExportFeed(feed.place) if isinstance(feed, ExportFeed) else feed
        self._reader: Reader | None = None
        self._lock = Lock()
        self._source: Iterator[Event] = iter(())
        self._of: tuple[str, int | None] | None = None
        self._runs: list[str] | None = None
        self._place = self._taken = 0
        self._last: Graph | None = None
        self._forget()

    def look(self, run: str, seq: int | None, seconds: float) -> Graph | None:
        """Return the graph as known at event `seq` of `run`; None while there is no ledger.

        Reads for at most `seconds`; what is left is for the next look. Without `seq`, or where the
        recording is long or still written, everything there is counts, and `scope` says so.
        """
        with self._lock:
            stop = time.monotonic() + seconds
            if isinstance(self._feed, LedgerFeed):
                scope, is_whole = self._follow(self._feed, stop)
            else:
                scope, is_whole = self._rewind(run, seq, stop)
            if scope and (self._last is None or self._last[-3:] != (scope, self._taken, is_whole)):
                self._last = read_graph(
                    self._observed, self._steps.values(), scope, self._taken, is_whole
                )
            return self._last

    def behind(self, choice: Choice) -> tuple[Behind, ...]:
        """Return the events behind a part of the graph, the latest first."""
        with self._lock:
            kind, names = choice
            state = self._observed.engine.state
            if kind == "pair":
                found = _votes_on(state, *names)
            elif kind == "both":
                found = _votes_of_both(state, *names)
            elif kind == "step":
                step = self._steps.get(names)
                return self._rows([(id, "") for id in step.sanction.evidence] if step else [])
            else:
                findings = self._last.findings if self._last else ()
                chosen = (one for one in findings if (name_finding(one),) == names)
                found = [(number, "") for one in chosen for number in one.events]
            name = self._observed.observer.name
            return self._rows([(name(number), note) for number, note in found])

    def close(self) -> None:
        """Let go of files and connections."""
        with self._lock:
            if isinstance(self._feed, ExportFeed):
                self._feed.close()
            if self._reader:
                self._reader.close()

    def _forget(self) -> None:
        from orchestrator.replay.observing import Observed

        self._observed = Observed()
        self._steps: dict[tuple[str, ...], AuditorSanctioned] = {}
        self._last = None
        self._taken = 0

    def _follow(self, feed: LedgerFeed, stop: float) -> tuple[str, bool]:
        """Take what was written to a ledger since the last look."""
        from pathlib import Path

        from orchestrator.audits.observing import KINDS
        from orchestrator.ledger.engine import is_url
        from orchestrator.ledger.reader import Reader

        if self._reader is None:
            if not is_url(feed.place) and not Path(feed.place).exists():
                return "", True
            self._reader = Reader(feed.place)
        for place, event in self._reader.written(self._place, (*KINDS, "auditor_sanctioned")):
            self._place = place
            self._take(event)
            if time.monotonic() > stop:
                return LEDGER, False
        return LEDGER, True

    def _rewind(self, run: str, seq: int | None, stop: float) -> tuple[str, bool]:
        """Take a recording up to one of its events, anew where that lies before what was taken."""
        if self._runs is None:
            self._runs = [card.run for card in self._feed.runs()]
        total = sum(map(self._feed.count, self._runs))
        is_at = run in self._runs and seq is not None and total <= CHEAP
        of = (run, seq) if is_at else ("", None)
        if self._of is None or of[0] != self._of[0] or (of[1] or 0) < (self._of[1] or 0):
            self._forget()
            self._source = self._events(of[0])
        self._of = of
        last = (of[1] or 0) + 1 + total - self._feed.count(run) if is_at else total
        event = None
        while self._taken < last and time.monotonic() <= stop:
            if (event := next(self._source, None)) is None:
                break
            self._take(event)
        return self._scope(is_at, seq), self._taken >= last or event is None

    def _scope(self, is_at: bool, seq: int | None) -> str:
        others = len(self._runs or ()) - 1
        if is_at:
            more = f", and {others} other runs of the recording whole" if others else ""
            return f"this run up to event {seq}{more}"
        late = "" if seq is None else ", also what comes after the chosen event"
        return f"the whole recording{late}"

    def _events(self, last: str) -> Iterator[Event]:
        """Yield all events of a recording, those of `last` at the end."""
        runs = [one for one in self._runs or () if one != last]
        for run in [*runs, *([last] if last else [])]:
            after = -1
            while page := self._feed.read(run, after, PAGE):
                after = page[-1][0]
                for _, body, _ in page:
                    try:
                        yield EVENT.validate_json(body)
                    except ValueError:
                        self._taken += 1

    def _take(self, event: Event) -> None:
        self._taken += 1
        self._observed.take(event)
        if isinstance(event.fact, AuditorSanctioned):
            one = event.fact.sanction
            self._steps[one.auditor, one.version, one.about] = event.fact

    def _rows(self, found: Sequence[tuple[str, str]]) -> tuple[Behind, ...]:
        behind = []
        for id, note in found[-MOST_BEHIND:]:
            run, _, seq = id.rpartition(":")
            with suppress(ValueError, KeyError):
                page = self._reader.page(run, int(seq) - 1, 1) if self._reader else (
                    self._feed.read(run, int(seq) - 1, 1))  # fmt: skip
                behind += [Behind(run, row_of(EVENT.validate_json(body)), note)
                           for _, body, _ in page]  # fmt: skip
        return tuple(reversed(behind))


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
    names, vendors, pairs = list(state.auditors), state.vendor_of, state.view("pairs")
    found = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            n, total, squares = pairs[i, j].tolist()
            if n:
                mean = total / n
                half = 1.96 * (max(squares / n - mean * mean, 0.05) / n) ** 0.5
                one = int(bool(vendors[i]) and vendors[i] == vendors[j])
                usual = float(state.null[one]) if state.null_at else None
                together = Interval(mean, mean - half, mean + half, int(n))
                found.append(Both(names[i], names[j], together, usual))
    yield from sorted(found, key=lambda both: -(both.together.value - (both.usual or 0.0)))


def _votes_on(state: State, auditor: str, agent: str) -> list[tuple[int, str]]:
    """Return the votes of an auditor on an agent, with what the graph made of each."""
    row, column = state.auditors.get(auditor, -1), state.agents.get(agent, -1)
    log = state.log[: state.logged]
    chosen = log[(log["auditor"] == row) & (log["agent"] == column)][-MOST_BEHIND:]
    return [(int(vote["event"]), _tell(*(float(vote[name]) for name in ("q", "residual"))))
            for vote in chosen]  # fmt: skip


def _votes_of_both(state: State, one: str, other: str) -> list[tuple[int, str]]:
    """Return the votes of two auditors on what both judged, item by item."""
    import numpy as np

    log = state.log[: state.logged]
    of = [log[log["auditor"] == state.auditors.get(name, -1)] for name in (one, other)]
    shared = np.intersect1d(of[0]["item"], of[1]["item"])[-MOST_BEHIND // 2 :]
    votes = sorted(
        (int(vote["item"]), int(vote["event"]), float(vote["q"]), float(vote["residual"]))
        for mine in of
        for vote in mine[np.isin(mine["item"], shared)]
    )
    return [(event, _tell(q, residual)) for _, event, q, residual in votes]


def _tell(q: float, residual: float) -> str:
    return f"others' evidence {q:.2f}, leniency {residual:+.2f}"
