"""The pane of the collusion graph: what it is about, its lines, and the chosen one in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from orchestrator.replay.graph import Behind, Graph
from tui.views.chosen import describe
from tui.views.collusion import write_behind, write_head, write_lines
from tui.widgets.sheet import Goal, Sheet

MATRIX_FROM = 100
"""Columns from which tables are drawn, unless a person chose otherwise."""
FRAME = 3
"""Columns beside the lines."""


class Opened(NamedTuple):
    """The events behind something, which are shown instead of the graph."""

    goal: Goal
    events: Sequence[Behind]


class CollusionPane(Vertical):
    """Shows a graph, or the events behind a part of it."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.opened: Opened | None = None
        self.is_matrix: bool | None = None
        """None where the width decides."""
        self._graph: Graph | None = None
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out the three parts."""
        yield Static("", id="collusion-head", markup=False)
        yield Sheet("collusion")
        yield Static("", id="collusion-chosen", markup=False)

    @property
    def sheet(self) -> Sheet:
        """Return the lines."""
        return self.query_one("#collusion", Sheet)

    def show(self, graph: Graph | None, problem: str) -> None:
        """Show what is known now; what is chosen stays chosen."""
        self._graph = graph
        shown = (graph, problem, self._draws_matrix(), self.opened, self.size.width)
        if shown == self._shown:
            return
        self._shown = shown
        self.query_one("#collusion-head", Static).update(write_head(graph, problem), layout=False)
        self._write()
        self._describe()

    def toggle(self) -> None:
        """Change between tables and lists."""
        self.is_matrix = not self._draws_matrix()

    def open(self, goal: Goal, events: Sequence[Behind]) -> None:
        """Show what is behind `goal`."""
        self.opened = Opened(goal, events)
        self.sheet.place = 0

    def leave(self) -> bool:
        """Go back to the graph; return whether one was away from it."""
        if self.opened is None:
            return False
        goal, self.opened = self.opened.goal, None
        self._shown = ()
        self._write(goal)
        return True

    def on_sheet_moved(self) -> None:
        """Tell what is chosen."""
        self._describe()

    def _write(self, goal: Goal | None = None) -> None:
        cells = max(self.size.width - FRAME, 20)
        sheet = self.sheet
        if self.opened:
            sheet.border_title = "6 Collusion: enter goes to an event, esc goes back"
            sheet.show(write_behind(self._graph, self.opened.goal, self.opened.events, cells))
        else:
            sheet.border_title = "6 Collusion: enter shows the events behind it, m matrix or lines"
            sheet.show(write_lines(self._graph, self._draws_matrix(), cells), goal)

    def _describe(self) -> None:
        events = self.opened.events if self.opened else ()
        words = describe(self._graph, self.sheet.goal, events)
        self.query_one("#collusion-chosen", Static).update(words, layout=False)

    def _draws_matrix(self) -> bool:
        if self.is_matrix is not None:
            return self.is_matrix
        return self.size.width >= MATRIX_FROM
