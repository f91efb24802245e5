"""What an agent proposes: a turn of actions, with its reasons."""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

from pydantic import Field

from orchestrator.domain.value import JsonObject, Value

ToolKind: TypeAlias = Literal[
    "shell", "code", "file_read", "file_write", "http", "mail", "message", "sql", "payment",
    "account", "delegate", "other",
]  # fmt: skip


class ToolSpec(Value):
    """A tool the agent may call, as the host declared it."""

    name: str
    description: str = ""
    parameters: JsonObject = Field(default_factory=dict)
    """JSON schema of the arguments."""
    kind: ToolKind | None = None
    """What the host says it is; None leaves it to the tool mapping and the shape of the call."""


class Justification(Value):
    """What the agent gives as its reason; every field is a claim, none is believed."""

    intent: str = ""
    clauses: tuple[str, ...] = ()
    """Ids of constitution clauses the agent says it follows."""
    conditions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """Ids of the calls or events the agent says it relies on."""
    expected_effects: tuple[str, ...] = ()


class Action(Value):
    """One proposed tool call."""

    id: str
    """Unique within the run: the host's id where that is usable, else made from turn and place."""
    call_id: str | None = None
    """The id exactly as the host or the recording gave it; may be empty, repeated or missing."""
    tool: str
    arguments: JsonObject = Field(default_factory=dict)
    malformed: str | None = None
    """Why the arguments could not be read as a JSON object; such an action is never allowed."""
    justification: Justification | None = None


class Turn(Value):
    """One assistant message with all its tool calls, judged as a whole."""

    index: int
    """0-based number of the turn in its run."""
    message: str | None = None
    reasoning: str | None = None
    justification: Justification | None = None
    """Covers every action that has none of its own."""
    actions: tuple[Action, ...] = ()
    links: dict[str, str] = Field(default_factory=dict)
    """Where symbolic links led when the turn was proposed: path as written -> real path.
    Recorded so that a replay on another machine sees what the guard saw."""

    def reason_for(self, action: Action) -> Justification | None:
        """Return the justification that covers `action`."""
        return action.justification or self.justification

    def with_action(self, action: Action) -> Self:
        """Return this turn with the action of the same id replaced."""
        actions = tuple(action if old.id == action.id else old for old in self.actions)
        return self.model_copy(update={"actions": actions})


class Observation(Value):
    """What a tool gave back."""

    action: str | None
    """`Action.id` this answers; None when no reviewed action matches."""
    call_id: str | None = None
    tool: str | None = None
    content: str
    error: bool = False
