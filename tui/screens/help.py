"""The help: what is seen, and every key, from the table of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from orchestrator.replay.projection import EXAMPLES, GLYPHS
from tui.bindings import APPROVAL, KEYS, MOVES
from tui.text import said, stack

WORDS = {
    "allow": "it may run",
    "flag": "it may run, and somebody should look",
    "modify": "it runs changed",
    "escalate": "a person is asked",
    "deny": "it must not run",
    "terminate": "the run is over",
}
PANES = {
    "timeline": "Each line is one recorded event of the run, the newest at the bottom.",
    "detail": "Why the chosen action was decided as it was, and what each auditor quoted.",
    "debate": "What divided auditors said to each other's claims, and how their scores moved.",
    "auditors": "How reliable each auditor is in this run; a number in red has failed.",
    "runs": "All runs of this ledger; Enter opens one.",
    "collusion": "Who is lenient on whom, and whose errors go together: evidence, not intent. "
    "Enter lists the events behind what is chosen, and goes to one of them.",
}


class HelpScreen(ModalScreen[None]):
    """Shown over the cockpit; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q,enter", "dismiss", "Close"),
        Binding("j,down", "scroll(3)", show=False),
        Binding("k,up", "scroll(-3)", show=False),
        Binding("pagedown,space", "scroll(15)", show=False),
        Binding("pageup", "scroll(-15)", show=False),
        Binding("end,G", "scroll(1000)", show=False),
        Binding("home,g", "scroll(-1000)", show=False),
    ]

    def __init__(self, pane: str) -> None:
        super().__init__()
        self._pane = pane

    def compose(self) -> ComposeResult:
        """Show the text."""
        with VerticalScroll(id="help", can_focus=False):
            yield Static(write_help(self._pane), markup=False)

    def action_scroll(self, by: int) -> None:
        """Move the text."""
        self.query_one("#help").scroll_relative(y=by, animate=False)


def write_help(pane: str) -> Content:
    """Return the help for whoever looks at `pane`."""
    return stack(_help(pane))


def _help(pane: str) -> Iterator[Content]:
    yield said((f"You are in: {pane}. ", "bold"), PANES.get(pane, ""))
    yield said(("An agent proposes actions; rules and auditors judge them before they run.", ""))
    yield Content("")
    yield said(("Decisions", "bold $primary"))
    for word, text in WORDS.items():
        yield said((f"  {GLYPHS[word]} {word:<10}", f"$tone-{word} bold"), f" {text}")
    yield said(("  ● 0.80      ", "$tone-doubt bold"), " an auditor's suspicion, 0 to 1; ○ is low")
    yield said(("  !           ", "$tone-alarm bold"), " an alarm: something ran unseen, or failed")
    yield said(("  ⁇           ", "$error bold"), " not vouched for by the chain of hashes")
    yield from _table("Keys", [(key.label or key.keys, key.help) for key in KEYS])
    yield from _table("Moving", MOVES)
    yield from _table("While a question is open", APPROVAL)
    yield from _table("Filters", [(text, "") for text in EXAMPLES])
    yield said(("  every word must hold; - before one turns it round", "$tone-quiet"))


def _table(
    title: str, rows: list[tuple[str, str]] | tuple[tuple[str, str], ...]
) -> Iterator[Content]:
    yield Content("")
    yield said((title, "bold $primary"))
    for keys, words in rows:
        yield said((f"  {keys:<24}", "bold"), f" {words}")
