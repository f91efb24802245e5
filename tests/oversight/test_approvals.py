from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from orchestrator.domain.decision import Request
from orchestrator.domain.value import JsonObject
from orchestrator.errors import ApprovalError
from orchestrator.oversight.approvals import PendingApproval, check_approver

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Reply(NamedTuple):
    answer: Literal["approve", "deny", "edit"]
    by: str
    reason: str = ""
    arguments: JsonObject | None = None


def request(needed: int = 1, on_timeout: Literal["deny", "wait"] = "deny") -> Request:
    return Request(
        id="r.1", action="1", tool="pay", arguments={}, reason="", needed=needed,
        deadline=NOW + timedelta(seconds=10), on_timeout=on_timeout,
    )  # fmt: skip


def answer_of(pending: PendingApproval) -> tuple[str, tuple[str, ...]] | None:
    return (pending.settled.answer, pending.settled.by) if pending.settled else None


def test_two_different_people_must_approve_where_two_are_needed() -> None:
    pending = PendingApproval(request(needed=2))
    assert pending.take(Reply("approve", "ada")) is True
    assert pending.take(Reply("approve", "ada")) is False
    assert answer_of(pending) is None
    assert pending.take(Reply("approve", "bo")) is False
    assert answer_of(pending) == ("approved", ("ada", "bo"))


def test_one_denial_settles_and_later_answers_change_nothing() -> None:
    pending = PendingApproval(request(needed=2))
    pending.take(Reply("approve", "ada"))
    pending.take(Reply("deny", "bo", "no"))
    pending.take(Reply("approve", "cy"))
    assert pending.settled is not None and pending.settled.answer == "denied"


def test_an_edit_does_not_stand_for_two_people() -> None:
    pending = PendingApproval(request(needed=2))
    pending.take(Reply("edit", "ada", arguments={"amount": 1}))
    assert pending.settled is None
    alone = PendingApproval(request())
    alone.take(Reply("edit", "ada", arguments={"amount": 1}))
    assert alone.settled is not None and alone.settled.arguments == {"amount": 1}


def test_the_deadline_denies_or_waits_as_configured() -> None:
    pending, waiting = PendingApproval(request()), PendingApproval(request(on_timeout="wait"))
    for one in (pending, waiting):
        one.expire(NOW + timedelta(seconds=9))
        assert one.settled is None
        one.expire(NOW + timedelta(seconds=10))
    assert pending.settled is not None and pending.settled.answer == "timed_out"
    assert waiting.settled is None


def test_only_a_person_at_a_terminal_or_with_the_token_may_answer(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("right\n", "utf-8")
    check_approver("ada", environment={}, has_terminal=True)
    check_approver("ada", token="right", token_file=token, environment={}, has_terminal=False)
    refused = [
        ("inside the guarded run", {"CROSSAUDIT_RUN": "r"}, None, True),
        ("needs a terminal", {}, None, False),
        ("not the right one", {}, "wrong", True),
        ("not the right one", {"CROSSAUDIT_APPROVAL_TOKEN": "wrong"}, None, False),
    ]
    for words, environment, given, terminal in refused:
        with pytest.raises(ApprovalError, match=words):
            check_approver(
                "ada", token=given, token_file=token, environment=environment, has_terminal=terminal
            )
    with pytest.raises(ApprovalError, match="needs a name"):
        check_approver(" ", environment={}, has_terminal=True)
    with pytest.raises(ApprovalError, match="not the right one"):
        check_approver("ada", token="x", token_file=tmp_path / "none", environment={})
