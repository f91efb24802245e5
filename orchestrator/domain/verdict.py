"""What rules and auditors say about a turn."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue

from orchestrator.domain.usage import Usage
from orchestrator.domain.value import Value

Effect: TypeAlias = Literal["flag", "modify", "escalate", "deny", "terminate"]


class Span(Value):
    """Where in an action something was found, quoted."""

    path: str
    """JSON pointer (RFC 6901) into the arguments, e.g. `/command`; empty for the whole call."""
    start: int
    end: int
    """Code-point offsets into the text at `path`, end exclusive."""
    text: str


class Patch(Value):
    """One change a `modify` rule asks for: the text at `path` becomes `text`."""

    path: str
    value: JsonValue


class Hit(Value):
    """A rule that fired on one action."""

    action: str
    rule: str
    clause: str
    effect: Effect
    reason: str
    span: Span | None = None
    subcommand: str | None = None
    """The parsed shell sub-command that matched, wrappers stripped, e.g. `rm -rf ../shared`."""
    detail: str | None = None
    """What the matcher made of it, e.g. `/srv/shared is outside /srv/work`."""
    patches: tuple[Patch, ...] = ()
    approvals: int = 1
    """How many different people must approve when this hit escalates."""


class Claim(Value):
    """One thing an auditor says it saw, with the words it saw it in."""

    text: str
    quote: str
    source: str
    """Where the quote is said to stand: `arguments`, `message`, `reasoning`, `task` or an event."""
    side: Literal["against", "for"] = "against"
    """Whether it speaks against the action or for it."""
    verified: bool = False
    """Set by us after the quote was found in the trace; an unverified claim counts for nothing."""


class Scored(Value):
    """An opinion with a number."""

    kind: Literal["scored"] = "scored"
    suspicion: float = Field(ge=0.0, le=1.0)
    claims: tuple[Claim, ...] = ()


class Abstained(Value):
    """The auditor chose to say nothing; never a number, never `clear`."""

    kind: Literal["abstained"] = "abstained"
    why: str


class Failed(Value):
    """The auditor could not answer; never a number, never `clear`."""

    kind: Literal["failed"] = "failed"
    why: str


Opinion: TypeAlias = Annotated[Scored | Abstained | Failed, Field(discriminator="kind")]


class Verdict(Value):
    """One auditor's opinion on one action, or on the whole turn where `action` is None."""

    auditor: str
    action: str | None = None
    look: str = "first"
    """Which look this is: `first` is without the justification, `second` with it."""
    opinion: Opinion
    version: str = ""
    """Hash of the rubric and settings the auditor judged by."""
    round: int = 0
    """0 is the blind vote; 1 and 2 are rounds of a debate."""
    vendor: str | None = None
    """Who made the auditor's model, as declared; None for an auditor without a model."""
    model: str | None = None
    prompt: str = ""
    """Hash of the prompt the model was shown."""
    usage: Usage | None = None
    """What the call took; where one call judged several actions, on the first of its verdicts."""
