"""What a rule needs to see before it can hold, and what a call shows: the index between the two.

A rule is looked at only for calls that show one of its keys: a program it names, a pattern that
occurs, a path that fits. That keeps a check short however many rules there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.commands import read_program
from orchestrator.rules.globs import glob_pattern
from orchestrator.rules.paths import Location
from orchestrator.rules.patterns import PatternBank
from orchestrator.rules.schema import CommandMatch, Conditions, PathMatch
from orchestrator.rules.shell import Command

Key: TypeAlias = tuple[str, str | int]
"""What it is about (program, wrapper, code, text, path, has), and which."""

_FACETS = {
    "host": "contacts",
    "sql": "statements",
    "recipient": "recipients",
    "number": "numbers",
    "secret": "secrets",
}
"""Matchers that need nothing but that the call has any of what they look at."""

_HAVING = ("subs", "touches", *_FACETS.values())
_ANY_PATH: Key = ("path", "*")


def find_keys(spec: Conditions, banks: Banks) -> frozenset[Key] | None:
    """Return keys of which a call shows one wherever `spec` holds; None if there are none."""
    if spec.command is not None:
        return frozenset(_command_keys(spec.command))
    if spec.text is not None:
        return frozenset(("text", banks.texts.add(pattern)) for pattern in spec.text.like)
    for name, facet in _FACETS.items():
        if getattr(spec, name) is not None:
            return frozenset({("has", facet)})
    if spec.path is not None:
        return frozenset(_path_keys(spec.path, banks))
    if spec.any:
        keys = [find_keys(one, banks) for one in spec.any]
        return None if None in keys else frozenset().union(*(key or () for key in keys))
    return None


def read_keys(call: Call, wanted: frozenset[str]) -> Iterator[Key]:
    """Yield what `call` shows; only of what `wanted` says that some rule asks about it."""
    for sub in call.subs:
        yield from _show_command(sub.command)
    if "text" in wanted:
        yield from (("text", number) for _, numbers in call.known for number in numbers)
    if "path" in wanted:
        for touch in call.touches:
            yield from _show_path(touch.location, call.banks.paths)
            if touch.wild:
                yield _ANY_PATH
            if touch.real is not None:
                yield from _show_path(touch.real, call.banks.paths)
    for facet in _HAVING:
        if facet in wanted and getattr(call, facet):
            yield "has", facet


def _show_command(command: Command) -> Iterator[Key]:
    if command.program is not None:
        yield from (("program", name) for name in read_program(command.program))
    yield from (("wrapper", wrapper.split(" ", 1)[0]) for wrapper in command.wrappers)
    yield from (("code", source) for source in command.code_from)


def _show_path(place: Location, bank: PatternBank) -> Iterator[Key]:
    yield from (("path", number) for number in bank.matches(place.full))
    if place.short != place.full:
        yield from (("path", number) for number in bank.matches(place.short))


def _command_keys(match: CommandMatch) -> Iterator[Key]:
    if match.program:
        yield from (("program", name.split()[0]) for name in match.program)
    elif match.code_from:
        yield from (("code", name) for name in match.code_from)
    elif match.wrapper:
        yield from (("wrapper", name) for name in match.wrapper)
    else:
        yield "has", "subs"


def _path_keys(match: PathMatch, banks: Banks) -> Iterator[Key]:
    if not match.like:
        yield "has", "touches"
        return
    yield _ANY_PATH
    yield from (("path", banks.paths.add(glob_pattern(glob))) for glob in match.like)
