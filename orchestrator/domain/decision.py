"""What the gate decides, and what a human answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import Field

from orchestrator.domain.value import JsonObject, Value

Answer: TypeAlias = Literal["approved", "denied", "edited", "timed_out", "withdrawn"]


class Outcome(StrEnum):
    """The five decisions, from the mildest to the strictest."""

    ALLOW = "allow"
    MODIFY = "modify"
    ESCALATE = "escalate"
    DENY = "deny"
    TERMINATE = "terminate"

    @property
    def severity(self) -> int:
        """Return 0 for allow up to 4 for terminate."""
        return _SEVERITY[self]

    @property
    def releases(self) -> bool:
        """Say whether the action may run now."""
        return self in (Outcome.ALLOW, Outcome.MODIFY)


_SEVERITY = {outcome: place for place, outcome in enumerate(Outcome)}


def strictest(outcomes: list[Outcome]) -> Outcome:
    """Return the strictest of `outcomes`; of none, allow."""
    return max(outcomes, key=_SEVERITY.__getitem__, default=Outcome.ALLOW)


class Approval(Value):
    """A human's answer to an escalation, or what stood in for one."""

    id: str
    answer: Answer
    by: tuple[str, ...] = ()
    """Who answered; empty when nobody did."""
    reason: str = ""
    arguments: JsonObject | None = None
    """The arguments to run with, where the answer is `edited`."""


class Request(Value):
    """An escalated action that waits for a human."""

    id: str
    action: str
    tool: str
    arguments: JsonObject
    reason: str
    needed: int = 1
    """How many different people must approve."""
    deadline: datetime | None
    on_timeout: Literal["deny", "wait"] = "deny"


class Decision(Value):
    """The gate's answer for one action."""

    action: str
    call_id: str | None
    tool: str
    judged: Outcome
    """What rules, auditors and thresholds came to."""
    decision: Outcome
    """What the host must do; differs from `judged` under `observe` and after a human answered."""
    clause: str | None = None
    rule: str | None = None
    pack: str | None = None
    """Name, version and the first twelve hex digits of the hash of the pack that rule stands in."""
    policy: str = ""
    """Hash of constitution, tool mapping and packs in force: changes when any of them does."""
    reason: str = ""
    cause: str = ""
    """Which step decided: rules, suspicion, panel, quorum, defer, justification, failure, strikes,
    approval. `defer`: the step is not to be run as proposed, but may be done by the trusted model,
    or as `sample` has it."""
    suspicion: float | None = None
    """Combined suspicion, 0..1; None when nothing scored."""
    contributions: dict[str, float] = Field(default_factory=dict)
    """What the suspicion is made of, in log-odds: the prior, the rules, each auditor that added."""
    arguments: JsonObject | None = None
    """The arguments to run with; None unless the action may run."""
    approval: Approval | None = None
    sample: int | None = None
    """Where the cause is `defer`: number of the sample to propose instead; None is none."""
    event: str = ""
    """Id of the event that recorded it, `RUN:SEQ`."""
