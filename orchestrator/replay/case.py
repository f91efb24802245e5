"""All that is recorded about one turn, gathered for whoever wants to know why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from orchestrator.domain.action import Action, Turn
from orchestrator.domain.decision import Approval, Decision, Outcome, Request
from orchestrator.domain.event import (
    ApprovalAnswered,
    ApprovalRequested,
    CrossAudited,
    DebateAnswered,
    DebateClosed,
    DebateOpened,
    Decided,
    Event,
    Fact,
    PanelConvened,
    PanelSettled,
    ResultObserved,
    RulesChecked,
    TurnProposed,
    VerdictGiven,
)
from orchestrator.domain.panel import Ruling
from orchestrator.domain.verdict import Hit, Verdict
from orchestrator.replay.rows import find_action


class Debate(NamedTuple):
    """One debate as far as it got."""

    opened: DebateOpened
    answers: tuple[DebateAnswered, ...] = ()
    closed: DebateClosed | None = None


class Case(NamedTuple):
    """One action of a turn and everything that was said of it."""

    run: str
    event: Event
    """The event that was asked about."""
    turn: Turn | None
    action: Action | None
    hits: tuple[Hit, ...]
    verdicts: tuple[tuple[Verdict, int], ...]
    """Each with the microseconds it took."""
    decision: Decision | None
    decided: str
    """Id of the event of the decision."""
    micros: int
    request: Request | None
    approval: Approval | None
    settled: Outcome | None
    """What the decision became when somebody answered."""
    results: tuple[ResultObserved, ...]
    panel: PanelConvened | None
    ruling: Ruling | None
    debate: Debate | None
    crossed: tuple[CrossAudited, ...]
    clause: str = ""
    """The text of the clause that decided, where it is known."""
    is_clause_current: bool = True
    """False where the constitution was another one when the run was recorded."""

    @property
    def told(self) -> str:
        """Return what the agent learned: the decision and a clause id, nothing else."""
        if self.decision is None:
            return "nothing yet"
        outcome = self.settled or self.decision.decision
        if outcome is Outcome.ESCALATE:
            return "nothing yet: the action waits"
        return f"{outcome}" + (f" ({self.decision.clause})" if self.decision.clause else "")


def build_case(event: Event, around: Iterable[Event]) -> Case:
    """Return what `around`, the events of one turn, says of the action `event` is about.

    An event about a whole turn stands for the action of it that was judged most strictly.
    """
    events = list(around)
    facts = [e.fact for e in events]
    turn = next((f.turn for f in facts if isinstance(f, TurnProposed)), None)
    decided = [e for e in events if isinstance(e.fact, Decided)]
    id_ = (
        _action_of(event)
        or _strictest(decided)
        or (turn.actions[0].id if turn and turn.actions else None)
    )
    mine = next((e for e in decided if _decision(e).action == id_), None)
    answered = next((f for f in facts if isinstance(f, ApprovalAnswered) and f.action == id_), None)
    return Case(
        run=event.run,
        event=event,
        turn=turn,
        action=find_action(turn, id_),
        hits=tuple(
            h for f in facts if isinstance(f, RulesChecked) for h in f.hits if h.action == id_
        ),
        verdicts=tuple(
            (f.verdict, f.micros)
            for f in facts
            if isinstance(f, VerdictGiven) and f.verdict.action in (None, id_)
        ),
        decision=_decision(mine) if mine else None,
        decided=mine.id if mine else "",
        micros=mine.fact.micros if mine and isinstance(mine.fact, Decided) else 0,
        request=next(
            (
                f.request
                for f in facts
                if isinstance(f, ApprovalRequested) and f.request.action == id_
            ),
            None,
        ),
        approval=answered.approval if answered else None,
        settled=answered.decision if answered else None,
        results=tuple(
            f for f in facts if isinstance(f, ResultObserved) and f.observation.action == id_
        ),
        panel=next((f for f in facts if isinstance(f, PanelConvened) and id_ in f.actions), None),
        ruling=next(
            (f.ruling for f in facts if isinstance(f, PanelSettled) and f.ruling.action == id_),
            None,
        ),
        debate=_debate(facts, id_),
        crossed=tuple(f for f in facts if isinstance(f, CrossAudited) and f.action == id_),
    )


def _debate(facts: Sequence[Fact], action: str | None) -> Debate | None:
    opened = next((f for f in facts if isinstance(f, DebateOpened) and f.action == action), None)
    if opened is None:
        return None
    return Debate(
        opened,
        tuple(f for f in facts if isinstance(f, DebateAnswered) and f.action == action),
        next((f for f in facts if isinstance(f, DebateClosed) and f.action == action), None),
    )


def _action_of(event: Event) -> str | None:
    match event.fact:
        case Decided(decision=decision):
            return decision.action
        case VerdictGiven(verdict=verdict):
            return verdict.action
        case ApprovalRequested(request=request):
            return request.action
        case ResultObserved(observation=seen):
            return seen.action
        case PanelSettled(ruling=ruling):
            return ruling.action
        case ApprovalAnswered() | DebateOpened() | DebateAnswered() | DebateClosed():
            return event.fact.action
        case RulesChecked(hits=hits) if hits:
            return hits[0].action
        case CrossAudited(action=action):
            return action
    return None


def _strictest(decided: list[Event]) -> str | None:
    decisions = [_decision(event) for event in decided]
    worst = max(decisions, key=lambda d: d.judged.severity, default=None)
    return worst.action if worst else None


def _decision(event: Event) -> Decision:
    assert isinstance(event.fact, Decided)
    return event.fact.decision
