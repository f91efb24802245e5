"""A pane of text that scrolls."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static


class Pane(VerticalScroll, can_focus=True):
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

    def compose(self) -> ComposeResult:
        """Hold one text."""
        yield Static(self.content, markup=False)

    def show(self, content: Content, of: object) -> None:
        """Show `content`, which is about `of`."""
        if content.is_same(self.content):
            return
        self.content = content
        self.query_one(Static).update(content)
        if of != self._of:
            self._of = of
            self.scroll_home(animate=False)
