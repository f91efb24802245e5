"""Which way of asking for structured output an endpoint understands, remembered for it."""

from __future__ import annotations

from orchestrator.models.attempt import Rung

_DOUBTS = 2


class Ladder:
    """Stand on the surest rung that works.

    A rung the endpoint refuses by name is given up at once. One that only looks guilty (a reply
    that was not what was asked for, an error without a reason) is given up after the rung below
    has helped `_DOUBTS` times in a row.
    """

    def __init__(self, rungs: tuple[Rung, ...]) -> None:
        self._rungs = rungs
        self._at = 0
        self._doubts = 0

    @property
    def rung(self) -> Rung:
        """Return the rung to ask by."""
        return self._rungs[self._at]

    def below(self, rung: Rung) -> Rung | None:
        """Return the next rung, or None at the foot."""
        index = self._rungs.index(rung) + 1
        return self._rungs[index] if index < len(self._rungs) else None

    def give_up(self, rung: Rung) -> None:
        """Never ask by this rung or one above it again."""
        self._at = max(self._at, min(self._rungs.index(rung) + 1, len(self._rungs) - 1))
        self._doubts = 0

    def note_help(self, rung: Rung) -> None:
        """Note that a rung below the present one gave what the present one did not."""
        self._doubts += 1
        if self._doubts >= _DOUBTS:
            self._at = max(self._at, self._rungs.index(rung))
            self._doubts = 0

    def note_use(self) -> None:
        """Note that the present rung works."""
        self._doubts = 0
