"""Tell a run as plain lines: the same facts a screen would show, one line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias

from orchestrator.cli.panel_story import tell_panel
from orchestrator.cli.plain import pad, safe
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.decision import Decision, Outcome
from orchestrator.domain.event import (
    ApprovalAnswered,
    ApprovalRequested,
    ApprovalVoted,
    BypassSeen,
    Decided,
    Event,
    GuardFailed,
    ProtocolBroken,
    ResultObserved,
    RulesChecked,
    RunOpened,
    SnapshotTaken,
    TurnProposed,
    VerdictGiven,
)
from orchestrator.domain.verdict import Failed, Hit, Scored, Verdict
from orchestrator.rules.shell import parse_shell

Write: TypeAlias = Callable[[str], None]

GLYPHS = {"allow": "✓", "flag": "⚑", "modify": "~", "escalate": "?", "deny": "✗", "terminate": "■"}
TELLING = ("command", "path", "url", "query", "sql", "to", "recipient", "amount")
"""Arguments that say most about a call, shown first."""
SHELL = ("command", "cmd")
TELLING_SUSPICION = 0.3
MOST_CLAIMS = 3
SEVERITY = ("flag", "modify", "escalate", "deny", "terminate")


class Narrator:
    """Write a line for each event a person should see."""

    def __init__(self, write: Write, *, show_words: bool = False) -> None:
        self._write = write
        self._show_words = show_words
        self._turn = Turn(index=0)
        self._hits: tuple[Hit, ...] = ()
        self._verdicts: list[Verdict] = []

    def tell(self, event: Event) -> None:
        """Write what `event` says, if it says anything new to a person."""
        match event.fact:
            case RunOpened(facts=facts):
                task = f": {safe(facts.task, 70)}" if facts.task else ""
                self._write(f"run {event.run}  {safe(facts.agent)}{task}  [{facts.profile}]")
            case TurnProposed(turn=turn):
                self._turn = turn
                if self._show_words and turn.message:
                    self._write(f'  agent: "{safe(turn.message, 90)}"')
            case RulesChecked(hits=hits):
                self._hits = hits
                self._verdicts = []
            case VerdictGiven(verdict=verdict) if not verdict.model:
                self._verdicts.append(verdict)
            case Decided(decision=decision, micros=micros):
                self._tell_decision(decision, micros)
            case ApprovalRequested(request=request):
                limit = request.deadline - event.at if request.deadline else None
                seconds = (
                    f"{limit.total_seconds():.0f} s, then {request.on_timeout}" if limit else ""
                )
                self._note("?", f"waits for {_people(request.needed)} ({seconds}): {request.id}")
            case ApprovalVoted(by=by):
                self._note("?", f"{safe(by)} approved; others have to")
            case ApprovalAnswered(approval=approval, decision=outcome):
                by = f" by {safe(', '.join(approval.by))}" if approval.by else ""
                why = f": {safe(approval.reason, 60)}" if approval.reason else ""
                self._note(GLYPHS[outcome], f"{approval.answer}{by}{why} -> {outcome}")
            case _:
                self._tell_rest(event)

    def _tell_rest(self, event: Event) -> None:
        match event.fact:
            case ResultObserved(hits=hits) if hits:
                for hit in hits:
                    quote = f' "{safe(hit.span.text, 60)}"' if hit.span else ""
                    self._note(GLYPHS[hit.effect], f"in the result: {safe(hit.reason)}{quote}")
            case BypassSeen(why=why, call_id=call):
                self._note("!", f"BYPASS: {why.replace('_', ' ')} ({safe(call or 'no id', 40)})")
            case GuardFailed(where=where, cause=cause):
                self._note("!", f"THE GUARD FAILED in {where}: {safe(cause, 80)}")
            case SnapshotTaken(auditor=auditor, runs=runs) if runs:
                self._note("·", f"{safe(auditor)} learned from this run, its number {runs}")
            case ProtocolBroken(why=why, line=line):
                self._note("!", f'PROTOCOL BROKEN: the line "{safe(line, 50)}" {safe(why, 80)}')
            case _:
                for glyph, line in tell_panel(event.fact):
                    self._note(glyph, line)

    def _tell_decision(self, decision: Decision, micros: int) -> None:
        action = next((a for a in self._turn.actions if a.id == decision.action), None)
        hits = [hit for hit in self._hits if hit.action == decision.action]
        flags = [hit for hit in hits if hit.effect == "flag"]
        judged = decision.judged
        word = "flag" if judged is Outcome.ALLOW and flags else judged.value
        held = "" if decision.decision is judged else f" (not held: {decision.decision})"
        reason = decision.reason or (flags[0].reason if flags else "")
        clause = decision.clause or (flags[0].clause if flags else "")
        why = f"{clause}: {safe(reason, 150)}" if clause else safe(reason, 150)
        parts = [
            GLYPHS[word],
            pad(word, 9),
            pad(decision.tool, 10),
            pad(short_arguments(action) if action else "", 38),
            f"{why}{held}",
            f"[{micros / 1000:.1f} ms]",
        ]
        self._write(" ".join(part for part in parts if part))
        if judged is Outcome.MODIFY and decision.arguments and action:
            self._tell_change(action, decision)
        self._tell_subcommands(action, hits)
        for verdict in self._verdicts:
            if verdict.action in (None, decision.action):
                self._tell_verdict(verdict)

    def _tell_change(self, action: Action, decision: Decision) -> None:
        for name, value in (decision.arguments or {}).items():
            if value != action.arguments.get(name):
                self._note("~", f"{safe(name)} becomes {safe(_text(value), 80)}")

    def _tell_verdict(self, verdict: Verdict) -> None:
        """Say what an auditor holds against the action, in the words it quotes."""
        opinion = verdict.opinion
        if isinstance(opinion, Failed):
            self._note("!", f"{safe(verdict.auditor)} failed: {safe(opinion.why, 90)}")
        if not isinstance(opinion, Scored) or opinion.suspicion < TELLING_SUSPICION:
            return
        self._note("●", f"{safe(verdict.auditor)} {opinion.suspicion:.2f}")
        for claim in opinion.claims[:MOST_CLAIMS]:
            if claim.verified:
                self._note(
                    " ", f'{safe(claim.text, 80)}: "{safe(claim.quote, 70)}" ({claim.source})'
                )

    def _tell_subcommands(self, action: Action | None, hits: list[Hit]) -> None:
        """Say for each part of a compound shell line whether the rules object to it."""
        objected: dict[str, Hit] = {}
        for hit in sorted(hits, key=_severity):
            if hit.subcommand:
                objected[hit.subcommand] = hit
        line = next(
            (v for k, v in (action.arguments if action else {}).items() if k in SHELL), None
        )
        if not objected or not isinstance(line, str):
            return
        parts = parse_shell(line).commands
        for part in parts if len(parts) > 1 else ():
            found = objected.get(part.text)
            word = f"{GLYPHS[found.effect]} {found.effect}" if found else "✓ nothing against it"
            self._note("└", f"{pad(part.text, 50)} {word}")

    def _note(self, glyph: str, text: str) -> None:
        self._write(f"    {glyph} {text}")


def short_arguments(action: Action) -> str:
    """Return the arguments of a call in a few words, the telling ones first."""
    if action.malformed:
        return f"‹{action.malformed}›"
    named = [name for name in TELLING if name in action.arguments]
    rest = [name for name in action.arguments if name not in named]
    return " ".join(_text(action.arguments[name]) for name in [*named, *rest])


def _severity(hit: Hit) -> int:
    return SEVERITY.index(hit.effect)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _people(count: int) -> str:
    return "a person" if count == 1 else f"{count} people"
