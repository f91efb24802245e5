"""What is known of a run when it opens and when it ends."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from orchestrator.domain.action import ToolSpec
from orchestrator.domain.display import count
from orchestrator.domain.panel import Sanction, SwapCell
from orchestrator.domain.usage import Usage, add_usage
from orchestrator.domain.value import JsonObject, Value

Mode: TypeAlias = Literal["live", "replay"]


NO_MODEL = "no model auditor: rules and local auditors only"


class PackRef(Value):
    """Which version of a pack judged; the hash covers the file's exact bytes."""

    name: str
    version: str
    hash: str


class Source(Value):
    """Where a replayed run was read from."""

    file: str
    """Base name, or path below the directory that was given."""
    record: int = 0
    """1-based line of a JSONL file, 0-based index in a JSON array, else 0."""
    format: str


class RunFacts(Value):
    """Everything a replay must know to judge as the guard did."""

    agent: str
    model: str | None = None
    """`vendor/name` as declared; None counts as the same vendor as every auditor."""
    task: str | None = None
    """The user's words."""
    tools: tuple[ToolSpec, ...] = ()
    parent: str | None = None
    """The run of the agent that hired this one."""
    mode: Mode = "live"
    root: str | None = None
    """The directory the agent works in; None when unknown."""
    seed: str
    """Hex; everything random in the run comes from it. Never shown to agent or auditor."""
    profile: str
    config: JsonObject = Field(default_factory=dict)
    packs: tuple[PackRef, ...] = ()
    constitution: PackRef | None = None
    snapshot: str | None = None
    """Hash of the learned state (baselines) read at the start; None when there is none."""
    panel: str | None = None
    """Hash of what was known of the auditors that are models; None when nothing was."""
    sanctions: tuple[Sanction, ...] = ()
    """Steps about auditors that were in force when the run opened; a replay holds to them."""
    swaps: tuple[SwapCell, ...] = ()
    """Swap tests that were drawn when the run opened; a replay makes the same."""
    weights: str = ""
    """Hash of the weights that opinions are combined by."""
    source: Source | None = None
    version: str = ""
    """Version of crossaudit that opened the run."""


class Coverage(Value):
    """How much of what ran was reviewed."""

    observed: int = 0
    """Results seen."""
    bypassed: int = 0
    """Results of calls that were never reviewed, were denied, or ran with other arguments."""

    @property
    def share(self) -> float | None:
        """Return covered results as a share of all, or None when nothing was observed."""
        return (self.observed - self.bypassed) / self.observed if self.observed else None


class PanelUse(Value):
    """What the auditors that are models did in a run."""

    members: int
    """Configured and allowed to judge this agent."""
    vendors: int
    actions: int = 0
    """Actions that were put before them."""
    scored: int = 0
    """Votes that counted."""
    abstained: int = 0
    failed: int = 0
    no_quorum: int = 0
    """Actions on which too few gave a verdict."""
    debates: int = 0
    samples: int = 0
    """Further samples of turns that were judged for a protocol."""
    usage: Usage = Usage()
    weights: str = ""
    """What the votes were weighed by."""
    canaries: int = 0
    """Verdicts on actions of known answer that auditors were asked for."""
    cross_audits: int = 0
    """Rationales judged again, and actions judged by the arbiter."""
    swaps: int = 0
    """Swap tests, each of two calls."""
    beside: Usage = Usage()
    """What canaries, cross-audits and swap tests took; not part of `usage`."""
    charged_usd: float = 0.0
    """What counts against the limits: side calls too, and what is unknown as it is assumed."""

    def plus(self, other: PanelUse) -> PanelUse:
        """Return the sum of two runs' use of one panel."""
        return PanelUse(
            members=max(self.members, other.members),
            vendors=max(self.vendors, other.vendors),
            actions=self.actions + other.actions,
            scored=self.scored + other.scored,
            abstained=self.abstained + other.abstained,
            failed=self.failed + other.failed,
            no_quorum=self.no_quorum + other.no_quorum,
            debates=self.debates + other.debates,
            samples=self.samples + other.samples,
            usage=add_usage((self.usage, other.usage)),
            weights=self.weights if self.weights == other.weights else "",
            canaries=self.canaries + other.canaries,
            cross_audits=self.cross_audits + other.cross_audits,
            swaps=self.swaps + other.swaps,
            beside=add_usage((self.beside, other.beside)),
            charged_usd=self.charged_usd + other.charged_usd,
        )

    def __str__(self) -> str:
        """Return one line for a person."""
        who = f"{count(self.members, 'model auditor')} of {count(self.vendors, 'vendor')}"
        said = f"{who} saw {count(self.actions, 'action')}"
        parts = [count(self.scored, "vote"), f"{self.abstained} abstained", f"{self.failed} failed"]
        if self.samples:
            parts.append(f"{self.samples} samples")
        if self.no_quorum:
            parts.append(f"{self.no_quorum} actions below the quorum")
        parts.append(_say_cost(self.usage))
        if self.canaries or self.cross_audits or self.swaps:
            graded = count(self.canaries, "canary verdict")
            said_beside = f"{graded}, {count(self.cross_audits, 'cross-audit')}"
            said_beside += f", {count(self.swaps, 'swap test')}" if self.swaps else ""
            parts.append(f"beside them {said_beside}, {_say_cost(self.beside)}")
        if self.weights:
            parts.append(self.weights)
        return f"{said}: {', '.join(parts)}"


class RunSummary(Value):
    """What stands in a run's last event."""

    turns: int = 0
    actions: int = 0
    decisions: dict[str, int] = Field(default_factory=dict)
    """How many actions were judged so, by decision."""
    held: int = 0
    """Actions that did not run because of a decision."""
    failures: dict[str, int] = Field(default_factory=dict)
    """Fail modes that occurred, by cause."""
    coverage: Coverage = Coverage()
    auditors: str = NO_MODEL
    panel: PanelUse | None = None
    """None where no model auditor is configured."""


def _say_cost(usage: Usage) -> str:
    return "cost unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4f} USD"
