"""What reading one line may cost: the line, and all text in it that is read again, share it."""

from __future__ import annotations

MAX_PIECES = 10_000
"""Words and parts of words that are read from text."""
MAX_WORDS = 10_000
"""Words that are expanded, or handed over as part of a command."""
MAX_CHARACTERS = 200_000
"""Characters that come about by expansion."""


class Exhausted(Exception):
    """Reading the line would take too long; what it has not come to is not known."""


class Budget:
    """How much is left."""

    __slots__ = ("_characters", "_pieces", "_words")

    def __init__(self) -> None:
        self._pieces = MAX_PIECES
        self._words = MAX_WORDS
        self._characters = MAX_CHARACTERS

    def take(self) -> None:
        """Count a word, or a part of one, that is read. Raises Exhausted."""
        self._pieces -= 1
        if self._pieces < 0:
            raise Exhausted(f"it has more than {MAX_PIECES:,} words and parts of words")

    def hold(self, words: int) -> None:
        """Count words that are made. Raises Exhausted."""
        self._words -= words
        if self._words < 0:
            raise Exhausted("it comes to too many words")

    def spend(self, size: int) -> bool:
        """Count characters made by expansion; False when there were too many."""
        self._characters -= size
        return self._characters >= 0
