"""Where a screen gets runs from: a ledger others write, an export, or runs that were just played.

Everything here may block and belongs in a thread. Nothing here writes but `answer`, which leaves an
answer in the inbox of the process that owns the run, as `crossaudit approve` does.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from orchestrator.domain.decision import Request
from orchestrator.domain.event import EVENT, RunOpened
from orchestrator.domain.value import JsonObject
from orchestrator.errors import ApprovalError, LedgerDamaged, StoreError
from orchestrator.ledger.chain import StoredEvent
from orchestrator.ledger.engine import is_url
from orchestrator.ledger.export import read_stored
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.reader import Reader, open_legible
from orchestrator.ledger.tables import RunRow
from orchestrator.oversight.approvals import Kind, check_approver
from orchestrator.replay.track import Store, Track

MOST_RUNS = 200
"""Runs that a list shows; the newest."""


class RunCard(NamedTuple):
    """A run in a list."""

    run: str
    agent: str
    task: str
    opened: datetime
    how: str
    """completed, failed or terminated; empty while the run is open."""
    actions: int = 0
    held: int = 0
    """Actions judged worse than modify."""
    bypassed: int = 0
    parent: str | None = None


class Feed(Store, Protocol):
    """Runs to look at."""

    @property
    def place(self) -> str:
        """Return where they come from, for a person."""
        ...

    @property
    def is_live(self) -> bool:
        """Say whether events may still arrive."""
        ...

    def version(self) -> int | None:
        """Return a number that stays while nothing is new; None where only reading can tell."""
        ...

    def runs(self) -> list[RunCard]:
        """Return the newest runs, newest first."""
        ...

    def waiting(self) -> list[tuple[str, Request]]:
        """Return what waits for a person in any run, oldest first."""
        ...

    def answer(
        self, run: str, request: str, reply: Kind, reason: str, arguments: JsonObject | None
    ) -> None:
        """Answer a request; ApprovalError where that is not allowed from here."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Person(NamedTuple):
    """Who answers, and how it is known that it is no agent."""

    name: str
    token_file: Path | None = None
    token: str | None = None


class LedgerFeed:
    """A ledger that other processes write; one that does not exist yet is an empty one."""

    is_live = True

    def __init__(self, location: str | Path, person: Person | None = None) -> None:
        """Name the ledger; without a `person` nobody can answer."""
        self.place = str(location)
        self._person = person
        self._reader: Reader | None = None

    def version(self) -> int | None:
        """Return a number that stays while nothing is written; None while there is no ledger."""
        reader = self._open()
        return reader.version() if reader else None

    def runs(self) -> list[RunCard]:
        """Return the newest runs, newest first."""
        reader = self._open()
        return [_card(row) for row in reader.runs(MOST_RUNS)] if reader else []

    def find(self, prefix: str) -> str:
        """Return the id of the only run that begins so; StoreError where there is none."""
        reader = self._open()
        if reader is None:
            raise StoreError(f"there is no ledger at {self.place}; record a run first")
        return reader.find_run(prefix).run

    def read(self, run: str, after: int, limit: int) -> Sequence[tuple[int, bytes, str]]:
        """Return number, body and hash of the events that follow number `after`."""
        reader = self._open()
        return reader.legible(run, after, limit) if reader else ()

    def count(self, run: str) -> int:
        """Return how many events were recorded."""
        reader = self._open()
        return reader.count_events(run) if reader else 0

    def waiting(self) -> list[tuple[str, Request]]:
        """Return what waits for a person in any run, oldest first; nothing in a damaged file."""
        reader = self._open()
        try:
            return reader.pending() if reader else []
        except LedgerDamaged:
            return []

    def answer(
        self, run: str, request: str, reply: Kind, reason: str, arguments: JsonObject | None
    ) -> None:
        """Leave an answer for the process that owns the run."""
        if self._person is None:
            raise ApprovalError("this view is read-only: answer with `crossaudit approve`")
        check_approver(
            self._person.name, token=self._person.token, token_file=self._person.token_file
        )
        ledger = Ledger.open(self.place, create=False)
        try:
            ledger.send(
                run, request, reply, by=self._person.name, reason=reason, arguments=arguments
            )
        finally:
            ledger.close()

    def close(self) -> None:
        """Close the connections."""
        if self._reader:
            self._reader.close()
        self._reader = None

    def _open(self) -> Reader | None:
        if self._reader is None and (is_url(self.place) or Path(self.place).exists()):
            self._reader = open_legible(self.place)
        return self._reader


class RecordedFeed:
    """Runs that are over and held in memory: those a replay has just judged."""

    is_live = False

    def __init__(self, place: str, runs: Mapping[str, Sequence[StoredEvent]]) -> None:
        self.place = place
        self._runs = runs

    def version(self) -> int | None:
        """Return nothing: what is in memory costs little to look at."""
        return None

    def runs(self) -> list[RunCard]:
        """Return the runs in the order they were played."""
        return [_summed_up(Track(self, run)) for run in self._runs]

    def read(self, run: str, after: int, limit: int) -> Sequence[tuple[int, bytes, str]]:
        """Return number, body and hash of the events that follow number `after`."""
        part = self._runs[run][after + 1 : after + 1 + limit]
        return [(event.seq, event.body, event.hash) for event in part]

    def count(self, run: str) -> int:
        """Return how many events there are."""
        return len(self._runs[run])

    def waiting(self) -> list[tuple[str, Request]]:
        """Return nothing: nobody waits in a recorded run."""
        return []

    def answer(
        self, run: str, request: str, reply: Kind, reason: str, arguments: JsonObject | None
    ) -> None:
        """Refuse: what is recorded has been answered."""
        raise ApprovalError("a recorded run cannot be answered any more")

    def close(self) -> None:
        """Do nothing."""


class ExportFeed(RecordedFeed):
    """The runs of an exported file as they were recorded, read where they lie."""

    def __init__(self, path: str | Path) -> None:
        """Find the events of every run; StoreError where there is none in the file."""
        super().__init__(str(path), {})
        self._file = _open_file(Path(path))
        self._places: dict[str, array[int]] = {}
        place, run = 0, ""
        for line in self._file:
            if read_stored(line) is None:
                run = ""
            else:
                run = run or _run_of(line) or f"unreadable-{len(self._places)}"
                self._places.setdefault(run, array("Q")).append(place)
            place += len(line)
        if not self._places:
            self._file.close()
            raise StoreError(f"{path} holds no run of a crossaudit export")

    def runs(self) -> list[RunCard]:
        """Return the runs in the order of the file."""
        return [_summed_up(Track(self, run)) for run in self._places]

    def read(self, run: str, after: int, limit: int) -> Sequence[tuple[int, bytes, str]]:
        """Return number, body and hash of the events that follow number `after`."""
        found = []
        for seq in range(after + 1, min(after + 1 + limit, self.count(run))):
            self._file.seek(self._places[run][seq])
            stored = read_stored(self._file.readline())
            if stored:
                found.append((seq, *stored))
        return found

    def count(self, run: str) -> int:
        """Return how many events there are."""
        return len(self._places[run])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _card(row: RunRow) -> RunCard:
    return RunCard(
        run=row.run,
        agent=row.agent,
        task=row.task or row.source or "",
        opened=row.opened if row.opened.tzinfo else row.opened.replace(tzinfo=UTC),
        how=row.how or "",
        actions=row.actions,
        held=row.escalated + row.denied + row.terminated,
        bypassed=row.bypassed,
        parent=row.parent,
    )


def _summed_up(track: Track) -> RunCard:
    while track.take(track.fetch()):
        pass
    state = track.state
    facts = state.facts
    first = track.event(0)
    return RunCard(
        run=track.run,
        agent=facts.agent if facts else "unreadable",
        task=(facts.task or "") if facts else "",
        opened=first.at if first else datetime.fromtimestamp(0, UTC),
        how=state.closed,
        actions=state.actions,
        held=sum(state.count(word) for word in ("escalate", "deny", "terminate")),
        bypassed=state.coverage.bypassed,
        parent=facts.parent if facts else None,
    )


def _open_file(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def _run_of(line: bytes) -> str:
    stored = read_stored(line)
    try:
        event = EVENT.validate_json(stored[0]) if stored else None
    except ValueError:
        return ""
    return event.run if event and isinstance(event.fact, RunOpened) else ""
