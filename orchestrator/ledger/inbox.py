"""What others leave for the process that owns a run: answers to its approvals."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from orchestrator.domain.value import JsonObject

Reply: TypeAlias = Literal["approve", "deny", "edit"]


class Answered(NamedTuple):
    """An answer somebody sent; whether it counts is for the owner of the run to say."""

    id: int
    run: str
    request: str
    answer: Reply
    by: str
    reason: str
    arguments: JsonObject | None
    at: datetime
