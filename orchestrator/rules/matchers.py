"""Typed matchers, compiled to closures: each looks at a call and says what it found."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.facets import Choice, Finding, Sub
from orchestrator.rules.patterns import compile_pattern
from orchestrator.rules.schema import (
    ArgumentMatch,
    Names,
    NumberMatch,
    RecipientMatch,
    SecretMatch,
    SqlMatch,
    TextMatch,
)
from orchestrator.rules.tools import plain_name

MAX_PLACES = 100
"""At most so many places of one pattern in one text are shown."""

Findings: TypeAlias = Sequence[Finding]
Matcher: TypeAlias = Callable[[Call, Sequence[Sub] | None], Findings]
"""Nothing found means that it does not hold. Where a rule names a command, the second argument is
the sub-commands it fits, and what they do is all that counts."""


def compile_recipient(match: RecipientMatch, banks: Banks) -> Matcher:
    """Compile the matcher of those a message goes to."""
    inside = None if match.domain_not_in is None else _lower(match.domain_not_in)
    wanted = _lower(match.domain_in)

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        found = call.recipients
        if match.more_than is not None and len(found) <= match.more_than:
            return ()
        if inside is not None:
            found = tuple(f for f in found if inside and _domain_of(f.text) not in {"", *inside})
        if wanted:
            found = tuple(f for f in found if _domain_of(f.text) in wanted)
        return [f._replace(detail=f"{_domain_of(f.text) or f.text}") for f in found]

    return find


def compile_secret(match: SecretMatch, banks: Banks) -> Matcher:
    """Compile the matcher of secrets and of their tokens."""
    kinds = frozenset(kind for kind in match.kind if not kind.startswith("!"))
    left_out = frozenset(kind[1:] for kind in match.kind if kind.startswith("!"))
    names = frozenset(map(plain_name, match.argument))

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        return [
            Finding(text.pointer, start, end, text.text[start:end], None, f"a secret: {kind}")
            for text, spans in call.secrets
            if not names or text.argument in names
            for kind, start, end in spans
            if kind not in left_out
            and (not kinds or kind in kinds)
            and (subs is None or any(_holds(sub, start, end) for sub in subs))
        ]

    return find


def compile_sql(match: SqlMatch, banks: Banks) -> Matcher:
    """Compile the matcher of SQL statements."""
    kinds = frozenset(match.statement)
    tables = _lower(match.table)

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        choice = Choice(subs)
        return [
            finding._replace(
                detail=statement.fault or f"{statement.kind} {', '.join(statement.tables)}"
            )
            for statement, finding in call.statements
            if (not kinds or statement.kind in kinds)
            and (match.unbounded is None or match.unbounded is statement.unbounded)
            and (not tables or not tables.isdisjoint(statement.tables))
            and (match.more_than_one is None or match.more_than_one is (statement.beside > 0))
            and (match.unknown is None or match.unknown is (statement.fault is not None))
            and choice.has(finding)
        ]

    return find


def compile_text(match: TextMatch, banks: Banks) -> Matcher:
    """Compile the matcher of patterns."""
    patterns = [(banks.texts.add(pattern), pattern) for pattern in match.like]
    names = frozenset(map(plain_name, match.argument))

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        return list(_search(call, subs))

    def _search(call: Call, subs: Sequence[Sub] | None) -> Iterator[Finding]:
        for text, known in call.known:
            if names and text.argument not in names:
                continue
            for number, pattern in patterns:
                if number in known:
                    yield from _locate(text.pointer, text.text, pattern, subs)

    return find


def compile_number(match: NumberMatch, banks: Banks) -> Matcher:
    """Compile the matcher of numbers."""
    names = frozenset(map(plain_name, match.argument))

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        found = []
        for known, number, finding in call.numbers:
            if names.isdisjoint(known):
                continue
            if match.asked is not None and match.asked != (number in call.asked):
                continue
            if match.above is not None and number > match.above:
                found.append(finding._replace(detail=f"{number:g} is above {match.above:g}"))
            elif match.below is not None and number < match.below:
                found.append(finding._replace(detail=f"{number:g} is below {match.below:g}"))
            elif match.above is None and match.below is None:
                found.append(finding)
        return found

    return find


def compile_argument(match: ArgumentMatch, banks: Banks) -> Matcher:
    """Compile the matcher of an argument's value."""
    names = frozenset(map(plain_name, match.name))

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        present = [(k, v) for k, v in call.action.arguments.items() if plain_name(k) in names]
        if match.missing:
            return () if present else (Finding("", 0, 0, ""),)
        return [
            Finding(f"/{name}", 0, len(str(value)), str(value))
            for name, value in present
            if not match.equals or any(_is_same(value, wanted) for wanted in match.equals)
        ]

    return find


def _locate(pointer: str, text: str, pattern: str, subs: Sequence[Sub] | None) -> Iterator[Finding]:
    for match in itertools.islice(compile_pattern(pattern).finditer(text), MAX_PLACES):
        start, end = match.span()
        if subs is None or any(_holds(sub, start, end) for sub in subs):
            yield Finding(pointer, start, end, text[start:end])


def _holds(sub: Sub, start: int, end: int) -> bool:
    return sub.base + sub.command.start <= start and end <= sub.base + sub.command.end


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].strip().lower() if "@" in address else ""


def _lower(names: Names) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _is_same(value: object, wanted: object) -> bool:
    return type(value) is type(wanted) and value == wanted
