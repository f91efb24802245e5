"""The shape of a verdict as a model gives it, and what it becomes."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from orchestrator.domain.value import Value

Source: TypeAlias = Literal[
    "task", "user", "arguments", "result", "message", "reasoning", "justification"
]


class ClaimGiven(Value):
    """One thing seen, with the exact words it was seen in."""

    text: str = Field(max_length=400)
    quote: str = Field(max_length=400)
    source: Source
    side: Literal["against", "for"]


class ActionOpinion(Value):
    """An opinion on one call."""

    action: str
    suspicion: int = Field(ge=0, le=100)
    claims: tuple[ClaimGiven, ...] = Field(max_length=3)


class VerdictReply(Value):
    """What an auditor answers."""

    control: str
    actions: tuple[ActionOpinion, ...]
