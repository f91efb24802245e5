"""The runs of a ledger, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from orchestrator.domain.display import count
from orchestrator.replay.feed import RunCard
from tui.text import said, stack


class RunList(OptionList):
    """Choose a run; those that need a person stand out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Open", key_display="enter"),
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.border_title = "5 Runs"
        self.cards: tuple[RunCard, ...] = ()
        self._waiting: frozenset[str] = frozenset()
        self._open = ""

    def show(self, cards: Sequence[RunCard], waiting: frozenset[str], open_run: str) -> None:
        """Show `cards`; the one that is open keeps its mark, the highlighted one its place."""
        if (tuple(cards), waiting, open_run) == (self.cards, self._waiting, self._open):
            return
        chosen = self.highlighted_option.id if self.highlighted_option else open_run
        self.cards, self._waiting, self._open = tuple(cards), waiting, open_run
        self.clear_options()
        self.add_options(
            [
                Option(write_card(card, card.run in waiting, card.run == open_run), id=card.run)
                for card in cards
            ]
        )
        names = [card.run for card in cards]
        if chosen in names:
            self.highlighted = names.index(chosen)


def write_card(card: RunCard, waits: bool, is_open: bool) -> Content:
    """Return three short lines on a run."""
    states = {"": ("●", "$success"), "completed": ("▣", ""), "terminated": ("■", "$error")}
    glyph, style = states.get(card.how, ("✗", "$error"))
    alarm = f"  {card.bypassed} BYPASS" if card.bypassed else ""
    asks = "  ? WAITS" if waits else ""
    child = "↳ " if card.parent else ""
    return stack(
        [
            said(
                ("▸" if is_open else " ", "bold"),
                (glyph, style),
                " ",
                (child + card.agent, "bold"),
                (asks, "$tone-escalate bold"),
                (alarm, "$error bold"),
            ),
            said(
                f"   {card.opened:%m-%d %H:%M}  {count(card.actions, 'action')}, {card.held} held"
            ),
            said((f"   {card.task}", "$tone-quiet")),
        ]
    )
