"""One run as somebody scrolls through it: an index in memory, the events where they are kept.

For each event a byte is held, for each turn a number, for every 100th event a state. All else is
read again when it is looked at, so that a run of any length opens and fits. The hashes are checked
on the way in and what follows the first break is marked unverified; signatures, tables and
witnesses are for `crossaudit verify`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

from pydantic import ValidationError

from orchestrator.domain.event import EVENT, Event, RulesChecked, TurnProposed
from orchestrator.domain.verdict import Hit
from orchestrator.ledger.chain import GENESIS, link, opening
from orchestrator.replay.batches import Batch, Entry, Unreadable, index
from orchestrator.replay.case import Case, build_case
from orchestrator.replay.rows import Mark, Row, row_of
from orchestrator.replay.state import RunState, skip, step

BATCH = 2_000
"""Events fetched at once."""
APART = 100
"""Events between two kept states: what a seek folds at most."""
PAGE = 64
PAGES = 128
LONGEST_TURN = 2_000
"""Events of one turn that are looked at."""


class Store(Protocol):
    """Where the events of a run can be read, by number."""

    def read(self, run: str, after: int, limit: int) -> Sequence[tuple[int, bytes, str]]:
        """Return number, body and hash of the events that follow number `after`."""
        ...

    def count(self, run: str) -> int:
        """Return how many events were recorded, whether they are still there or not."""
        ...


class Track:
    """The index of one run, grown by `take(fetch())`; `fetch` alone may run in another thread."""

    def __init__(self, store: Store, run: str) -> None:
        self.run = run
        self.state = RunState(run)
        """After the last event so far."""
        self.marks = array("B")
        self.turns = array("L")
        """Where turns begin."""
        self.shown = array("L")
        """Events that are not quiet."""
        self.broken_at: int | None = None
        """The first event that the chain does not vouch for."""
        self.problem = ""
        """What is wrong with that event, in a sentence."""
        self.total = 0
        """How many events are recorded; those not taken yet can be read as lines already."""
        self._store = store
        self._states = [self.state]
        self._head = GENESIS
        self._is_broken = False
        self._pages: OrderedDict[int, list[Row]] = OrderedDict()
        self._seen: OrderedDict[int, Event] = OrderedDict()

    def __len__(self) -> int:
        return len(self.marks)

    @property
    def last(self) -> int:
        """Return the number of the last event; -1 where there is none."""
        return len(self.marks) - 1

    def fetch(self, limit: int = BATCH) -> Batch:
        """Read, check and fold what follows; nothing of this track others look at changes."""
        expected = self.total = self._store.count(self.run)
        entries: list[Entry] = []
        broken_at, problem = None, ""
        place = len(self.marks)
        for seq, body, hash_ in self._store.read(self.run, place - 1, limit):
            why = "" if self._is_broken else self._check(seq, place, body, hash_)
            if why:
                self._is_broken, broken_at, problem = True, place, why
            entries += [Unreadable(gap) for gap in range(place, min(seq, place + limit))]
            entries.append(_read(self.run, seq, body))
            place = seq + 1
        if not entries and not self._is_broken and expected > place:
            self._is_broken, broken_at = True, place
            problem = f"the end is cut off: {expected} events were recorded, {place} are there"
        return Batch(*index(entries, self.state, APART), broken_at, problem)

    def take(self, batch: Batch) -> int:
        """Make what was fetched part of the track and return how many events that was."""
        if batch.broken_at is not None:
            self.broken_at, self.problem = batch.broken_at, batch.problem
        self.marks += batch.marks
        self.turns.extend(batch.turns)
        self.shown.extend(batch.shown)
        self._states += batch.kept
        self.state = batch.state
        return len(batch.marks)

    def state_at(self, seq: int) -> RunState:
        """Return what was known after event `seq`, folded from the nearest kept state before it."""
        if seq >= self.last:
            return self.state
        place = (seq + 1) // APART
        state = self._states[place]
        for entry in self._entries(place * APART, seq + 1):
            state = skip(state, entry.seq) if isinstance(entry, Unreadable) else step(state, entry)
        return state

    def event(self, seq: int) -> Event | None:
        """Return the event number `seq`; None where it cannot be read."""
        found = self._seen.get(seq)
        if found is None:
            entries = self._entries(seq, seq + 1)
            if not entries or isinstance(entries[0], Unreadable):
                return None
            found = self._seen[seq] = entries[0]
            if len(self._seen) > PAGE:
                self._seen.popitem(last=False)
        return found

    def row(self, seq: int) -> Row:
        """Return the line for event `seq`."""
        number, place = divmod(seq, PAGE)
        page = self._pages.setdefault(number, [])
        self._pages.move_to_end(number)
        if place >= len(page):
            page += self._rows(number * PAGE + len(page), min((number + 1) * PAGE, self._readable))
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return page[place]

    @property
    def _readable(self) -> int:
        return max(len(self), self.total)

    def rows(self, start: int, stop: int) -> list[Row]:
        """Return the lines of many events, without keeping them."""
        return self._rows(start, min(stop, len(self)))

    def case(self, seq: int) -> Case | None:
        """Return all that is known of the action event `seq` is about."""
        event = self.event(seq)
        if event is None:
            return None
        around = [e for e in self._entries(*self.turn_around(seq)) if isinstance(e, Event)]
        case = build_case(event, around)
        if case.decision is None or not case.decision.clause:
            return case
        text, hash_ = _clause(case.decision.clause)
        facts = self.state.facts
        ref = facts.constitution if facts else None
        return case._replace(clause=text, is_clause_current=ref is None or ref.hash == hash_)

    def turn_around(self, seq: int) -> tuple[int, int]:
        """Return where the turn of event `seq` begins, and where the next one does."""
        after = bisect_right(self.turns, seq)
        start = self.turns[after - 1] if after else 0
        stop = self.turns[after] if after < len(self.turns) else len(self)
        return start, min(stop, start + LONGEST_TURN)

    def find(self, mark: Mark, seq: int, *, forward: bool) -> int | None:
        """Return the nearest event after or before `seq` that has any bit of `mark`."""
        places = range(seq + 1, len(self)) if forward else range(seq - 1, -1, -1)
        bits = mark.value
        return next((place for place in places if self.marks[place] & bits), None)

    def is_verified(self, seq: int) -> bool:
        """Say whether the chain holds up to event `seq`."""
        return self.broken_at is None or seq < self.broken_at

    def _check(self, seq: int, expected: int, body: bytes, hash_: str) -> str:
        if seq != expected:
            return f"there is no event {expected}: the next one is number {seq}"
        self._head = link(self._head, body)
        if self._head.hex() != hash_:
            return "its bytes do not match its hash"
        if not body.startswith(opening(self.run, seq)):
            return f"its bytes do not begin as those of event {seq} of {self.run} must"
        return ""

    def _entries(self, start: int, stop: int) -> list[Entry]:
        """Return what stands at `start` and up to, not including, `stop`."""
        entries: list[Entry] = []
        for seq, body, _ in self._store.read(self.run, start - 1, stop - start):
            if seq >= stop:
                break
            entries += [Unreadable(gap) for gap in range(start + len(entries), seq)]
            entries.append(_read(self.run, seq, body))
        entries += [Unreadable(gap) for gap in range(start + len(entries), stop)]
        return entries

    def _rows(self, start: int, stop: int) -> list[Row]:
        entries = self._entries(start, stop)
        turn, hits = self._turn_before(start)
        rows = []
        for entry in entries:
            if isinstance(entry, Unreadable):
                rows.append(_unreadable_row(entry.seq))
                continue
            match entry.fact:
                case TurnProposed():
                    turn, hits = entry.fact, ()
                case RulesChecked():
                    hits = entry.fact.hits
            row = row_of(entry, turn.turn if turn else None, hits)
            rows.append(row if self.is_verified(entry.seq) else row._replace(is_verified=False))
        return rows

    def _turn_before(self, seq: int) -> tuple[TurnProposed | None, tuple[Hit, ...]]:
        """Return the turn that goes on at `seq`, and what rules said of it."""
        after = bisect_right(self.turns, seq)
        if not after:
            return None, ()
        start = self.turns[after - 1]
        event, checked = self.event(start), self.event(min(start + 1, self.last))
        turn = event.fact if event and isinstance(event.fact, TurnProposed) else None
        rules = checked.fact if checked and isinstance(checked.fact, RulesChecked) else None
        return turn, rules.hits if rules else ()


def play_back(track: Track) -> None:
    """Take everything there is by now."""
    while track.take(track.fetch()):
        pass


def _read(run: str, seq: int, body: bytes) -> Entry:
    try:
        event = EVENT.validate_json(body)
    except ValidationError:
        return Unreadable(seq)
    return event if (event.run, event.seq) == (run, seq) else Unreadable(seq)


def _unreadable_row(seq: int) -> Row:
    text = "this event is damaged or gone, or of a kind that only a newer crossaudit knows"
    return Row(
        seq, datetime.fromtimestamp(0, UTC), "unreadable", "alarm", "!", "UNREAD", "", text, 0,
        None, False,
    )  # fmt: skip


def warm_up() -> None:
    """Read the constitution now, so that the first case that cites a clause is not slow."""
    _clause("")


@cache
def _clause(id_: str) -> tuple[str, str]:
    from orchestrator.rules.constitution import load_constitution

    constitution = load_constitution()
    text = next((c.text for c in constitution.clauses if c.id == id_), "")
    return text, constitution.ref.hash
