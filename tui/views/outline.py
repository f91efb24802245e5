"""What is known of a run as a whole: how it began, how it ended, what went wrong around it."""

from __future__ import annotations

from textual.content import Content

from orchestrator.domain.event import (
    BudgetExhausted,
    BypassSeen,
    Event,
    GuardFailed,
    ProtocolBroken,
    RunClosed,
    RunOpened,
    UserSaid,
)
from orchestrator.domain.run import RunFacts, RunSummary
from tui.text import Part, pad, paragraph, said

BYPASSES = {
    "never_reviewed": "A tool gave a result for a call that the guard was never asked about.",
    "not_released": "A tool gave a result for a call that was not released.",
    "arguments_differ": "The call ran with other arguments than those that were released.",
    "second_result": "A second result came for one call.",
}


def write_run_event(event: Event) -> list[Content]:
    """Return lines on an event that is about no action; none for any other."""
    match event.fact:
        case RunOpened(facts=facts):
            return _opened(event, facts)
        case RunClosed(how=how, why=why, summary=summary):
            return _closed(event, how, why, summary)
        case UserSaid(text=text):
            return [_title("The user said"), paragraph(text)]
        case BypassSeen(why=why, call_id=call):
            return [
                _alarm("Something ran around the guard"),
                said(BYPASSES[why]),
                _field("call", call or "no id"),
                said("Coverage counts it against the run; nothing later can undo it."),
            ]
        case GuardFailed(where=where, cause=cause):
            return [
                _alarm("The guard itself failed"),
                said("What it was deciding was denied."),
                _field("where", where),
                _field("cause", cause),
            ]
        case ProtocolBroken(why=why, line=line):
            return [_alarm("The agent broke the protocol"), said(why), paragraph(line)]
        case BudgetExhausted():
            return [_alarm("The budget for model auditors is spent")]
    return []


def _opened(event: Event, facts: RunFacts) -> list[Content]:
    return [
        _title(f"Run of {facts.agent}"),
        _field("task", facts.task or "not said"),
        _field("model", facts.model or "not declared"),
        _field("profile", f"{facts.profile}, {facts.mode}"),
        _field("tools", ", ".join(tool.name for tool in facts.tools) or "none declared"),
        _field("works in", facts.root or "unknown"),
        _field("opened", f"{event.at:%Y-%m-%d %H:%M:%S} UTC"),
        _field("rules", ", ".join(f"{pack.name} {pack.version}" for pack in facts.packs)),
        *([_field("hired by", facts.parent)] if facts.parent else []),
        *([_field("read from", facts.source.file)] if facts.source else []),
    ]


def _closed(event: Event, how: str, why: str, summary: RunSummary) -> list[Content]:
    decided = ", ".join(f"{count} {word}" for word, count in summary.decisions.items())
    share = summary.coverage.share
    covered = "no result" if share is None else (
        f"{share:.0%} of {summary.coverage.observed} results were reviewed first"
    )  # fmt: skip
    failures = ", ".join(f"{name} {count}" for name, count in summary.failures.items())
    return [
        _title(f"The run {how}"),
        _field("decided", f"{decided or 'nothing'}; {summary.held} held"),
        _field("coverage", covered),
        _field("auditors", str(summary.panel or summary.auditors)),
        *([_field("why", why)] if why else []),
        *([_field("failures", failures)] if failures else []),
        _field("closed", f"{event.at:%Y-%m-%d %H:%M:%S} UTC"),
        said((f"crossaudit verify {event.run}", "$tone-quiet")),
    ]


def _title(text: str) -> Content:
    return said((text, "bold $primary"))


def _alarm(text: str) -> Content:
    return said((f"! {text}", "$tone-alarm bold"))


def _field(name: str, *parts: Part) -> Content:
    return said((f"  {pad(name, 10)} ", "$tone-quiet"), *parts)
