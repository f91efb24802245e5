"""Typed matchers, compiled to closures: each looks at a call and says what it found."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import re2

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.facets import Contact, Finding, Sub, Touch
from orchestrator.rules.globs import compile_globs
from orchestrator.rules.paths import Location, is_outside, locate
from orchestrator.rules.patterns import compile_pattern
from orchestrator.rules.schema import (
    ArgumentMatch,
    Deed,
    HostMatch,
    Names,
    NumberMatch,
    PathMatch,
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


def compile_path(match: PathMatch, banks: Banks) -> Matcher:
    """Compile the matcher of files and folders."""
    access = frozenset(match.access)
    not_by = frozenset(match.not_by)
    like = compile_globs(match.like, banks.paths)
    not_like = compile_globs(match.not_like, banks.paths)
    spare = compile_globs(match.spare, banks.paths)

    def fits(touch: Touch) -> bool:
        return not (
            (access and touch.access not in access)
            or (match.unresolved is not None and match.unresolved is touch.resolved)
            or (match.linked is not None and match.linked is not (touch.real is not None))
            or (not_by and touch.finding.sub and touch.finding.sub.command.program in not_by)
        )

    def lies(places: Sequence[Location], root: str | None, wild: bool) -> bool:
        is_like = any(like.covers(place) for place in places) if like else True
        if not is_like and not (wild and like.may_cover(places[-1])):
            return False
        if not_like and not_like.covers(places[0]):
            return False
        is_spared = spare and spare.covers(places[0])
        return not is_spared or bool(root and spare.covers(locate(root, None)))

    def holds(touch: Touch, root: str | None) -> str | None:
        """Return what is shown of the path, None if it does not fit."""
        places = (touch.location,) if touch.real is None else (touch.real, touch.location)
        if not fits(touch) or not lies(places, root, touch.wild):
            return None
        if match.outside is None:
            return places[0].full
        if root is None or not touch.resolved:
            return None
        outside = next((place.full for place in places if is_outside(place.full, root)), None)
        if match.outside is (outside is None):
            return None
        return f"{outside} is outside {root}" if outside else places[0].full

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        return [
            touch.finding._replace(detail=detail)
            for touch in _chosen(call.touches, subs)
            if (detail := holds(touch, call.root)) is not None
        ]

    return find


def compile_host(match: HostMatch, banks: Banks) -> Matcher:
    """Compile the matcher of hosts."""
    like = frozenset(banks.hosts.add(_host_pattern(name)) for name in match.like)
    listed = "not_like" in match.model_fields_set
    not_like = frozenset(banks.hosts.add(_host_pattern(name)) for name in match.not_like)
    classes = frozenset(match.is_)
    excluded = frozenset(match.is_not)
    schemes = frozenset(match.scheme)

    def holds(contact: Contact) -> bool:
        host = contact.host
        if match.sends is not None and match.sends is not contact.sends:
            return False
        if not excluded.isdisjoint(host.classes):
            return False
        if (classes and classes.isdisjoint(host.classes)) or (
            schemes and host.scheme not in schemes
        ):
            return False
        if like or listed:
            known = banks.hosts.matches(host.name)
            if (like and like.isdisjoint(known)) or (listed and not not_like):
                return False
            return not_like.isdisjoint(known)
        return True

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        return [
            contact.finding._replace(detail=_describe(contact))
            for contact in _chosen(call.contacts, subs)
            if holds(contact)
        ]

    return find


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
            and (subs is None or finding.sub in subs)
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
            if match.above is not None and number > match.above:
                found.append(finding._replace(detail=f"{number:g} is above {match.above:g}"))
            elif match.below is not None and number < match.below:
                found.append(finding._replace(detail=f"{number:g} is below {match.below:g}"))
            elif match.above is None and match.below is None:
                found.append(finding)
        return found

    return find


def compile_deeds(deeds: Sequence[Deed], banks: Banks) -> Matcher:
    """Compile the matcher of what a call comes to: data leaves, or something is destroyed."""
    finders = [_FINDERS[deed] for deed in deeds]

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        found: Findings = ()
        for finder in finders:
            found = [one for one in finder(call) if subs is None or one.sub in subs]
            if not found:
                return ()
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


def _find_egress(call: Call) -> Iterator[Finding]:
    if call.kind in ("mail", "message"):
        yield Finding("", 0, 0, "", None, f"a {call.kind} goes out")
    for contact in call.contacts:
        if contact.sends and "loopback" not in contact.host.classes:
            yield contact.finding._replace(detail=f"data goes to {contact.host.name}")


def _find_destruction(call: Call) -> Iterator[Finding]:
    for touch in call.touches:
        if touch.access == "delete":
            yield touch.finding._replace(detail=f"{touch.location.full} is deleted")
    for statement, finding in call.statements:
        if statement.kind in ("delete", "drop", "truncate"):
            yield finding._replace(detail=f"{statement.kind} {', '.join(statement.tables)}")


_FINDERS: dict[Deed, Callable[[Call], Iterator[Finding]]] = {
    "egress": _find_egress,
    "destructive": _find_destruction,
}
_Facet = TypeVar("_Facet", Touch, Contact)


def _chosen(facets: Sequence[_Facet], subs: Sequence[Sub] | None) -> Sequence[_Facet]:
    return facets if subs is None else [one for one in facets if one.finding.sub in subs]


def _locate(pointer: str, text: str, pattern: str, subs: Sequence[Sub] | None) -> Iterator[Finding]:
    for match in itertools.islice(compile_pattern(pattern).finditer(text), MAX_PLACES):
        start, end = match.span()
        if subs is None or any(_holds(sub, start, end) for sub in subs):
            yield Finding(pointer, start, end, text[start:end])


def _holds(sub: Sub, start: int, end: int) -> bool:
    return sub.base + sub.command.start <= start and end <= sub.base + sub.command.end


def _host_pattern(name: str) -> str:
    """Turn `*.example.com` into RE2; a name stands for itself only."""
    return "[^.].*".join(re2.escape(part) for part in name.lower().split("*"))


def _describe(contact: Contact) -> str:
    written, host = contact.finding.text, contact.host
    marks = ", ".join(sorted(host.classes - {"address"}))
    shown = host.name if host.name in written else f"{written[:80]} is {host.name}"
    return f"{shown} ({marks})" if marks else shown


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].strip().lower() if "@" in address else ""


def _lower(names: Names) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _is_same(value: object, wanted: object) -> bool:
    return type(value) is type(wanted) and value == wanted
