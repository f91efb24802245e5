"""Conditions compiled: which calls they can hold for, and whether they do."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.commands import compile_command
from orchestrator.rules.expression import compile_expression
from orchestrator.rules.facets import Finding, Sub
from orchestrator.rules.keys import Key, find_keys
from orchestrator.rules.matchers import (
    Findings,
    Matcher,
    compile_argument,
    compile_number,
    compile_recipient,
    compile_secret,
    compile_sql,
    compile_text,
)
from orchestrator.rules.places import compile_deeds, compile_host, compile_path
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
    named: tuple[str, ...]
    """Patterns of the names of tools it can hold for; empty for all."""
    keys: frozenset[Key] | None
    """What a call shows one of wherever it holds; None if it may hold of any call."""


_NOTHING: Findings = ()


def compile_conditions(spec: Conditions, banks: Banks) -> Condition:
    """Compile conditions that must all hold."""
    kinds = None if "any" in spec.tools or not spec.tools else frozenset(map(str, spec.tools))
    named = tuple(plain_name(name) for name in spec.named)
    wanted: Labels = frozenset(spec.labels)
    find = _compile_finder(spec, banks)
    narrow = _compile_rest(spec, banks)

    def holds(call: Call, labels: Labels) -> Findings | None:
        if (kinds is not None and call.kind not in kinds) or not wanted <= labels:
            return None
        if named and not any(fnmatch.fnmatchcase(call.name, name) for name in named):
            return None
        found = find(call)
        return narrow(call, labels, found) if narrow is not None and found is not None else found

    return Condition(holds, kinds, named, find_keys(spec, banks))


def _compile_finder(spec: Conditions, banks: Banks) -> Callable[[Call], Findings | None]:
    """Compile the matchers; where a command is named, they look at what it does alone."""
    command = compile_command(spec.command, banks) if spec.command else None
    matchers = _compile_matchers(spec, banks)

    def find(call: Call) -> Findings | None:
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
        return found

    return find


def _compile_rest(
    spec: Conditions, banks: Banks
) -> Callable[[Call, Labels, Findings], Findings | None] | None:
    """Compile `any`, `none` and `when`; None where there is none of them."""
    either = [compile_conditions(one, banks) for one in spec.any]
    neither = [compile_conditions(one, banks) for one in spec.none]
    expression = compile_expression(spec.when) if spec.when else None
    if not either and not neither and expression is None:
        return None

    def narrow(call: Call, labels: Labels, found: Findings) -> Findings | None:
        if either:
            first = next((f for one in either if (f := one.holds(call, labels)) is not None), None)
            if first is None:
                return None
            found = first or found
        if any(one.holds(call, labels) is not None for one in neither):
            return None
        note = "" if expression is None else expression(call, labels)
        if note is None:
            return None
        return [Finding("", 0, 0, "", None, note)] if note else found

    return narrow


def _compile_matchers(spec: Conditions, banks: Banks) -> list[Matcher]:
    """Compile the matchers, cheap and general first: what the last one found is shown."""
    compiled: list[Matcher] = []
    if spec.does:
        compiled.append(compile_deeds(spec.does, banks))
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
