"""The one fold from events to the rows of the derived tables; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import (
    ApprovalAnswered,
    ApprovalRequested,
    ApprovalVoted,
    BypassSeen,
    Decided,
    Event,
    GuardFailed,
    ResultObserved,
    RunClosed,
    RunOpened,
    TurnProposed,
    VerdictGiven,
)
from orchestrator.domain.verdict import Scored

TASK_CHARACTERS = 500
TALLIES = (
    "events", "turns", "actions", "allowed", "modified", "escalated", "denied", "terminated",
    "observed", "bypassed", "failures",
)  # fmt: skip
JUDGED = {
    Outcome.ALLOW: "allowed",
    Outcome.MODIFY: "modified",
    Outcome.ESCALATE: "escalated",
    Outcome.DENY: "denied",
    Outcome.TERMINATE: "terminated",
}

_ZEROS = {f"add_{column}": 0 for column in TALLIES}

Record: TypeAlias = dict[str, Any]


class Changes:
    """What some events change in the derived tables.

    Applied attribute by attribute in this order, it comes to the same as event by event.
    """

    def __init__(self) -> None:
        self.runs: list[Record] = []
        self.verdicts: list[Record] = []
        self.decisions: list[Record] = []
        self.approvals: list[Record] = []
        self.votes: list[Record] = []
        """`run_key`, `id_key`, and how many `more` votes."""
        self.answers: list[Record] = []
        """`run_key`, `id_key` and the columns of the answer."""
        self.settlements: list[Record] = []
        """`run_key`, `action_key`, `settled`; only for decisions `before` that event."""
        self.closings: list[Record] = []
        """`run_key` and the columns of the end."""
        self.tallies: dict[str, Record] = {}
        """Run -> `run_key` and `add_X` for each X of `TALLIES`."""

    def tally(self, run: str, column: str, number: int = 1) -> None:
        """Add `number` to a column of a run."""
        row = self.tallies.get(run)
        if row is None:
            row = self.tallies[run] = {"run_key": run, **_ZEROS}
        row[f"add_{column}"] += number


def derive(events: Iterable[Event]) -> Changes:
    """Return what `events` change, in the order they were recorded."""
    changes = Changes()
    for event in events:
        changes.tally(event.run, "events")
        if fold := _FOLDS.get(type(event.fact)):
            fold(changes, event, event.fact)
    return changes


def _open(changes: Changes, event: Event, fact: RunOpened) -> None:
    facts = fact.facts
    changes.runs.append(
        {
            "run": event.run,
            "agent": facts.agent,
            "model": facts.model,
            "task": facts.task and facts.task[:TASK_CHARACTERS],
            "parent": facts.parent,
            "mode": facts.mode,
            "profile": facts.profile,
            "source": facts.source and facts.source.file,
            "opened": event.at,
            "closed": None,
            "how": None,
            "why": None,
            **dict.fromkeys(TALLIES, 0),
        }
    )


def _propose(changes: Changes, event: Event, fact: TurnProposed) -> None:
    changes.tally(event.run, "turns")
    changes.tally(event.run, "actions", len(fact.turn.actions))


def _judge(changes: Changes, event: Event, fact: VerdictGiven) -> None:
    verdict, opinion = fact.verdict, fact.verdict.opinion
    changes.verdicts.append(
        {
            "run": event.run,
            "seq": event.seq,
            "turn": fact.turn,
            "action": verdict.action,
            "auditor": verdict.auditor,
            "look": verdict.look,
            "kind": opinion.kind,
            "suspicion": opinion.suspicion if isinstance(opinion, Scored) else None,
            "why": None if isinstance(opinion, Scored) else opinion.why,
            "version": verdict.version,
            "micros": fact.micros,
        }
    )


def _decide(changes: Changes, event: Event, fact: Decided) -> None:
    decision = fact.decision
    changes.tally(event.run, JUDGED[decision.judged])
    changes.decisions.append(
        {
            "run": event.run,
            "seq": event.seq,
            "turn": fact.turn,
            "action": decision.action,
            "call_id": decision.call_id,
            "tool": decision.tool,
            "judged": decision.judged.value,
            "decision": decision.decision.value,
            "settled": decision.decision.value,
            "clause": decision.clause,
            "rule": decision.rule,
            "cause": decision.cause,
            "reason": decision.reason,
            "suspicion": decision.suspicion,
            "micros": fact.micros,
            "at": event.at,
        }
    )


def _ask(changes: Changes, event: Event, fact: ApprovalRequested) -> None:
    request = fact.request
    changes.approvals.append(
        {
            "run": event.run,
            "seq": event.seq,
            "id": request.id,
            "action": request.action,
            "tool": request.tool,
            "needed": request.needed,
            "votes": 0,
            "asked": event.at,
            "deadline": request.deadline,
            "answer": None,
            "by": None,
            "reason": None,
            "answered": None,
        }
    )


def _vote(changes: Changes, event: Event, fact: ApprovalVoted) -> None:
    changes.votes.append({"run_key": event.run, "id_key": fact.id, "more": 1})


def _answer(changes: Changes, event: Event, fact: ApprovalAnswered) -> None:
    approval = fact.approval
    changes.answers.append(
        {
            "run_key": event.run,
            "id_key": approval.id,
            "answer": approval.answer,
            "by": ", ".join(approval.by) or None,
            "reason": approval.reason,
            "answered": event.at,
        }
    )
    changes.settlements.append(
        {
            "run_key": event.run,
            "action_key": fact.action,
            "before": event.seq,
            "settled": fact.decision.value,
        }
    )


def _observe(changes: Changes, event: Event, fact: ResultObserved) -> None:
    changes.tally(event.run, "observed")


def _bypass(changes: Changes, event: Event, fact: BypassSeen) -> None:
    changes.tally(event.run, "bypassed")


def _fail(changes: Changes, event: Event, fact: GuardFailed) -> None:
    changes.tally(event.run, "failures")


def _close(changes: Changes, event: Event, fact: RunClosed) -> None:
    changes.closings.append(
        {
            "run_key": event.run,
            "closed": event.at,
            "how": fact.how,
            "why": fact.why,
        }
    )


_FOLDS: dict[type, Callable[[Changes, Event, Any], None]] = {
    RunOpened: _open,
    TurnProposed: _propose,
    VerdictGiven: _judge,
    Decided: _decide,
    ApprovalRequested: _ask,
    ApprovalVoted: _vote,
    ApprovalAnswered: _answer,
    ResultObserved: _observe,
    BypassSeen: _bypass,
    GuardFailed: _fail,
    RunClosed: _close,
}
