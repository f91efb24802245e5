"""What is known of a run after an event: one frozen value, folded the same way live and replayed.

A state is bounded by the number of auditors and of waiting requests, never by the length of the
run, so that many can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from orchestrator.domain.decision import Outcome, Request
from orchestrator.domain.event import (
    ApprovalAnswered,
    ApprovalRequested,
    ApprovalVoted,
    BreakerChanged,
    BudgetExhausted,
    BypassSeen,
    CanaryShown,
    CrossAudited,
    DebateOpened,
    Decided,
    Event,
    GuardFailed,
    PanelSettled,
    ProtocolBroken,
    ResultObserved,
    RulesChecked,
    RunClosed,
    RunOpened,
    TurnProposed,
    VerdictGiven,
)
from orchestrator.domain.run import Coverage, RunFacts
from orchestrator.domain.usage import Usage
from orchestrator.domain.verdict import Abstained, Failed, Scored, Verdict
from orchestrator.replay.health import Health

# Above 300 lines: every kind of event has its few lines here, and nowhere else.
HOLDS = (Outcome.ESCALATE, Outcome.DENY, Outcome.TERMINATE)
CLEARS_BELOW = 0.5
"""A score below it counts as "this auditor would have let the action pass"."""


class Waiting(NamedTuple):
    """A request for approval that nobody has settled."""

    request: Request
    asked: datetime
    seq: int
    voted: tuple[str, ...] = ()
    """Who approved while others still have to."""


class Score(NamedTuple):
    """The newest number an auditor gave in the current turn."""

    auditor: str
    action: str | None
    suspicion: float


class RunState(NamedTuple):
    """A run after its event number `seq`; -1 is before the first."""

    run: str
    seq: int = -1
    at: datetime | None = None
    facts: RunFacts | None = None
    turns: int = 0
    decisions: tuple[tuple[str, int], ...] = ()
    """Actions judged so, by decision, in the order of first use."""
    flagged: int = 0
    """Actions that were let go but on which a rule left a flag."""
    held: int = 0
    coverage: Coverage = Coverage()
    guard_failures: int = 0
    alarms: int = 0
    """Bypasses, failures of the guard itself, broken protocols."""
    last_alarm: str = ""
    waiting: tuple[Waiting, ...] = ()
    health: tuple[Health, ...] = ()
    """One an auditor, in the order they were first heard."""
    scores: tuple[Score, ...] = ()
    """Of the current turn."""
    flags: frozenset[str] = frozenset()
    """Actions of the current turn on which a rule left a flag."""
    debates: int = 0
    panels: int = 0
    """Actions a panel of models settled."""
    no_quorum: int = 0
    effective: float | None = None
    """Effective number of auditors of the last ruling."""
    breakers: tuple[tuple[str, str], ...] = ()
    """Endpoints that are not closed as usual, with their state."""
    budget: str = ""
    """Which budget is spent, in words; empty while there is money."""
    cost_usd: float | None = 0.0
    """Of all calls to models so far; None once a call did not say."""
    tokens: int = 0
    unreadable: int = 0
    """Events that could not be read."""
    closed: str = ""
    """completed, failed or terminated; empty while the run is open."""
    why: str = ""

    @property
    def actions(self) -> int:
        """Return how many actions were decided."""
        return sum(count for _, count in self.decisions)

    def count(self, outcome: str) -> int:
        """Return how many actions were judged so."""
        return dict(self.decisions).get(outcome, 0)


def fold(state: RunState, events: Iterable[Event]) -> RunState:
    """Return `state` after `events`."""
    for event in events:
        state = step(state, event)
    return state


def step(state: RunState, event: Event) -> RunState:
    """Return `state` after one more event."""
    return place(change(state, event), event)


def change(state: RunState, event: Event) -> RunState:
    """Return `state` with what `event` says, but not yet where and when that was."""
    found = _CHANGES.get(type(event.fact))
    return found(state, event, event.fact) if found else state


def place(state: RunState, event: Event) -> RunState:
    """Return `state` as the one after `event`."""
    return state._replace(run=event.run, seq=event.seq, at=event.at)


def skip(state: RunState, seq: int) -> RunState:
    """Return `state` after an event that could not be read."""
    return state._replace(seq=seq, unreadable=state.unreadable + 1)


Change: TypeAlias = Callable[[RunState, Event, Any], RunState]


def _opened(state: RunState, _: Event, fact: RunOpened) -> RunState:
    return state._replace(facts=fact.facts)


def _proposed(state: RunState, _: Event, fact: TurnProposed) -> RunState:
    return state._replace(turns=state.turns + 1, scores=(), flags=frozenset())


def _checked(state: RunState, _: Event, fact: RulesChecked) -> RunState:
    return state._replace(flags=frozenset(hit.action for hit in fact.hits)) if fact.hits else state


def _given(state: RunState, _: Event, fact: VerdictGiven) -> RunState:
    verdict = fact.verdict
    opinion = verdict.opinion
    health = find_health(state, verdict.auditor)
    update: dict[str, Any] = {
        "micros": health.micros + fact.micros,
        "slowest": max(health.slowest, fact.micros),
        "vendor": verdict.vendor or health.vendor,
        "model": verdict.model or health.model,
    }
    if isinstance(opinion, Scored):
        update |= {"scored": health.scored + 1, "last": opinion.suspicion}
        score = Score(verdict.auditor, verdict.action, opinion.suspicion)
        older = [s for s in state.scores if s[:2] != score[:2]]
        state = state._replace(scores=(*older, score))
    elif isinstance(opinion, Abstained):
        update["abstained"] = health.abstained + 1
    else:
        update |= {"failed": health.failed + 1, "last_failure": opinion.why}
    state = _put(state, health._replace(**update))
    return _spend(state, verdict.auditor, verdict.usage) if verdict.usage else state


def _decided(state: RunState, _: Event, fact: Decided) -> RunState:
    decision = fact.decision
    counts = dict(state.decisions)
    counts[decision.judged.value] = counts.get(decision.judged.value, 0) + 1
    is_flagged = decision.judged is Outcome.ALLOW and decision.action in state.flags
    is_held = not decision.decision.releases and decision.decision is not Outcome.ESCALATE
    state = state._replace(
        decisions=tuple(counts.items()),
        flagged=state.flagged + is_flagged,
        held=state.held + is_held,
    )
    return _weigh(state, decision.action) if decision.judged in HOLDS else state


def _weigh(state: RunState, action: str) -> RunState:
    """Note for every auditor that scored an action which was held whether it had cleared it."""
    scores = {s.auditor: s.suspicion for s in state.scores if s.action in (None, action)}
    for auditor, suspicion in scores.items():
        health = find_health(state, auditor)
        state = _put(
            state,
            health._replace(
                on_held=health.on_held + 1,
                cleared=health.cleared + (suspicion < CLEARS_BELOW),
            ),
        )
    return state


def _requested(state: RunState, event: Event, fact: ApprovalRequested) -> RunState:
    return state._replace(waiting=(*state.waiting, Waiting(fact.request, event.at, event.seq)))


def _voted(state: RunState, _: Event, fact: ApprovalVoted) -> RunState:
    waiting = tuple(
        w._replace(voted=(*w.voted, fact.by)) if w.request.id == fact.id else w
        for w in state.waiting
    )
    return state._replace(waiting=waiting)


def _answered(state: RunState, _: Event, fact: ApprovalAnswered) -> RunState:
    left = tuple(w for w in state.waiting if w.request.id != fact.approval.id)
    return state._replace(waiting=left, held=state.held + (not fact.decision.releases))


def _observed(state: RunState, _: Event, fact: ResultObserved) -> RunState:
    seen = state.coverage
    return state._replace(coverage=seen.model_copy(update={"observed": seen.observed + 1}))


def _bypassed(state: RunState, _: Event, fact: BypassSeen) -> RunState:
    seen = state.coverage
    coverage = seen.model_copy(update={"bypassed": seen.bypassed + 1})
    return _alarm(state._replace(coverage=coverage), f"bypass: {fact.why.replace('_', ' ')}")


def _failed(state: RunState, _: Event, fact: GuardFailed) -> RunState:
    state = state._replace(guard_failures=state.guard_failures + 1)
    return _alarm(state, f"the guard failed in {fact.where}: {fact.cause}")


def _broken(state: RunState, _: Event, fact: ProtocolBroken) -> RunState:
    return _alarm(state, f"protocol broken: {fact.why}")


def _settled(state: RunState, _: Event, fact: PanelSettled) -> RunState:
    return state._replace(
        panels=state.panels + 1,
        no_quorum=state.no_quorum + (fact.ruling.end == "no quorum"),
        effective=fact.ruling.effective,
    )


def _debated(state: RunState, _: Event, fact: DebateOpened) -> RunState:
    return state._replace(debates=state.debates + 1)


def _exhausted(state: RunState, _: Event, fact: BudgetExhausted) -> RunState:
    return state._replace(
        budget=f"the budget per {fact.scope} is spent: {fact.spent_usd:.2f} of "
        f"{fact.limit_usd:.2f} USD"
    )


def _tripped(state: RunState, _: Event, fact: BreakerChanged) -> RunState:
    breakers = dict(state.breakers)
    breakers.pop(fact.endpoint, None)
    if fact.state != "closed":
        breakers[fact.endpoint] = fact.state
    return state._replace(breakers=tuple(breakers.items()))


def _canary(state: RunState, _: Event, fact: CanaryShown) -> RunState:
    verdict: Verdict = fact.verdict
    health = find_health(state, verdict.auditor)
    opinion = verdict.opinion
    missed = isinstance(opinion, Failed) or (
        isinstance(opinion, Scored) and (opinion.suspicion >= CLEARS_BELOW) is not fact.bad
    )
    state = _put(
        state, health._replace(canaries=health.canaries + 1, missed=health.missed + missed)
    )
    return _spend(state, verdict.auditor, verdict.usage) if verdict.usage else state


def _crossed(state: RunState, _: Event, fact: CrossAudited) -> RunState:
    if fact.planted is None and fact.follows is not None:
        health = find_health(state, fact.ratee)
        objected = fact.follows is False or fact.quotes_hold is False
        state = _put(
            state, health._replace(crossed=health.crossed + 1, objected=health.objected + objected)
        )
    return _spend(state, fact.judge, fact.usage) if fact.usage else state


def _ended(state: RunState, _: Event, fact: RunClosed) -> RunState:
    return state._replace(closed=fact.how, why=fact.why, waiting=())


def find_health(state: RunState, auditor: str) -> Health:
    """Return what is known of an auditor; a blank sheet for a new one."""
    return next((h for h in state.health if h.auditor == auditor), Health(auditor))


def _put(state: RunState, health: Health) -> RunState:
    rest = state.health
    for place, old in enumerate(rest):
        if old.auditor == health.auditor:
            return state._replace(health=(*rest[:place], health, *rest[place + 1 :]))
    return state._replace(health=(*rest, health))


def _spend(state: RunState, auditor: str, usage: Usage) -> RunState:
    health = find_health(state, auditor)
    cost = _add(health.cost_usd, usage)
    tokens = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    state = _put(state, health._replace(cost_usd=cost, tokens=health.tokens + tokens))
    return state._replace(cost_usd=_add(state.cost_usd, usage), tokens=state.tokens + tokens)


def _add(before: float | None, usage: Usage) -> float | None:
    if not usage.attempts:
        return before
    return None if before is None or usage.cost_usd is None else before + usage.cost_usd


def _alarm(state: RunState, what: str) -> RunState:
    return state._replace(alarms=state.alarms + 1, last_alarm=what)


_CHANGES: dict[type[Any], Change] = {
    RunOpened: _opened,
    TurnProposed: _proposed,
    RulesChecked: _checked,
    VerdictGiven: _given,
    Decided: _decided,
    ApprovalRequested: _requested,
    ApprovalVoted: _voted,
    ApprovalAnswered: _answered,
    ResultObserved: _observed,
    BypassSeen: _bypassed,
    GuardFailed: _failed,
    ProtocolBroken: _broken,
    PanelSettled: _settled,
    DebateOpened: _debated,
    BudgetExhausted: _exhausted,
    BreakerChanged: _tripped,
    CanaryShown: _canary,
    CrossAudited: _crossed,
    RunClosed: _ended,
}
