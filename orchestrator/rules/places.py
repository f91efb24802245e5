"""Matchers of where a call reaches: files, hosts, and what the two come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import re2

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.facets import Choice, Contact, Finding, Sub, Touch
from orchestrator.rules.globs import compile_globs
from orchestrator.rules.matchers import Findings, Matcher
from orchestrator.rules.paths import Location, is_outside, locate
from orchestrator.rules.schema import Deed, HostMatch, PathMatch


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


def compile_deeds(deeds: Sequence[Deed], banks: Banks) -> Matcher:
    """Compile the matcher of what a call comes to: data leaves, or something is destroyed."""
    finders = [_FINDERS[deed] for deed in deeds]

    def find(call: Call, subs: Sequence[Sub] | None) -> Findings:
        found: Findings = ()
        choice = Choice(subs)
        for finder in finders:
            found = [one for one in finder(call) if choice.has(one)]
            if not found:
                return ()
        return found

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
    choice = Choice(subs)
    return facets if subs is None else [one for one in facets if choice.has(one.finding)]


def _host_pattern(name: str) -> str:
    """Turn `*.example.com` into RE2; a name stands for itself only."""
    return "[^.].*".join(re2.escape(part) for part in name.lower().split("*"))


def _describe(contact: Contact) -> str:
    written, host = contact.finding.text, contact.host
    marks = ", ".join(sorted(host.classes - {"address"}))
    shown = host.name if host.name in written else f"{written[:80]} is {host.name}"
    return f"{shown} ({marks})" if marks else shown
