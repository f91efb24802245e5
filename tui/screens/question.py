"""The question to a person: deny has the focus, and nothing typed ahead counts."""

from __future__ import annotations

import json
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static, TextArea

from orchestrator.clock import Clock
from orchestrator.domain.decision import Request
from orchestrator.domain.value import JsonObject
from orchestrator.oversight.approvals import Kind
from tui.text import said
from tui.views.question import describe_deadline, write_question

GUARD_SECONDS = 0.4
"""Keys pressed earlier than this after the question opened were meant for something else."""


class Reply(NamedTuple):
    """What a person answered."""

    kind: Kind
    reason: str
    arguments: JsonObject | None = None


class QuestionScreen(ModalScreen[Reply | None]):
    """Ask about one request; None leaves it waiting."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "reply('deny')", "Deny"),
        Binding("y", "reply('approve')", "Approve"),
        Binding("e", "edit", "Edit"),
        Binding("escape", "leave", "Leave waiting"),
    ]

    def __init__(self, run: str, request: Request, voted: tuple[str, ...], clock: Clock) -> None:
        super().__init__()
        self.run_id, self.request = run, request
        self._voted = voted
        self._clock = clock
        self._opened = clock.monotonic()

    def compose(self) -> ComposeResult:
        """Lay out the question, what one may add, and the answers."""
        with Vertical(id="question"):
            with VerticalScroll(id="asked", can_focus=False):
                yield Static(write_question(self.run_id, self.request, self._voted), markup=False)
            yield TextArea(
                json.dumps(self.request.arguments, indent=2, ensure_ascii=True), id="arguments"
            )
            yield Input(placeholder="reason, recorded with the answer (tab goes here)", id="reason")
            yield Static("", id="countdown", markup=False)
            with Horizontal(id="answers"):
                yield Button("Deny (d)", id="deny", variant="error")
                yield Button("Approve (y)", id="approve", variant="success")
                yield Button("Edit (e)", id="edit")
                yield Button("Leave (esc)", id="leave")

    def on_mount(self) -> None:
        """Begin to count, with the focus on the answer that does no harm."""
        self._opened = self._clock.monotonic()
        self.query_one("#arguments").display = False
        self.query_one("#deny").focus()
        if self.request.needed > 1:
            self.query_one("#edit").disabled = True
        self._count_down()
        self.set_interval(0.25, self._count_down)
        self.app.bell()

    @property
    def is_armed(self) -> bool:
        """Say whether the question has been on the screen long enough to be answered."""
        return self._clock.monotonic() - self._opened >= GUARD_SECONDS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Ignore what was typed ahead; letters in a field are text."""
        if action in ("reply", "edit"):
            return True if self.is_armed else None
        return True

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take an answer from the mouse, or from Enter on a button."""
        event.stop()
        if event.button.id == "leave":
            self.action_leave()
        elif self.is_armed and event.button.id == "edit":
            self.action_edit()
        elif self.is_armed:
            self.action_reply(str(event.button.id))

    def action_reply(self, kind: str) -> None:
        """Close with an answer."""
        if kind == "deny":
            self.dismiss(Reply("deny", self._reason))
        elif not self._is_editing:
            self.dismiss(Reply("approve", self._reason))
        elif (arguments := self._read()) is not None:
            self.dismiss(Reply("edit", self._reason, arguments))

    def action_edit(self) -> None:
        """Open the arguments for changes; the approving button then sends them."""
        if self.request.needed > 1:
            self.notify("several people must approve: arguments cannot be changed", markup=False)
            return
        area = self.query_one("#arguments", TextArea)
        area.display = True
        self.query_one("#asked").display = False
        self.query_one("#approve", Button).label = "Approve as edited"
        area.focus()

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    @property
    def _reason(self) -> str:
        return self.query_one("#reason", Input).value

    @property
    def _is_editing(self) -> bool:
        return bool(self.query_one("#arguments").display)

    def _read(self) -> JsonObject | None:
        try:
            arguments = json.loads(self.query_one("#arguments", TextArea).text)
        except (ValueError, RecursionError) as error:
            self.notify(f"not JSON: {error}", severity="error", markup=False)
            return None
        if not isinstance(arguments, dict):
            self.notify("arguments are a JSON object", severity="error", markup=False)
            return None
        return arguments

    def _count_down(self) -> None:
        text = describe_deadline(self.request, self._clock.now())
        self.query_one("#countdown", Static).update(said((text, "$tone-escalate bold")))
