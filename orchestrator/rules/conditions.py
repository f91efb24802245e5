"""Conditions compiled: which calls they can hold for, and whether they do."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.commands import compile_command, first_words
from orchestrator.rules.facets import Finding, Sub
from orchestrator.rules.matchers import (
    Findings,
    Matcher,
    compile_argument,
    compile_host,
    compile_number,
    compile_path,
    compile_recipient,
    compile_secret,
    compile_sql,
    compile_text,
)
from orchestrator.rules.schema import Conditions, Label
from orchestrator.rules.tools import plain_name

Labels: TypeAlias = frozenset[Label]
Test: TypeAlias = Callable[[Call, Labels], Findings | None]
"""None where the conditions do not hold; what they found, perhaps nothing to point at, if so."""


class Condition(NamedTuple):
    """Compiled conditions, and the index they are found by."""

    holds: Test
    kinds: frozenset[str] | None
    """Kinds of tools it can hold for; None for all."""
    programs: frozenset[str] | None
    """Programs one of which a shell line must run; None if that does not matter."""


_NOTHING: Findings = ()


def compile_conditions(spec: Conditions, banks: Banks) -> Condition:
    """Compile matchers that must all hold."""
    matchers = _compile_matchers(spec, banks)
    command = compile_command(spec.command, banks) if spec.command else None
    kinds = None if "any" in spec.tools or not spec.tools else frozenset(map(str, spec.tools))
    named = tuple(plain_name(name) for name in spec.named)
    wanted: Labels = frozenset(spec.labels)
    either = [compile_conditions(one, banks) for one in spec.any]
    neither = [compile_conditions(one, banks) for one in spec.none]

    def holds(call: Call, labels: Labels) -> Findings | None:
        if kinds is not None and call.kind not in kinds:
            return None
        if named and not any(fnmatch.fnmatchcase(call.name, name) for name in named):
            return None
        if not wanted <= labels:
            return None
        found = _NOTHING
        subs: Sequence[Sub] | None = None
        if command is not None:
            subs = command(call)
            if not subs:
                return None
            found = [_point_at(sub) for sub in subs]
        for matcher in matchers:
            found = matcher(call, subs)
            if not found:
                return None
        if either:
            first = next((f for one in either if (f := one.holds(call, labels)) is not None), None)
            if first is None:
                return None
            found = first or found
        if any(one.holds(call, labels) is not None for one in neither):
            return None
        return found

    programs = first_words(spec.command) if spec.command else None
    return Condition(holds, kinds, programs)


def _compile_matchers(spec: Conditions, banks: Banks) -> list[Matcher]:
    """Compile the matchers, cheap and general first: what the last one found is shown."""
    compiled: list[Matcher] = []
    if spec.argument:
        compiled.append(compile_argument(spec.argument, banks))
    if spec.recipient:
        compiled.append(compile_recipient(spec.recipient, banks))
    if spec.host:
        compiled.append(compile_host(spec.host, banks))
    if spec.sql:
        compiled.append(compile_sql(spec.sql, banks))
    if spec.path:
        compiled.append(compile_path(spec.path, banks))
    if spec.text:
        compiled.append(compile_text(spec.text, banks))
    if spec.number:
        compiled.append(compile_number(spec.number, banks))
    if spec.secret:
        compiled.append(compile_secret(spec.secret, banks))
    return compiled


def _point_at(sub: Sub) -> Finding:
    command = sub.command
    start, end = command.start, command.end
    return Finding(sub.pointer, sub.base + start, sub.base + end, sub.line[start:end], sub)
