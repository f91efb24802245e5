"""A pane of text that scrolls: wrapped once, and only the lines in sight are drawn."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

from tui.widgets.lines import LineView


class Wrapping(NamedTuple):
    """What the lines of a text depend on beside the text."""

    width: int
    style: Style
    wrap: str
    selection: Selection | None


class Pane(LineView):
    """One text, made elsewhere; a new one begins at its top, the same one stays where it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    def __init__(self, id: str, title: str) -> None:
        super().__init__(id=id)
        self.border_title = title
        self.content = Content("")
        self._of: object = None
        self._wrapping: Wrapping | None = None
        self._lines: list[Strip] = []

    def show(self, content: Content, of: object) -> None:
        """Show `content`, which is about `of`."""
        if content.is_same(self.content):
            return
        self.content = content
        self._wrapping = None
        if of != self._of:
            self._of = of
            self.scroll_target_y = 0
            self.set_scroll(None, 0)
        self._fit()

    def on_resize(self) -> None:
        """Wrap for the room there is."""
        self._fit()

    def notify_style_update(self) -> None:
        """Wrap anew where the style says so."""
        super().notify_style_update()
        if self.is_running:
            self.call_later(self._fit)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """Return the text that was selected."""
        return selection.extract(self.content.plain), "\n"

    def render_line(self, y: int) -> Strip:
        """Return the line at `y` of what is visible."""
        width = self.scrollable_content_region.width
        lines = self._wrapped(width)
        place = self.scroll_offset.y + y
        if place >= len(lines):
            return Strip.blank(width, self.rich_style)
        return lines[place].adjust_cell_length(width, self.rich_style)

    def _fit(self) -> None:
        """Tell the scrollbar how many lines there are, and draw."""
        self.set_height(len(self._wrapped(self.scrollable_content_region.width)))
        self.refresh()

    def _wrapped(self, width: int) -> list[Strip]:
        """Return all lines at that width, kept until something they depend on is another."""
        style = self.visual_style
        wrapping = Wrapping(width, style, self.styles.text_wrap, self.text_selection)
        if wrapping != self._wrapping:
            self._wrapping = wrapping
            self._lines = Visual.to_strips(self, self.content, width, None, style)
        return self._lines
