"""Sending and taking answers: all that a process other than the owner of a run may write."""

from __future__ import annotations

import json
from datetime import datetime
from typing import get_args

from sqlalchemy import Connection, insert, select, update

from orchestrator.domain.value import JsonObject, clean
from orchestrator.ledger.inbox import Answered, Reply
from orchestrator.ledger.tables import InboxRow, table_of

_INBOX = table_of(InboxRow)


def leave_answer(
    connection: Connection,
    run: str,
    request: str,
    answer: Reply,
    by: str,
    reason: str,
    arguments: JsonObject | None,
    at: datetime,
) -> None:
    """Put an answer where the owner of `run` looks."""
    body = None if arguments is None else json.dumps(arguments).encode()
    row = {"run": run, "request": request, "answer": answer, "by": by, "reason": reason}
    connection.execute(insert(_INBOX), {**row, "arguments": body, "at": at})


def take_answers(connection: Connection, run: str, at: datetime) -> tuple[Answered, ...]:
    """Return the answers to `run` that nobody took, and mark them taken.

    Others wrote these rows: what is no answer is dropped, arguments that are none are None.
    """
    waiting = (_INBOX.c.run == run) & _INBOX.c.taken.is_(None)
    rows = connection.execute(select(_INBOX).where(waiting).order_by(_INBOX.c.id)).all()
    ids = [row.id for row in rows]
    connection.execute(update(_INBOX).where(_INBOX.c.id.in_(ids)).values(taken=at))
    return tuple(
        Answered(r.id, r.run, r.request, r.answer, r.by, r.reason, _load(r.arguments), r.at)
        for r in rows
        if r.answer in get_args(Reply)
    )


def _load(body: bytes | None) -> JsonObject | None:
    try:
        arguments = clean(json.loads(body or b"null"))
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, dict) else None
