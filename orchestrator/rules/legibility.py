"""What no rule file can switch off: a call that cannot be read is never allowed."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.domain.value import TOO_DEEP
from orchestrator.domain.verdict import Hit, Span
from orchestrator.rules.arguments import MAX_TEXTS
from orchestrator.rules.call import Call

CLAUSE = "legible-actions"
_SHOWN = 200
_LANGUAGES = ("shell", "code", "sql")


def find_illegible(call: Call) -> Iterator[Hit]:
    """Yield an escalation for each thing in `call` that cannot be understood."""
    if call.action.malformed is not None:
        yield _escalate(call, "malformed-call", "The call cannot be read", call.action.malformed)
    if len(call.texts) >= MAX_TEXTS:
        yield _escalate(call, "oversized-call", "The call is too large to judge", None)
    if any(text.text == TOO_DEEP for text in call.texts):
        yield _escalate(call, "nested-call", "The arguments are nested too deep to judge", None)
    if call.kind not in _LANGUAGES:
        return
    for finding in call.unknown:
        span = Span(path=finding.pointer, start=0, end=finding.end, text=finding.text[:_SHOWN])
        reason = "What the shell line would run cannot be told"
        yield _escalate(call, "unreadable-shell", reason, finding.detail, span)
    for statement, finding in call.statements:
        if statement.fault is not None:
            span = Span(
                path=finding.pointer,
                start=finding.start,
                end=finding.end,
                text=finding.text[:_SHOWN],
            )
            reason = "What the SQL statement would do cannot be told"
            yield _escalate(call, "unreadable-sql", reason, statement.fault, span)


def _escalate(
    call: Call, rule: str, reason: str, detail: str | None, span: Span | None = None
) -> Hit:
    return Hit(
        action=call.action.id,
        rule=f"built-in.{rule}",
        clause=CLAUSE,
        effect="escalate",
        reason=reason,
        span=span,
        detail=detail,
    )
