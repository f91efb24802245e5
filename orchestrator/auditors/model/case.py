"""What a panel is asked about: one turn, and all an auditor may know of it."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.auditors.model.trace import History
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.verdict import Hit, Verdict


class Case(NamedTuple):
    """A turn with the actions that are still open; holds no name, vendor, score or tally."""

    turn: Turn
    open: tuple[str, ...]
    """Ids of the actions that auditors are asked about."""
    history: History
    hits: tuple[Hit, ...] = ()
    local: tuple[Verdict, ...] = ()
    kinds: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple's default is never changed
    """What each tool of the turn is taken for."""
    clauses: tuple[tuple[str, str], ...] = ()
    """Id and text of the constitution's clauses."""

    @property
    def questions(self) -> tuple[tuple[str, Action], ...]:
        """Return label and action of each question; labels say nothing but the order."""
        asked = (action for action in self.turn.actions if action.id in self.open)
        return tuple((f"A{place}", action) for place, action in enumerate(asked, 1))
