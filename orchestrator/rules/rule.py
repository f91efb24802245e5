"""A compiled rule, and the hit it makes of what it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.domain.verdict import Effect, Hit, Span
from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.changes import Maker, compile_change
from orchestrator.rules.conditions import Condition, compile_conditions
from orchestrator.rules.facets import Finding
from orchestrator.rules.flow import Limit, Pattern, compile_limit, compile_pattern_of
from orchestrator.rules.schema import RuleSpec

SHOWN = 200
"""Longest text of a span that a hit quotes."""


class Rule(NamedTuple):
    """A rule ready to run; `number` is its place among all rules."""

    number: int
    spec: RuleSpec
    pack: str
    condition: Condition
    pattern: Pattern | None
    limit: Limit | None
    change: Maker | None

    def make_hit(self, call: Call, found: Sequence[Finding], note: str | None = None) -> Hit:
        """Return the hit; a change that cannot be made safely becomes an escalation."""
        spec = self.spec
        effect: Effect = spec.effect
        detail = note or next((finding.detail for finding in found if finding.detail), None)
        patches = self.change(call, found) if self.change else ()
        if patches is None:
            effect, patches = "escalate", ()
            detail = f"{detail}; it cannot be changed safely" if detail else "cannot be changed"
        if call.identity.how.startswith("taken for"):
            detail = f"{detail}; {call.identity.how}" if detail else call.identity.how
        first = found[0] if found else None
        return Hit(
            action=call.action.id,
            rule=spec.id,
            clause=spec.clause,
            effect=effect,
            reason=spec.reason,
            span=_make_span(first) if first and first.pointer else None,
            subcommand=first.sub.command.text[:SHOWN] if first and first.sub else None,
            detail=detail[:SHOWN] if detail else None,
            patches=patches,
            approvals=spec.approvals,
        )


def compile_rule(number: int, spec: RuleSpec, pack: str, banks: Banks) -> Rule:
    """Compile a rule; raise ValueError for a pattern that RE2 cannot read."""
    return Rule(
        number=number,
        spec=spec,
        pack=pack,
        condition=compile_conditions(spec.then or spec, banks),
        pattern=compile_pattern_of(spec, banks),
        limit=compile_limit(spec.limit),
        change=compile_change(spec.change) if spec.change else None,
    )


def _make_span(finding: Finding) -> Span:
    return Span(
        path=finding.pointer, start=finding.start, end=finding.end, text=finding.text[:SHOWN]
    )
