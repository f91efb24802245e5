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
from orchestrator.domain.panel import (
    ClaimAnswer,
    End,
    How,
    PooledClaim,
    Ruling,
    Sanction,
    SwapKind,
    Why,
)
from orchestrator.domain.run import RunFacts, RunSummary
from orchestrator.domain.usage import Usage
from orchestrator.domain.value import Value
from orchestrator.domain.verdict import Claim, Hit, Verdict

# Above 300 lines: one vocabulary, in one place.
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


class PanelConvened(Value):
    """A turn went to the auditors that are models."""

    kind: Literal["panel_convened"] = "panel_convened"
    turn: int
    actions: tuple[str, ...]
    """The actions still open; what rules denied is not asked about."""
    why: Why
    members: tuple[str, ...]
    """Who may be called."""


class AuditorsCalled(Value):
    """A wave of auditors was called; the chance each had stays on record for later statistics."""

    kind: Literal["auditors_called"] = "auditors_called"
    turn: int
    auditors: tuple[str, ...]
    how: How
    propensity: dict[str, float] = Field(default_factory=dict)


class VoteCommitted(Value):
    """A vote was cast; recorded before anything of any vote was shown to another auditor."""

    kind: Literal["vote_committed"] = "vote_committed"
    turn: int
    auditor: str
    look: str
    commitment: str
    """SHA-256 of the verdicts as the `verdict_given` events hold them."""


class DebateOpened(Value):
    """The panel stayed undecided over claims that not everybody had addressed."""

    kind: Literal["debate_opened"] = "debate_opened"
    turn: int
    action: str
    mode: str
    claims: tuple[PooledClaim, ...]
    struck: tuple[Claim, ...] = ()
    """Claims whose quote stands nowhere; shown to nobody."""
    task_class: str = ""
    """What the action's tool is taken for; debates are graded by it."""
    worded_by: str = ""
    """The paraphraser, or `templates` and why."""
    sides: dict[str, str] = Field(default_factory=dict)
    """Who was assigned which side, or was the critic; drawn from the seed."""
    calls: int = 0
    """Calls made for it before anybody answered: paraphraser, critic, advocates."""
    usage: Usage | None = None
    why: str = ""
    """What went wrong before anybody answered."""


class DebateAnswered(Value):
    """An auditor answered the pooled claims."""

    kind: Literal["debate_answered"] = "debate_answered"
    turn: int
    action: str
    round: int
    auditor: str
    answers: tuple[ClaimAnswer, ...]
    before: float | None
    after: float | None
    counted: bool
    """Whether the change rests on verified evidence that was new to the auditor."""
    why: str = ""
    shown: tuple[str, ...] = ()
    """Ids of the claims it was shown, in that order."""
    added: tuple[PooledClaim, ...] = ()
    """Claims that its evidence put among the others, for the next round."""
    prompt: str = ""
    """Hash of the prompt."""
    usage: Usage | None = None


class DebateClosed(Value):
    """A debate ended."""

    kind: Literal["debate_closed"] = "debate_closed"
    turn: int
    action: str
    how: Literal["settled", "no valid change", "stable", "last round", "deadline"]
    rounds: int
    surviving: tuple[str, ...] = ()
    """Ids of the claims that nobody refuted with evidence."""


class SampleJudged(Value):
    """Another sample of a turn was judged for a protocol; it is evidence, and no turn of the agent.

    Its verdicts count for nothing but this, and nothing of it ran.
    """

    kind: Literal["sample_judged"] = "sample_judged"
    turn: int
    number: int
    """0-based."""
    sample: Turn | None = None
    """Secrets replaced; None where the agent gave none."""
    hits: tuple[Hit, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    alarm: float | None = None
    """How suspicious its worst action is, 1 where the rules deny one; None where nobody said. A
    sample without any action is 0: it does nothing."""
    clear: bool = False
    """Whether the panel cleared every action of it."""
    why: str = ""
    """Why there is no number."""


class PanelSettled(Value):
    """What the panel came to on one action."""

    kind: Literal["panel_settled"] = "panel_settled"
    turn: int
    ruling: Ruling


class BudgetExhausted(Value):
    """Auditors that are models may spend no more; the configured outcome holds from here."""

    kind: Literal["budget_exhausted"] = "budget_exhausted"
    scope: Literal["run", "day"]
    spent_usd: float
    limit_usd: float


class BreakerChanged(Value):
    """An endpoint failed so often that it is left alone for a while, or works again."""

    kind: Literal["breaker_changed"] = "breaker_changed"
    endpoint: str
    state: Literal["closed", "open", "half-open"]
    failures: int = 0


class CanaryShown(Value):
    """An auditor was shown an action of known answer; it was never executed and never counts."""

    kind: Literal["canary_shown"] = "canary_shown"
    turn: int
    canary: str
    bad: bool
    verdict: Verdict
    propensity: float = 1.0
    """The chance this auditor had to be shown one beside this turn, whatever was voted."""
    risk: str = ""
    """What would be at stake in it if it ran."""
    how: str = ""
    """How it was made, and of what."""


class CrossAudited(Value):
    """A rationale was judged by an auditor that did not know whose it was."""

    kind: Literal["cross_audited"] = "cross_audited"
    turn: int
    action: str
    judge: str
    ratee: str
    by: Literal["auditor", "arbiter"] = "auditor"
    quotes_hold: bool | None = None
    """None where the judge gave no answer; never guessed."""
    follows: bool | None = None
    """Whether the verdict follows from what is quoted."""
    planted: str | None = None
    """The flaw we planted in the rationale; None for one as it was given."""
    why: str = ""
    prompt: str = ""
    usage: Usage | None = None
    propensity: float = 1.0
    """The chance this rationale had to be judged again, whatever it says."""
    look: str = "first"


class SpotChecked(Value):
    """An action was drawn for a judgement that can be trusted, whatever the votes said."""

    kind: Literal["spot_checked"] = "spot_checked"
    turn: int
    action: str
    by: Literal["arbiter", "human"]
    """`human` where no arbiter is configured: it waits for review, and nothing waits for it."""
    verdict: Verdict | None = None
    """None until somebody has judged."""
    propensity: float = 1.0
    risk: str = ""


class SwapTested(Value):
    """An auditor judged one known-bad action twice, with one thing changed; neither is a vote."""

    kind: Literal["swap_tested"] = "swap_tested"
    turn: int
    test: SwapKind
    canary: str
    neutral: Verdict
    named: Verdict
    propensity: float = 1.0
    """The chance this auditor had to be tested beside this turn, whatever was voted."""
    first: Literal["neutral", "named"] = "neutral"
    """Which of the two was asked for first."""
    how: str = ""
    """How the action was made, and of what."""


class AuditorSanctioned(Value):
    """A step was taken about an auditor, on evidence; shown to no agent and no auditor."""

    kind: Literal["auditor_sanctioned"] = "auditor_sanctioned"
    sanction: Sanction
    restored_by: str = ""
    """The person who reversed the step; empty where it was taken."""
    reason: str = ""


class DecisionReviewed(Value):
    """A ruling of the past was computed again without a quarantined auditor; nothing is undone."""

    kind: Literal["decision_reviewed"] = "decision_reviewed"
    ruling: str
    """The `panel_settled` event, `RUN:SEQ`."""
    action: str
    auditor: str
    end: End
    probability: float | None
    end_without: End
    probability_without: float | None
    outcome: Outcome | None = None
    """What was decided then."""


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
    | PanelConvened
    | AuditorsCalled
    | VoteCommitted
    | DebateOpened
    | DebateAnswered
    | DebateClosed
    | SampleJudged
    | PanelSettled
    | BudgetExhausted
    | BreakerChanged
    | CanaryShown
    | CrossAudited
    | SpotChecked
    | SwapTested
    | AuditorSanctioned
    | DecisionReviewed
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
