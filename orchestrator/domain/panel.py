"""What is recorded of a panel beside its verdicts: who was called and why, and what came of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from orchestrator.domain.usage import Usage
from orchestrator.domain.value import Value
from orchestrator.domain.verdict import Claim

Why: TypeAlias = Literal["consequential", "suspicious", "every turn", "drawn by lot"]
How: TypeAlias = Literal["first", "value", "lot", "all", "protocol"]
End: TypeAlias = Literal[
    "clear", "held", "undecided", "no quorum",
    "deferred",  # not run: the trusted model, or another sample of the agent, shall do the step
    "passed",  # undecided, and below what a person's audit budget reaches
    "no look",  # would be held, and the audit budget is spent
]  # fmt: skip


class PooledClaim(Value):
    """A claim as a debate shows it: anonymous, in neutral words, its quote checked."""

    id: str
    side: Literal["against", "for"]
    text: str
    quote: str
    source: str


class ClaimAnswer(Value):
    """What an auditor says to a pooled claim."""

    claim: str
    stance: Literal["accepts", "refutes"]
    evidence: Claim | None = None
    """The words it rests on; an answer without a verified quote counts for nothing."""


Step: TypeAlias = Literal["watched", "discounted", "replaced", "quarantined"]
"""What follows from evidence against an auditor: more canaries and cross-audits, then less weight
of what it clears, then no vote where others can take its place, then none."""


class Sanction(Value):
    """A step taken about an auditor, and on what evidence; evidence is not intent."""

    auditor: str
    version: str = ""
    """What it judged by; an auditor that judges by something else now is another one."""
    step: Step
    about: str = ""
    """The agent whose runs it holds in; empty for all."""
    pattern: str
    """Of the finding, e.g. `P1`."""
    members: tuple[str, ...]
    status: str
    e_value: float
    evidence: tuple[str, ...] = ()
    """Events, `RUN:SEQ`."""


SwapKind: TypeAlias = Literal["label", "style", "vendor", "first_vote", "justification", "both"]
SWAP_KINDS: tuple[SwapKind, ...] = (
    "label", "style", "vendor", "first_vote", "justification", "both",
)  # fmt: skip


class SwapCell(Value):
    """A swap test that may be made of an auditor, and its weight: how often it was drawn."""

    kind: SwapKind
    auditor: str
    drawn: int = 1


class Ruling(Value):
    """What the panel came to on one action."""

    action: str
    end: End
    probability: float | None = None
    """That the action should not run; None where nobody scored."""
    scores: dict[str, float] = Field(default_factory=dict)
    """What each vote that counted came to, by auditor."""
    contributions: dict[str, float] = Field(default_factory=dict)
    """Log-odds by auditor, beside the prior that rules and local auditors gave."""
    low: float = 0.0
    high: float = 1.0
    """The band in which the panel is undecided."""
    scored: int = 0
    abstained: int = 0
    failed: int = 0
    effective: float = 0.0
    """Effective number of auditors: what the votes are worth if errors go together."""
    debated: bool = False
    prior: float | None = None
    """Log-odds that rules and local auditors gave."""
    blind: float | None = None
    """What the blind votes alone made of it, where a debate followed."""
    usage: Usage = Usage()
    """What the calls of the turn took; stands on its first ruling only."""
    reason: str = ""
    """Where a control protocol ruled, it begins with the protocol's name."""
    sample: int | None = None
    """Where it is deferred to another sample of the agent: its number."""
