"""The next events of a run, read and folded: all that a track keeps of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from orchestrator.domain.event import Event
from orchestrator.replay.rows import Mark, mark_of
from orchestrator.replay.state import RunState, change, place, skip

TURN, QUIET = Mark.TURN.value, Mark.QUIET.value


class Unreadable(NamedTuple):
    """A place in the record where no event could be read."""

    seq: int


Entry: TypeAlias = Event | Unreadable


class Batch(NamedTuple):
    """What a track is to take next; made where nobody waits, taken in no time."""

    marks: array[int]
    turns: list[int]
    """Where turns begin."""
    shown: list[int]
    """Events that are not quiet."""
    kept: list[RunState]
    """States at the places where one is kept."""
    state: RunState
    """After the last of these events."""
    broken_at: int | None
    problem: str


def index(
    entries: Sequence[Entry], state: RunState, apart: int
) -> tuple[array[int], list[int], list[int], list[RunState], RunState]:
    """Return the first five parts of a batch of `entries`, which follow `state`.

    One state in `apart` is kept, and told only then where it stands: most are gone with the next
    event.
    """
    marks = array("B")
    turns, shown, kept = [], [], []
    last: Event | None = None
    for seq, entry in enumerate(entries, state.seq + 1):
        if isinstance(entry, Unreadable):
            state = skip(place(state, last) if last else state, seq)
            last = None
            marks.append(Mark.ALARM)
        else:
            state, last = change(state, entry), entry
            marks.append(mark_of(entry.fact, state.flags))
        bits = marks[-1]
        if bits & TURN:
            turns.append(seq)
        if not bits & QUIET:
            shown.append(seq)
        if (seq + 1) % apart == 0:
            state, last = place(state, last) if last else state, None
            kept.append(state)
    return marks, turns, shown, kept, place(state, last) if last else state
