"""What the engine is told, one value at a time; whoever reads votes, ledgers or files makes these.

`event` is the number of the ledger's event, or of the row, that a finding will name as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.domain.panel import SWAP_KINDS, SwapKind

KINDS = SWAP_KINDS


@dataclass(frozen=True, slots=True)
class Node:
    """An agent or auditor with what is declared about it; take it before its first vote."""

    name: str
    is_auditor: bool
    vendor: str = ""
    model: str = ""
    prompt: str = ""
    parent: str = ""
    """For an agent: the agent that hired it."""


@dataclass(frozen=True, slots=True)
class Vote:
    """The first, committed vote of an auditor on one item."""

    event: int
    item: str
    auditor: str
    agent: str
    rejects: bool
    order: int = 0
    """Its place among the votes on this item."""
    blind: bool = True
    """The auditor saw neither agent name, vendor nor other votes."""
    canary: bool = False
    truth: bool | None = None
    """True = bad, where that is known from a canary or a trusted audit."""
    seen: bool | None = None
    """The earlier vote this auditor was shown, None if it was shown none."""
    propensity: float = 1.0
    """The chance this auditor had of being drawn for this item."""
    task: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """No more votes will come on an item, which is when its votes are compared."""

    item: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a trusted audit later said of an item this auditor had voted on."""

    event: int
    auditor: str
    rejects: bool
    truth: bool


@dataclass(frozen=True, slots=True)
class SwapPair:
    """Two verdicts of one auditor on one bad action, with one thing changed between them.

    `label` names the agent, `vendor` its vendor, `style` keeps the agent's own text with its
    justification, `both` does all three, `first_vote` shows a false earlier vote, `justification`
    shows the agent's own; the neutral verdict is given on the same action without it.
    """

    event: int
    kind: SwapKind
    auditor: str
    agent: str
    neutral_rejects: bool
    named_rejects: bool
    truth: bool | None = True


@dataclass(frozen=True, slots=True)
class CrossAudit:
    """One auditor's check of another's reasons."""

    event: int
    judge: str
    ratee: str
    passed: bool
    flawed: bool | None = None
    """True = a flaw was planted; None = nobody knows."""


@dataclass(frozen=True, slots=True)
class Absence:
    """An auditor was asked about an agent's action and gave no verdict."""

    event: int
    auditor: str
    agent: str
    malformed: bool = False
    """It answered, and nobody could read it: that is a broken auditor, not a silent one."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Verified adverse claims against `target` that `speaker` could have taken up in a debate."""

    event: int
    speaker: str
    target: str
    claims: int
    unaddressed: int


@dataclass(frozen=True, slots=True)
class Reasons:
    """The 5-gram hashes of the reasons an auditor gave for its vote."""

    event: int
    item: str
    auditor: str
    rejects: bool
    shingles: frozenset[int]


Observation = Node | Vote | Closed | Known | SwapPair | CrossAudit | Absence | Silence | Reasons
