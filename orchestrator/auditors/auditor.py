"""What an in-process auditor has to offer, and how its failures are kept from becoming numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Failed, Hit, Scored, Verdict

Trust: TypeAlias = Literal["trusted", "untrusted"]


class Seat(Protocol):
    """An auditor at work on one run; it may remember, in bounded memory."""

    def hear(self, text: str) -> None:
        """Take note of the user's words."""
        ...

    def judge(self, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
        """Return opinions on single actions, or one on the whole turn (`action` None)."""
        ...

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take note of a tool result; `action` is None where no reviewed action matches."""
        ...


class Auditor(Protocol):
    """An auditor that runs in process and needs no model."""

    name: str
    trust: Trust
    version: str
    """Hash of what it judges by; stands in every verdict."""

    def open(self, facts: RunFacts) -> Seat:
        """Take a seat for one run."""
        ...


def ask(auditor: Auditor, seat: Seat, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
    """Return the auditor's verdicts on `turn`; an exception in it becomes a `Failed` verdict."""
    try:
        return seat.judge(turn, hits)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        return (Verdict(auditor=auditor.name, opinion=Failed(why=why), version=auditor.version),)


def combine(verdicts: Sequence[Verdict], action: str) -> float | None:
    """Return the highest suspicion anyone scored for `action`, or None when nobody scored."""
    scores = [
        verdict.opinion.suspicion
        for verdict in verdicts
        if isinstance(verdict.opinion, Scored) and verdict.action in (None, action)
    ]
    return max(scores, default=None)
