"""The one vocabulary of the ledger: every recorded fact, tagged by `kind`.

Adding a kind, or an optional field to one, is the only compatible change; anything else raises
`SCHEMA_VERSION`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from orchestrator.domain.action import Observation, Turn
from orchestrator.domain.decision import Approval, Decision, Outcome, Request
from orchestrator.domain.run import RunFacts, RunSummary
from orchestrator.domain.value import Value
from orchestrator.domain.verdict import Hit, Verdict

SCHEMA_VERSION = 1


class RunOpened(Value):
    """A run began; first event of every chain."""

    kind: Literal["run_opened"] = "run_opened"
    facts: RunFacts


class UserSaid(Value):
    """The user's words after the task."""

    kind: Literal["user_said"] = "user_said"
    text: str


class TurnProposed(Value):
    """The agent proposed a turn; secrets are already replaced."""

    kind: Literal["turn_proposed"] = "turn_proposed"
    turn: Turn


class RulesChecked(Value):
    """The rules ran on a turn; written even when none fired."""

    kind: Literal["rules_checked"] = "rules_checked"
    turn: int
    hits: tuple[Hit, ...] = ()
    micros: int = 0


class VerdictGiven(Value):
    """An auditor gave its opinion."""

    kind: Literal["verdict_given"] = "verdict_given"
    turn: int
    verdict: Verdict
    micros: int = 0


class Decided(Value):
    """The gate decided one action; recorded before the action is released."""

    kind: Literal["decided"] = "decided"
    turn: int
    decision: Decision
    micros: int = 0
    """From the proposal to the decision."""


class ApprovalRequested(Value):
    """An action waits for a human."""

    kind: Literal["approval_requested"] = "approval_requested"
    request: Request


class ApprovalVoted(Value):
    """One of several needed people approved; the request still waits."""

    kind: Literal["approval_voted"] = "approval_voted"
    id: str
    by: str
    reason: str = ""


class ApprovalAnswered(Value):
    """An escalation is settled; recorded before the action is released."""

    kind: Literal["approval_answered"] = "approval_answered"
    action: str
    approval: Approval
    decision: Outcome


class ResultObserved(Value):
    """A tool gave a result, and what the host may pass on."""

    kind: Literal["result_observed"] = "result_observed"
    observation: Observation
    decision: Outcome = Outcome.ALLOW
    clause: str | None = None
    hits: tuple[Hit, ...] = ()


class BypassSeen(Value):
    """Something ran that was not released: an alarm, counted against coverage."""

    kind: Literal["bypass_seen"] = "bypass_seen"
    call_id: str | None
    why: Literal["never_reviewed", "not_released", "arguments_differ", "second_result"]


class GuardFailed(Value):
    """The guard itself failed; what it was deciding was denied."""

    kind: Literal["guard_failed"] = "guard_failed"
    turn: int | None = None
    where: str
    cause: str


class ProtocolBroken(Value):
    """The agent broke the JSON lines protocol; the run ends."""

    kind: Literal["protocol_broken"] = "protocol_broken"
    why: str
    line: str


class SnapshotTaken(Value):
    """An auditor learned from the run; what it knows now stands in a file named by `snapshot`."""

    kind: Literal["snapshot_taken"] = "snapshot_taken"
    auditor: str
    snapshot: str
    """Hash of what it knows now; the next run of the kind starts from it."""
    before: str | None = None
    """Hash of what it knew when the run opened."""
    runs: int = 0
    """Runs it has learned from, this one included."""


class RunClosed(Value):
    """A run ended; last event but for a checkpoint."""

    kind: Literal["run_closed"] = "run_closed"
    how: Literal["completed", "failed", "terminated"]
    why: str = ""
    summary: RunSummary


class Checkpoint(Value):
    """A signature over the chain up to the event before this one."""

    kind: Literal["checkpoint"] = "checkpoint"
    count: int
    head: str
    """Hash of event number `count - 1`."""
    key: str = ""
    """Fingerprint of the signing key; empty when unsigned."""
    signature: str = ""


Fact: TypeAlias = Annotated[
    RunOpened
    | UserSaid
    | TurnProposed
    | RulesChecked
    | VerdictGiven
    | Decided
    | ApprovalRequested
    | ApprovalVoted
    | ApprovalAnswered
    | ResultObserved
    | BypassSeen
    | GuardFailed
    | ProtocolBroken
    | SnapshotTaken
    | RunClosed
    | Checkpoint,
    Field(discriminator="kind"),
]


class Event(Value):
    """One recorded fact at its place in the chain of its run."""

    run: str
    seq: int
    """0-based, without gaps."""
    at: datetime
    fact: Fact

    @property
    def id(self) -> str:
        """Return `RUN:SEQ`, the id a person can pass to `crossaudit show`."""
        return f"{self.run}:{self.seq}"


EVENT: TypeAdapter[Event] = TypeAdapter(Event)
