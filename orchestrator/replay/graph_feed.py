"""The graph of a feed: followed while a ledger is written, rewound in a recording.

Everything here may block, and belongs in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from orchestrator.domain.event import EVENT, AuditorSanctioned, Event
from orchestrator.replay.feed import ExportFeed, Feed, LedgerFeed
from orchestrator.replay.graph import Behind, Choice, Graph, name_finding, read_graph
from orchestrator.replay.rows import row_of

if TYPE_CHECKING:
    from orchestrator.collusion.state import State
    from orchestrator.ledger.reader import Reader

MOST_BEHIND = 200
"""Verdicts behind a cell that are listed; the latest."""
CHEAP = 5_000
"""Events of a recording up to which it is read again for every event that is looked at."""
PAGE = 500
LEDGER = "every run of this ledger"


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
        while self._taken < last:
            if (event := next(self._source, None)) is None:
                break
            self._take(event)
            if time.monotonic() > stop:
                return self._scope(is_at, seq), self._taken >= last
        return self._scope(is_at, seq), True

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
