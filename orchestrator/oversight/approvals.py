"""Escalations that wait for people: the state of one request, and who may answer it.

The engine owns the queue and the deadline; a terminal UI or a command only sends an answer.
"""

from __future__ import annotations

import hmac
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from orchestrator.domain.decision import Approval, Request
from orchestrator.domain.value import JsonObject
from orchestrator.errors import ApprovalError

Kind: TypeAlias = Literal["approve", "deny", "edit"]

TOKEN_VARIABLE = "CROSSAUDIT_APPROVAL_TOKEN"
RUN_VARIABLE = "CROSSAUDIT_RUN"


class Answer(Protocol):
    """One person's answer as it stands in the inbox."""

    @property
    def answer(self) -> Kind: ...
    @property
    def by(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def arguments(self) -> JsonObject | None: ...


class PendingApproval:
    """Collect answers to one request until it is settled."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.settled: Approval | None = None
        self._names: dict[str, str] = {}

    def take(self, answer: Answer) -> bool:
        """Count `answer`; return whether it was a new approval that still needs others.

        One denial settles; the same name approving twice counts once; an edit settles only
        where a single approval is needed, since nobody else has seen the new arguments.
        """
        if self.settled:
            return False
        if answer.answer == "deny":
            self._settle("denied", (answer.by,), answer.reason)
        elif answer.answer == "edit" and self.request.needed == 1:
            self._settle("edited", (answer.by,), answer.reason, answer.arguments)
        elif answer.answer == "approve":
            is_new = answer.by not in self._names
            self._names[answer.by] = answer.reason
            if len(self._names) >= self.request.needed:
                self._settle("approved", tuple(self._names), answer.reason)
            return is_new and self.settled is None
        return False

    def expire(self, now: datetime) -> None:
        """Settle as `timed_out` when the deadline has passed and the request does not wait."""
        late = self.request.deadline is not None and now >= self.request.deadline
        if late and self.settled is None and self.request.on_timeout == "deny":
            self._settle("timed_out", (), "nobody answered in time")

    def withdraw(self, why: str) -> None:
        """Settle as `withdrawn`: the action is no longer wanted."""
        if self.settled is None:
            self._settle("withdrawn", (), why)

    def _settle(
        self,
        answer: Literal["approved", "denied", "edited", "timed_out", "withdrawn"],
        by: tuple[str, ...],
        reason: str,
        arguments: JsonObject | None = None,
    ) -> None:
        self.settled = Approval(
            id=self.request.id, answer=answer, by=by, reason=reason, arguments=arguments
        )


def check_approver(
    name: str,
    *,
    token: str | None = None,
    token_file: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    has_terminal: bool | None = None,
) -> None:
    """Raise ApprovalError unless whoever asks may answer as `name`.

    A guarded agent may never answer: neither inside its run, nor without a person's terminal or
    the token that is kept from it.
    """
    if run := environment.get(RUN_VARIABLE):
        raise ApprovalError(f"an answer from inside the guarded run {run} is refused: ask a person")
    if not name.strip():
        raise ApprovalError("an answer needs a name: say who you are with --as NAME")
    if has_terminal is None:
        has_terminal = sys.stdin.isatty()
    given = token or environment.get(TOKEN_VARIABLE)
    if given:
        expected = _read_token(token_file)
        if expected is None or not hmac.compare_digest(given.encode(), expected.encode()):
            raise ApprovalError("the approval token is not the right one")
    elif not has_terminal:
        raise ApprovalError(
            f"an answer needs a terminal, or the approval token in {TOKEN_VARIABLE} "
            "(crossaudit approvals --new-token makes one)"
        )


def _read_token(path: Path | None) -> str | None:
    try:
        return path.read_text("utf-8").strip() if path else None
    except OSError:
        return None
