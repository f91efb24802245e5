"""Lines in which things can be chosen: up and down, and left and right where a line has several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.text import width

Goal: TypeAlias = tuple[str, tuple[str, ...]]
"""What is chosen: its kind, and the names by which whoever made the line knows it."""


class Piece(NamedTuple):
    """A part of a line; its text is harmless already."""

    text: str
    style: str = ""
    goal: Goal | None = None


class Line(NamedTuple):
    """A line, of which the first `fixed` pieces stay in sight when the others are scrolled."""

    pieces: tuple[Piece, ...]
    fixed: int = 0


class Sheet(ScrollView, can_focus=True):
    """Only the lines in sight are drawn; the choice keeps to its goal when the lines change."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"sheet--chosen"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("l,right", "aside(1)", show=False),
        Binding("h,left", "aside(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("g,home", "edge(False)", show=False),
        Binding("G,end", "edge(True)", show=False),
    ]

    class Moved(Message):
        """Something else was chosen."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.lines: Sequence[Line] = ()
        self.place = 0
        """The line that is chosen, and which of its goals."""
        self.column = 0
        self._offset = 0
        self._styles: dict[tuple[str, bool], Style] = {}

    @property
    def goal(self) -> Goal | None:
        """Return what is chosen; None where there is nothing."""
        goals = self._goals(self.place)
        return goals[min(self.column, len(goals) - 1)] if goals else None

    def show(self, lines: Sequence[Line], goal: Goal | None = None) -> None:
        """Show `lines`, with `goal` or else what was chosen before, if it is still there."""
        wanted = goal or self.goal
        self.lines = lines
        self.virtual_size = Size(self.size.width, len(lines))
        for place in range(len(lines)):
            if wanted in (goals := self._goals(place)):
                self._choose(place, goals.index(wanted))
                return
        self._choose(self._near(min(self.place, len(lines) - 1), 1), 0)

    def action_move(self, by: int) -> None:
        """Go to the next line that has something to choose."""
        place = self.place + by
        while 0 <= place < len(self.lines) and not self._goals(place):
            place += by
        if 0 <= place < len(self.lines):
            self._choose(place, self.column)
        else:
            self.scroll_to(y=0 if by < 0 else len(self.lines), animate=False, immediate=True)

    def action_aside(self, by: int) -> None:
        """Go to the next thing on the line."""
        last = len(self._goals(self.place)) - 1
        self._choose(self.place, max(0, min(self.column, last) + by))

    def action_page(self, by: int) -> None:
        """Go a page further on."""
        place = self.place + by * max(self.size.height - 1, 1)
        self._choose(self._near(max(0, min(place, len(self.lines) - 1)), by), self.column)

    def action_edge(self, to_end: bool) -> None:
        """Go to the first or the last line."""
        self._choose(self._near(len(self.lines) - 1 if to_end else 0, -1 if to_end else 1), 0)
        self.scroll_to(y=len(self.lines) if to_end else 0, animate=False, immediate=True)

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        place = self.scroll_offset.y + event.y
        if not self._goals(place):
            return
        line, at, column = self.lines[place], 0, 0
        for number, piece in enumerate(line.pieces):
            shift = self._offset if line.fixed and number >= line.fixed else 0
            at += width(piece.text)
            if piece.goal and event.x >= at - shift:
                column += 1
        self._choose(place, min(column, len(self._goals(place)) - 1))

    def on_resize(self) -> None:
        """Keep the choice in sight."""
        self.virtual_size = Size(self.size.width, len(self.lines))
        self._choose(self.place, self.column)

    def notify_style_update(self) -> None:
        """Forget the colours when the theme changes."""
        super().notify_style_update()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """Return the line at `y` of what is visible."""
        place, cells = self.scroll_offset.y + y, self.size.width
        if place >= len(self.lines):
            return Strip.blank(cells, self.rich_style)
        line = self.lines[place]
        chosen = self.goal if place == self.place else None
        segments = [
            Segment(piece.text, self._style(piece.style, bool(chosen) and piece.goal == chosen))
            for piece in line.pieces
        ]
        fixed = Strip(segments[: line.fixed])
        rest = Strip(segments[line.fixed :])
        if line.fixed:
            rest = rest.crop(self._offset)
        return Strip.join([fixed, rest]).adjust_cell_length(cells, self.rich_style)

    def _goals(self, place: int) -> list[Goal]:
        if not 0 <= place < len(self.lines):
            return []
        return [piece.goal for piece in self.lines[place].pieces if piece.goal]

    def _near(self, place: int, by: int) -> int:
        """Return the nearest line with something to choose, looking onwards first."""
        on = range(place, len(self.lines)) if by > 0 else range(place, -1, -1)
        back = range(place, -1, -1) if by > 0 else range(place, len(self.lines))
        return next((n for n in (*on, *back) if self._goals(n)), 0)

    def _choose(self, place: int, column: int) -> None:
        self.place, self.column = place, max(0, min(column, max(len(self._goals(place)) - 1, 0)))
        self._reach()
        self.scroll_to_region(Region(0, place, 1, 1), animate=False, force=True, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def _reach(self) -> None:
        """Scroll a wide line so far that what is chosen on it is in sight."""
        line = self.lines[self.place] if self.place < len(self.lines) else None
        if line is None or not line.fixed:
            return
        at = 0
        room = self.size.width - sum(width(piece.text) for piece in line.pieces[: line.fixed])
        for piece in line.pieces[line.fixed :]:
            cells = width(piece.text)
            if piece.goal and piece.goal == self.goal:
                self._offset = max(min(self._offset, at), at + cells - max(room, cells))
                return
            at += cells

    def _style(self, name: str, chosen: bool) -> Style:
        if (name, chosen) not in self._styles:
            style = self.rich_style
            if name:
                style += self.app.stylesheet.parse_style(name).rich_style
            if chosen:
                style += Style(bgcolor=self.get_component_rich_style("sheet--chosen").bgcolor)
                style += Style(bold=True, underline=True)
            self._styles[name, chosen] = style
        return self._styles[name, chosen]
