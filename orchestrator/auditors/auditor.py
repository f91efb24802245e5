"""What an in-process auditor has to offer, and how its failures are kept from becoming numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.value import Value
from orchestrator.domain.verdict import Failed, Hit, Verdict

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


class Learned(Value):
    """What an auditor would know after a run."""

    snapshot: str
    """Hash of it."""
    before: str | None
    """Hash of what it knew when the run opened."""
    runs: int
    body: str
    """The text the hash covers."""


@runtime_checkable
class Learner(Protocol):
    """An auditor that learns from finished runs, and may be asked what it starts from."""

    def find_snapshot(self, facts: RunFacts) -> str | None:
        """Return the hash of what is known of runs like this one; None when nothing is."""
        ...

    def keep(self, facts: RunFacts, learned: Learned) -> None:
        """Store what was learned, once the event that names it is recorded."""
        ...


@runtime_checkable
class LearningSeat(Protocol):
    """A seat that can say what its auditor would know after the run."""

    def learn(self) -> Learned | None:
        """Return what was learned; None when nothing may be learned from this run."""
        ...


def ask(auditor: Auditor, seat: Seat, turn: Turn, hits: Sequence[Hit]) -> tuple[Verdict, ...]:
    """Return the auditor's verdicts on `turn`; an exception in it becomes a `Failed` verdict."""
    try:
        return seat.judge(turn, hits)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        return (Verdict(auditor=auditor.name, opinion=Failed(why=why), version=auditor.version),)
