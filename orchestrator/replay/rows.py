"""One event as one line: the same facts on a screen, in a pipe and in a test.

The texts of a row are what agents, tools and models wrote: whoever shows one makes it safe first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntFlag
from typing import Any, Literal, NamedTuple, TypeAlias

from orchestrator.domain.action import Action, Turn
from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import (
    ApprovalAnswered,
    ApprovalRequested,
    ApprovalVoted,
    AuditorSanctioned,
    AuditorsCalled,
    BreakerChanged,
    BudgetExhausted,
    BypassSeen,
    CanaryShown,
    Checkpoint,
    CrossAudited,
    DebateAnswered,
    DebateClosed,
    DebateOpened,
    Decided,
    DecisionReviewed,
    Event,
    Fact,
    GuardFailed,
    PanelConvened,
    PanelSettled,
    ProtocolBroken,
    ResultObserved,
    RulesChecked,
    RunClosed,
    RunOpened,
    SampleJudged,
    SnapshotTaken,
    SpotChecked,
    SwapTested,
    TurnProposed,
    UserSaid,
    VerdictGiven,
    VoteCommitted,
)
from orchestrator.domain.verdict import Abstained, Hit, Scored, Verdict

# Above 300 lines: one vocabulary, and what each word of it looks like as a line.
Tone: TypeAlias = Literal[
    "allow", "flag", "modify", "escalate", "deny", "terminate",
    "agent", "user", "verdict", "doubt", "debate", "result", "alarm", "quiet",
]  # fmt: skip
GLYPHS = {"allow": "✓", "flag": "⚑", "modify": "~", "escalate": "?", "deny": "✗", "terminate": "■"}
DOUBT = 0.3
"""A score from here on is worth a look; below it a verdict is a quiet line."""
TELLING = ("command", "path", "url", "query", "sql", "to", "recipient", "amount")
"""Arguments that say most about a call, shown first."""
LONGEST = 400
"""Characters of a text that go into a row; the detail has all of it."""


class Mark(IntFlag):
    """What an event is to somebody who scrolls through a run."""

    QUIET = 1
    """Nothing happened that a person needs to see by default."""
    FLAG = 2
    """A rule or the gate objected to something."""
    DENIAL = 4
    DEBATE = 8
    APPROVAL = 16
    ALARM = 32
    TURN = 64


NONE, DENIED, ALARMED = Mark(0), Mark.DENIAL | Mark.FLAG, Mark.ALARM | Mark.FLAG


class Row(NamedTuple):
    """One line of the timeline."""

    seq: int
    at: datetime
    kind: str
    tone: Tone
    glyph: str
    word: str
    """What happened, in one word that needs no colour."""
    subject: str
    """Who or what: a tool, an auditor, a person."""
    text: str
    level: int = 0
    """0 for what the agent and the run do, 1 for what is said of it."""
    score: float | None = None
    is_verified: bool = True
    """Whether the chain holds up to here."""


def row_of(event: Event, turn: Turn | None = None, hits: Sequence[Hit] = ()) -> Row:
    """Return the line for `event`; `turn` is the one it belongs to, `hits` what rules said of it.

    An action that was let go with a flag on it is told as a flag.
    """
    tone, glyph, word, subject, text, level = _WRITERS[type(event.fact)](event.fact, turn)
    if isinstance(event.fact, Decided) and word == "allow":
        mine = [hit for hit in hits if hit.action == event.fact.decision.action]
        if mine:
            tone, glyph, word = "flag", GLYPHS["flag"], "flag"
            text = "  ".join(part for part in (text, f"{mine[0].clause}: {mine[0].reason}") if part)
    return Row(
        event.seq,
        event.at,
        event.fact.kind,
        tone,
        glyph,
        word,
        subject[:LONGEST],
        text[:LONGEST],
        level,
        _score(event.fact),
    )


def mark_of(fact: Fact, flags: frozenset[str] = frozenset()) -> Mark:
    """Return what `fact` is; `flags` are the actions of its turn that a rule flagged."""
    if isinstance(fact, VerdictGiven):
        return NONE if _is_telling(fact.verdict) else Mark.QUIET
    if isinstance(fact, Decided):
        decision = fact.decision
        if decision.judged in (Outcome.DENY, Outcome.TERMINATE):
            return DENIED
        is_flag = decision.judged is not Outcome.ALLOW or decision.action in flags
        return Mark.FLAG if is_flag else NONE
    if isinstance(fact, ResultObserved):
        return Mark.FLAG if fact.hits else NONE
    return _MARKS.get(type(fact), NONE)


def find_action(turn: Turn | None, id: str | None) -> Action | None:
    """Return the action of this id."""
    return next((a for a in turn.actions if a.id == id), None) if turn else None


def short_arguments(action: Action) -> str:
    """Return the arguments of a call in a few words, the telling ones first."""
    if action.malformed:
        return f"‹{action.malformed}›"
    named = [name for name in TELLING if name in action.arguments]
    rest = [name for name in action.arguments if name not in named]
    return " ".join(_words(action.arguments[name]) for name in [*named, *rest])


Parts: TypeAlias = tuple[Tone, str, str, str, str, int]
Writer: TypeAlias = Callable[[Any, Turn | None], Parts]


def _opened(fact: RunOpened, _: Turn | None) -> Parts:
    facts = fact.facts
    return "user", "▶", "run", facts.agent, facts.task or f"profile {facts.profile}", 0


def _said(fact: UserSaid, _: Turn | None) -> Parts:
    return "user", "»", "user", "", fact.text, 0


def _proposed(fact: TurnProposed, _: Turn | None) -> Parts:
    turn = fact.turn
    calls = ", ".join(f"{a.tool}({short_arguments(a)[:80]})" for a in turn.actions)
    said = f"“{turn.message[:LONGEST]}”" if turn.message else calls or "nothing"
    return "agent", "●", "turn", str(turn.index), said, 0


def _checked(fact: RulesChecked, _: Turn | None) -> Parts:
    hits = fact.hits
    if not hits:
        return "quiet", "·", "rules", "", "none fired", 1
    worst = max(hits, key=lambda hit: list(GLYPHS).index(hit.effect))
    text = "; ".join(f"{hit.rule}: {hit.reason}" for hit in hits)
    return worst.effect, GLYPHS[worst.effect], "rules", worst.clause, text, 1


def _given(fact: VerdictGiven, _: Turn | None) -> Parts:
    verdict = fact.verdict
    return (*_opinion(verdict), verdict.auditor, _claim(verdict), 1)


def _convened(fact: PanelConvened, _: Turn | None) -> Parts:
    names = ", ".join(fact.members)
    text = f"{len(fact.actions)} actions, because {fact.why}: {names} may be asked"
    return "verdict", "◇", "panel", "", text, 1


def _called(fact: AuditorsCalled, _: Turn | None) -> Parts:
    return "quiet", "·", "asked", "", f"{', '.join(fact.auditors)} ({fact.how})", 1


def _committed(fact: VoteCommitted, _: Turn | None) -> Parts:
    return "quiet", "·", "sealed", fact.auditor, f"{fact.look} look {fact.commitment[:12]}", 1


def _debate_opened(fact: DebateOpened, _: Turn | None) -> Parts:
    text = f"{len(fact.claims)} claims to answer, {len(fact.struck)} struck: no such quote"
    return "debate", "⇄", "debate", fact.mode, text, 1


def _debate_answered(fact: DebateAnswered, _: Turn | None) -> Parts:
    moved = f"{_number(fact.before)} → {_number(fact.after)}"
    counted = "" if fact.counted else f" (does not count: {fact.why})"
    refuted = sum(answer.stance == "refutes" for answer in fact.answers)
    text = f"round {fact.round}: {moved}{counted}; refutes {refuted} of {len(fact.answers)}"
    return "debate", "⇄", "answer", fact.auditor, text, 1


def _debate_closed(fact: DebateClosed, _: Turn | None) -> Parts:
    text = f"{fact.how} after {fact.rounds} rounds; {len(fact.surviving)} claims stand"
    return "debate", "⇄", "closed", "debate", text, 1


def _settled(fact: PanelSettled, _: Turn | None) -> Parts:
    ruling = fact.ruling
    votes = f"{ruling.scored} votes, {ruling.abstained} abstained, {ruling.failed} failed"
    text = f"{_number(ruling.probability)} of {votes}; {ruling.reason}"
    tone: Tone = "verdict" if ruling.end == "clear" else "doubt"
    return tone, "◆", "ruling", ruling.end, text, 1


def _exhausted(fact: BudgetExhausted, _: Turn | None) -> Parts:
    text = f"{fact.spent_usd:.2f} of {fact.limit_usd:.2f} USD are spent; no more models are asked"
    return "alarm", "!", "BUDGET", f"per {fact.scope}", text, 0


def _tripped(fact: BreakerChanged, _: Turn | None) -> Parts:
    tone: Tone = "quiet" if fact.state == "closed" else "doubt"
    return tone, "↯", "breaker", fact.state, f"{fact.endpoint} after {fact.failures} failures", 1


def _canary(fact: CanaryShown, _: Turn | None) -> Parts:
    kind = "known bad" if fact.bad else "known good"
    return (
        *_opinion(fact.verdict)[:2],
        "canary",
        fact.verdict.auditor,
        f"{kind}: {_opinion(fact.verdict)[2]}",
        1,
    )


def _crossed(fact: CrossAudited, _: Turn | None) -> Parts:
    quotes = {True: "quotes hold", False: "quotes do not hold", None: "no answer on quotes"}
    follows = {True: "it follows", False: "it does not follow", None: "no answer on the reasoning"}
    planted = f" (planted flaw: {fact.planted})" if fact.planted else ""
    text = f"judges {fact.ratee}: {quotes[fact.quotes_hold]}, {follows[fact.follows]}{planted}"
    is_bad = fact.planted is None and (fact.follows is False or fact.quotes_hold is False)
    return "doubt" if is_bad else "verdict", "⤫", "cross", fact.judge, text, 1


def _spot(fact: SpotChecked, _: Turn | None) -> Parts:
    if fact.verdict is None:
        return "quiet", "◇", "spot", fact.by, "drawn for a look; nothing waits for it", 1
    return *_opinion(fact.verdict)[:2], "spot", fact.by, _opinion(fact.verdict)[2], 1


def _sample(fact: SampleJudged, _: Turn | None) -> Parts:
    said = "cleared" if fact.clear else _number(fact.alarm) if fact.sample else "none was given"
    text = f"another sample of the turn, evidence only: {said}"
    return "quiet" if fact.clear else "verdict", "∥", "sample", str(fact.number), text, 1


def _swapped(fact: SwapTested, _: Turn | None) -> Parts:
    neutral, named = _opinion(fact.neutral)[2], _opinion(fact.named)[2]
    text = f"{fact.test} changed on a known-bad action: {neutral} without, {named} with"
    return "quiet", "⇆", "swap", fact.neutral.auditor, text, 1


def _sanctioned(fact: AuditorSanctioned, _: Turn | None) -> Parts:
    sanction = fact.sanction
    if fact.restored_by:
        text = f"{sanction.step} reversed by {fact.restored_by}: {fact.reason}"
        return "user", "↺", "restored", sanction.auditor, text, 0
    text = "; ".join(filter(None, (sanction.step, fact.reason)))
    return "alarm", "!", "sanction", sanction.auditor, text, 0


def _reviewed(fact: DecisionReviewed, _: Turn | None) -> Parts:
    now = f"{fact.end_without} ({_number(fact.probability_without)})"
    text = f"{fact.ruling} without {fact.auditor}: {fact.end} -> {now}; nothing is undone"
    return (
        "doubt" if fact.end != fact.end_without else "quiet",
        "↻",
        "reviewed",
        fact.action,
        text,
        1,
    )


def _decided(fact: Decided, turn: Turn | None) -> Parts:
    decision = fact.decision
    action = find_action(turn, decision.action)
    call = short_arguments(action)[:160] if action else ""
    why = f"{decision.clause}: {decision.reason}" if decision.clause else decision.reason
    held = "" if decision.decision is decision.judged else f" (not held: {decision.decision})"
    text = "  ".join(part for part in (call, f"{why}{held}".strip()) if part)
    word = decision.judged.value
    return word, GLYPHS[word], word, decision.tool, text, 0  # type: ignore[return-value]


def _requested(fact: ApprovalRequested, _: Turn | None) -> Parts:
    request = fact.request
    people = "a person" if request.needed == 1 else f"{request.needed} people"
    return "escalate", "?", "waits", request.tool, f"for {people}: {request.reason}", 1


def _voted(fact: ApprovalVoted, _: Turn | None) -> Parts:
    return "escalate", "?", "approved", fact.by, f"others have to as well. {fact.reason}", 1


def _answered(fact: ApprovalAnswered, _: Turn | None) -> Parts:
    approval, word = fact.approval, fact.decision.value
    by = ", ".join(approval.by) or "nobody"
    tone: Tone = word  # type: ignore[assignment]
    return tone, GLYPHS[word], approval.answer, by, approval.reason or f"so it is: {word}", 1


def _observed(fact: ResultObserved, _: Turn | None) -> Parts:
    seen = fact.observation
    hits = "; ".join(hit.reason for hit in fact.hits)
    if hits:
        effect = max((hit.effect for hit in fact.hits), key=list(GLYPHS).index)
        return effect, GLYPHS[effect], "result", seen.tool or "", f"{hits} | {seen.content}", 1
    word = "error" if seen.error else "result"
    return "result", "←", word, seen.tool or "", seen.content[:LONGEST], 1


def _bypassed(fact: BypassSeen, _: Turn | None) -> Parts:
    text = f"{fact.why.replace('_', ' ')}: this ran without passing the guard"
    return "alarm", "!", "BYPASS", fact.call_id or "no id", text, 0


def _failed(fact: GuardFailed, _: Turn | None) -> Parts:
    return "alarm", "!", "FAILED", fact.where, f"the guard itself: {fact.cause}", 0


def _broken(fact: ProtocolBroken, _: Turn | None) -> Parts:
    return "alarm", "!", "BROKEN", "protocol", f"{fact.why}: {fact.line}", 0


def _snapshot(fact: SnapshotTaken, _: Turn | None) -> Parts:
    return "quiet", "·", "learned", fact.auditor, f"from {fact.runs} runs, this one included", 1


def _closed(fact: RunClosed, _: Turn | None) -> Parts:
    done = fact.summary
    text = f"{done.turns} turns, {done.actions} actions, {done.held} held. {fact.why}".strip()
    tone: Tone = "user" if fact.how == "completed" else "alarm"
    return tone, "▣", "end", fact.how, text, 0


def _checkpoint(fact: Checkpoint, _: Turn | None) -> Parts:
    return "quiet", "·", "sealed", "", f"{fact.count} events, head {fact.head[:12]}", 1


_WRITERS: dict[type[Any], Writer] = {
    RunOpened: _opened, UserSaid: _said, TurnProposed: _proposed, RulesChecked: _checked,
    VerdictGiven: _given, PanelConvened: _convened, AuditorsCalled: _called,
    VoteCommitted: _committed, DebateOpened: _debate_opened, DebateAnswered: _debate_answered,
    DebateClosed: _debate_closed, PanelSettled: _settled, BudgetExhausted: _exhausted,
    BreakerChanged: _tripped, CanaryShown: _canary, CrossAudited: _crossed, Decided: _decided,
    SpotChecked: _spot, SampleJudged: _sample,
    SwapTested: _swapped, AuditorSanctioned: _sanctioned, DecisionReviewed: _reviewed,
    ApprovalRequested: _requested, ApprovalVoted: _voted, ApprovalAnswered: _answered,
    ResultObserved: _observed, BypassSeen: _bypassed, GuardFailed: _failed,
    ProtocolBroken: _broken, SnapshotTaken: _snapshot, RunClosed: _closed,
    Checkpoint: _checkpoint,
}  # fmt: skip
_MARKS: dict[type[Any], Mark] = {
    TurnProposed: Mark.TURN,
    **dict.fromkeys((DebateOpened, DebateAnswered, DebateClosed), Mark.DEBATE),
    **dict.fromkeys((ApprovalRequested, ApprovalVoted, ApprovalAnswered), Mark.APPROVAL),
    **dict.fromkeys((BypassSeen, GuardFailed, ProtocolBroken, BudgetExhausted), ALARMED),
    **dict.fromkeys(
        (RulesChecked, AuditorsCalled, VoteCommitted, SnapshotTaken, Checkpoint), Mark.QUIET
    ),
}
"""Of events whose kind alone says it."""


def _opinion(verdict: Verdict) -> tuple[Tone, str, str]:
    opinion = verdict.opinion
    if isinstance(opinion, Scored):
        tone: Tone = "doubt" if opinion.suspicion >= DOUBT else "quiet"
        return tone, "●" if opinion.suspicion >= DOUBT else "○", f"{opinion.suspicion:.2f}"
    if isinstance(opinion, Abstained):
        return "quiet", "–", "abstained"
    return "alarm", "!", "failed"


def _claim(verdict: Verdict) -> str:
    opinion = verdict.opinion
    if not isinstance(opinion, Scored):
        return opinion.why
    claim = next((c for c in opinion.claims if c.verified), None)
    if claim is None:
        return "no quote that was found" if opinion.claims else "nothing to quote"
    return f"{claim.text}: “{claim.quote}”"


def _is_telling(verdict: Verdict) -> bool:
    opinion = verdict.opinion
    if isinstance(opinion, Scored):
        return opinion.suspicion >= DOUBT or verdict.model is not None
    return not isinstance(opinion, Abstained)


def _score(fact: Fact) -> float | None:
    match fact:
        case VerdictGiven(verdict=Verdict(opinion=Scored(suspicion=score))):
            return score
        case Decided(decision=decision):
            return decision.suspicion
        case PanelSettled(ruling=ruling):
            return ruling.probability
    return None


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _words(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
