"""The timeline: only the lines that are visible are read, made and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, get_args

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from orchestrator.replay.projection import Row, Tone, Track
from tui.text import pad, width
from tui.widgets.lines import LineView

WORD, SUBJECT = 9, 14
KEPT = 1_000
"""Lines kept as they were drawn."""
CLOCK_FROM = 66
"""Columns from which a line also tells the time."""


class Timeline(LineView):
    """Lines of a track, one of them chosen; it follows the end while the last one is chosen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--chosen",
        "timeline--later",
        "timeline--time",
        "timeline--unverified",
        *(f"timeline--{tone}" for tone in get_args(Tone)),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("g,home", "edge(False)", show=False),
        Binding("G,end", "edge(True)", show=False),
    ]

    class Moved(Message):
        """Another line was chosen."""

        def __init__(self, seq: int) -> None:
            super().__init__()
            self.seq = seq

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.track: Track | None = None
        self.seqs: Sequence[int] = ()
        """Numbers of the events that are lines, ascending."""
        self.place = 0
        """Which of them is chosen."""
        self.follows = True
        self.dims_later = False
        """In a replay, what comes after the chosen line has not happened yet."""
        self._styles: dict[str, Style] = {}
        self._strips: LRUCache[tuple[int, int, bool, bool], Strip] = LRUCache(KEPT)
        self._drawn = 0
        """How many lines there were when they were last drawn."""

    @property
    def seq(self) -> int:
        """Return the number of the chosen event; -1 where there is none."""
        return self.seqs[self.place] if self.place < len(self.seqs) else -1

    def show(self, track: Track, seqs: Sequence[int], seq: int | None = None) -> None:
        """Show `seqs` of `track`, the line at or before `seq` chosen; without it, the last one."""
        self.track, self.seqs = track, seqs
        self.follows = seq is None
        self._strips.clear()
        self.grow(seq)
        self.refresh()

    def grow(self, seq: int | None = None) -> None:
        """Draw what has come since, and move on to the end while it is followed."""
        count = len(self.seqs)
        self.set_height(count)
        if seq is not None:
            self.choose(seq)
        elif self.follows:
            self._go(count - 1)
        bottom = self.scroll_offset.y + self.scrollable_content_region.height
        if count < self._drawn or self._drawn < bottom:
            self.refresh()
        self._drawn = count

    def choose(self, seq: int) -> None:
        """Choose the line of event `seq`, or the nearest one before it."""
        low, high = 0, len(self.seqs)
        while low < high:  # bisect, over any sequence
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.seqs[middle] <= seq else (low, middle)
        self._go(low - 1)

    def action_move(self, by: int) -> None:
        """Choose the line `by` lines further on."""
        self._go(self.place + by)

    def action_page(self, by: int) -> None:
        """Choose the line a page further on."""
        self._go(self.place + by * max(self.scrollable_content_region.height - 1, 1))

    def action_edge(self, to_end: bool) -> None:
        """Choose the first or the last line."""
        self._go(len(self.seqs) - 1 if to_end else 0)

    def _go(self, place: int) -> None:
        before = (self.place, self.seq)
        self.place = max(0, min(place, len(self.seqs) - 1))
        self.follows = self.place >= len(self.seqs) - 1
        self.scroll_to_region(
            Region(0, self.place, 1, 1), animate=False, force=True, immediate=True
        )
        if self.seqs and before != (self.place, self.seq):
            if self.dims_later:
                self.refresh()
            else:
                self.refresh_line(before[0])
                self.refresh_line(self.place)
            self.post_message(self.Moved(self.seq))

    def on_click(self, event: events.Click) -> None:
        """Choose the line that was clicked."""
        self._go(self.scroll_offset.y + event.y)

    def on_resize(self) -> None:
        """Keep the chosen line in sight."""
        self.grow()
        self.scroll_to_region(
            Region(0, self.place, 1, 1), animate=False, force=True, immediate=True
        )

    def notify_style_update(self) -> None:
        """Forget the colours when the theme changes."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """Return the line at `y` of what is visible."""
        place = self.scroll_offset.y + y
        cells = self.scrollable_content_region.width
        if self.track is None or place >= len(self.seqs):
            return Strip.blank(cells, self.rich_style)
        seq = self.seqs[place]
        key = (seq, cells, place == self.place, self.dims_later and place > self.place)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(self.track.row(seq), *key[1:])
        return strip

    def _draw(self, row: Row, cells: int, chosen: bool, later: bool) -> Strip:
        line = [
            Segment(text, self._style(name, chosen, later)) for name, text in write_line(row, cells)
        ]
        return Strip(line).adjust_cell_length(cells, self.rich_style)

    def _style(self, name: str, chosen: bool, later: bool) -> Style:
        key = f"{name}{chosen}{later}"
        if key not in self._styles:
            style = self.get_component_rich_style(f"timeline--{'later' if later else name}")
            if chosen:
                style += Style(bgcolor=self.get_component_rich_style("timeline--chosen").bgcolor)
                style += Style(bold=True)
            self._styles[key] = style
        return self._styles[key]


def write_line(row: Row, cells: int) -> list[tuple[str, str]]:
    """Return the parts of a line, each with the name of its colour, together `cells` wide."""
    head: list[tuple[str, str]] = []
    if cells >= CLOCK_FROM:
        head.append(("time", f"{row.at:%H:%M:%S} "))
    tone = row.tone if row.is_verified else "unverified"
    mark = row.glyph if row.is_verified else "⁇"
    head.append((tone, f"{'  ' * row.level}{mark} {pad(row.word, WORD)} "))
    subject = pad(row.subject, SUBJECT - 2 * row.level) + " " if row.subject else ""
    used = sum(width(text) for _, text in head) + width(subject)
    body = "quiet" if row.tone in ("quiet", "result") else "agent" if row.tone == "agent" else tone
    text = pad(row.text, max(cells - used, 0))
    return [*head, (tone, subject), (body, text)]
