"""An escalated action as a question to a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from textual.content import Content

from orchestrator.domain.decision import Request
from tui.text import paragraph, said, stack


def write_bar(waiting: Sequence[tuple[str, Request]], now: datetime, can_answer: bool) -> Content:
    """Return the one line that tells what waits, the oldest request first."""
    _, request = waiting[0]
    more = f" (1 of {len(waiting)})" if len(waiting) > 1 else ""
    how = "press a to answer" if can_answer else "read-only: crossaudit approve answers"
    return said(
        (f" ? WAITS{more} ", "$tone-escalate reverse bold"),
        (f" {request.tool} ", "bold"),
        f"{describe_deadline(request, now)}  ",
        (f"{how} ", "bold"),
        (request.reason, "$tone-quiet"),
    )


def write_question(run: str, request: Request, voted: Sequence[str]) -> Content:
    """Return what a person must know to answer."""
    return stack(_question(run, request, voted))


def describe_deadline(request: Request, now: datetime) -> str:
    """Return how long the request waits and what happens then."""
    if request.deadline is None:
        return "waits without a limit"
    left = max((request.deadline - now).total_seconds(), 0.0)
    then = "it is denied" if request.on_timeout == "deny" else "it goes on waiting"
    return f"{left:.0f} s, then {then}"


def _question(run: str, request: Request, voted: Sequence[str]) -> Iterator[Content]:
    yield said((f"May {request.tool} run?", "bold"), (f"  {run}", "$tone-quiet"))
    yield Content("")
    for name, value in request.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield said((f"{name}", "$primary"))
        yield paragraph(text, most=12)
    yield Content("")
    yield said(("why it waits  ", "$tone-quiet"), request.reason)
    if request.needed > 1:
        names = ", ".join(voted) or "nobody yet"
        yield said(("people needed ", "$tone-quiet"), f"{request.needed}; approved by {names}")
