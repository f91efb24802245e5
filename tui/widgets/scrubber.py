"""One line for a whole run: marks where something happened, and where one is."""

from __future__ import annotations

from array import array
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from orchestrator.replay.projection import Mark

MARKS = (
    (Mark.ALARM, "!", "$tone-alarm"),
    (Mark.DENIAL, "✗", "$tone-deny"),
    (Mark.APPROVAL, "?", "$tone-escalate"),
    (Mark.DEBATE, "⇄", "$tone-debate"),
    (Mark.FLAG, "⚑", "$tone-flag"),
)
"""The strongest first: a column shows one of them."""


class Scrubber(Widget):
    """The run from left to right; a click or a drag goes there."""

    DEFAULT_CLASSES: ClassVar[str] = "bar"

    class Sought(Message):
        """Somebody wants to be at this event."""

        def __init__(self, seq: int) -> None:
            super().__init__()
            self.seq = seq

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.marks = array("B")
        self.seq = 0
        self.words = ""
        self._drags = False
        self._columns: tuple[int, int, list[int]] = (-1, -1, [])

    def show(self, marks: array[int], seq: int, words: str) -> None:
        """Show the marks of a run, where one is, and a few words at the end."""
        self.marks, self.seq, self.words = marks, seq, words
        self.refresh()

    def render(self) -> Content:
        """Return the line."""
        cells = self._cells
        here = self._column(self.seq, cells)
        parts = []
        for column, bits in enumerate(self._summed(cells)):
            glyph, style = next(
                ((g, s) for mark, g, s in MARKS if bits & mark), ("─", "$tone-quiet")
            )
            if column == here:
                glyph, style = ("█" if glyph == "─" else glyph), f"{style} reverse bold"
            parts.append(Content.styled(glyph, style))
        return Content("").join([*parts, Content(f" {self.words}")])

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go where the mouse is."""
        self._drags = True
        self.capture_mouse()
        self._seek(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse while it is held down."""
        if self._drags:
            self._seek(event.x)

    def on_mouse_up(self) -> None:
        """Let go."""
        self._drags = False
        self.release_mouse()

    @property
    def _cells(self) -> int:
        return max(self.size.width - len(self.words) - 1, 1)

    def _column(self, seq: int, cells: int) -> int:
        return min(seq * cells // max(len(self.marks), 1), cells - 1)

    def _seek(self, x: int) -> None:
        cells = self._cells
        seq = min(max(x, 0), cells - 1) * len(self.marks) // cells
        self.post_message(self.Sought(min(seq, max(len(self.marks) - 1, 0))))

    def _summed(self, cells: int) -> list[int]:
        """Return for each column what its events are together, kept until there are more."""
        if self._columns[:2] != (cells, len(self.marks)):
            columns = [0] * cells
            count = max(len(self.marks), 1)
            for column in range(cells):
                start, stop = column * count // cells, max((column + 1) * count // cells, 1)
                for bits in set(self.marks[start : max(stop, start + 1)]):
                    columns[column] |= bits
            self._columns = (cells, len(self.marks), columns)
        return self._columns[2]
