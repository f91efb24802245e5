"""A run as somebody else recorded it, in the one shape every importer produces."""

from __future__ import annotations

from typing import TypeAlias

from orchestrator.domain.action import Observation, ToolSpec, Turn
from orchestrator.domain.decision import Approval
from orchestrator.domain.panel import Sanction, SwapCell
from orchestrator.domain.run import Source
from orchestrator.domain.value import JsonObject, Value


class UserWords(Value):
    """The user spoke."""

    message: int
    """Index in the list the format is made of: messages, events, trajectory."""
    text: str


class AgentTurn(Value):
    """The agent spoke, and perhaps called tools."""

    message: int
    turn: Turn
    samples: tuple[Turn | str, ...] = ()
    """Further samples that a protocol drew when a run of our own was live; a text says why one is
    missing."""


class ToolResult(Value):
    """A tool answered."""

    message: int
    observation: Observation
    arguments: JsonObject | None = None
    """What the tool was really called with, where the recording repeats it."""


class HumanAnswer(Value):
    """A person had settled an escalation when the run was live."""

    message: int
    action: str
    approval: Approval


Step: TypeAlias = UserWords | AgentTurn | ToolResult | HumanAnswer


class Recording(Value):
    """One recorded run, without any label that says how it ended."""

    source: Source
    agent: str = "agent"
    model: str | None = None
    """`vendor/name`, or just the name where the vendor is not recorded."""
    task: str | None = None
    """The user's first words, said before any turn; `steps` do not repeat them."""
    tools: tuple[ToolSpec, ...] = ()
    root: str | None = None
    seed: str | None = None
    """The seed of a run of our own; None elsewhere."""
    snapshot: str | None = None
    """Hash of the learned state that a run of our own read; None elsewhere."""
    panel: str | None = None
    """Hash of what it knew of the auditors that are models; None elsewhere."""
    sanctions: tuple[Sanction, ...] = ()
    """Steps about auditors that were in force in a run of our own."""
    swaps: tuple[SwapCell, ...] = ()
    """Swap tests that were drawn for a run of our own."""
    has_calls: bool = True
    """False for formats without tool calls: each agent step then counts as one action."""
    steps: tuple[Step, ...] = ()


class Unreadable(Value):
    """A record, or a whole file, that could not be read; the rest still is."""

    file: str
    record: int | None = None
    why: str
    known_format: bool = True
    """False for a file of no known format: listed as "not a run"."""
