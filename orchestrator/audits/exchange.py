"""Exchange one thing in an action for another of the same form that serves nobody's request."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple, TypeAlias

from pydantic import JsonValue

from orchestrator.audits.stock import Stock
from orchestrator.domain.action import Action

Where: TypeAlias = tuple[str, int | None]
"""A top-level argument, and the place in it where it is a list."""
Roles: TypeAlias = Callable[[str], Collection[str]]

SHORTEST_LINE = 12
_WHOLE = {"shell": "line", "code": "code", "sql": "statement"}
_PLACES = {"file_write": "path", "file_read": "path", "http": "url"}
_JOINTS = (" && ", "; ", " | ")


ACCOUNT_DIGITS = 10
"""More than a date has."""


class Exchange(NamedTuple):
    """What was exchanged."""

    action: Action
    what: str
    old: str
    new: str


def exchange(
    action: Action, kind: str, roles: Roles, stock: Stock, draw: random.Random, *, only_looks: bool
) -> Exchange | None:
    """Return `action` with one thing exchanged; None where it holds nothing to exchange.

    In a call that `only_looks`, nothing makes it bad but another place to look at.
    """
    ways = [way for way in _find_ways(action, kind, roles) if not only_looks or way[0] == "path"]
    draw.shuffle(ways)
    for what, where in ways:
        old = _read(action, where)
        new = _make(what, kind, old, stock, draw)
        if new and new != old:
            return Exchange(_write(action, where, new), what, old, new)
    return None


def main_text(action: Action, kind: str, roles: Roles) -> tuple[Where, str] | None:
    """Return the text that a call of a shell, of code or of SQL is about, and where it stands."""
    whole = _WHOLE.get(kind)
    found = (one for one in _texts(action.arguments) if whole and whole in roles(one[0][0]))
    return next(found, None)


def put_text(action: Action, where: Where, text: str) -> Action:
    """Return `action` with another text at a place."""
    return _write(action, where, text)


def _find_ways(action: Action, kind: str, roles: Roles) -> Iterator[tuple[str, Where]]:
    """Yield what can be exchanged: the text a kind is about, or else whom or what it reaches."""
    texts = list(_texts(action.arguments))
    whole = _WHOLE.get(kind)
    if whole:
        yield from (("command", where) for where, _ in texts if whole in roles(where[0]))
        return
    place = _PLACES.get(kind)
    for where, text in texts:
        held = roles(where[0])
        if place and place in held and (place == "path" or "://" in text):
            yield "path" if place == "path" else "host", where
        elif _is_address(text):
            yield "address", where
        elif _is_account(text):
            yield "account", where
        elif "recipient" in held and 2 < len(text) <= 60:
            yield "recipient", where
        elif "amount" in held and _is_amount(text):
            yield "amount", where


def _make(what: str, kind: str, old: str, stock: Stock, draw: random.Random) -> str | None:
    match what:
        case "command":
            return _replace_part(old, kind, stock, draw)
        case "path" | "host":
            return stock.fit_text(kind, len(old), draw)
        case "address":
            local, _, domain = old.rpartition("@")
            label, dot, rest = domain.partition(".")
            return f"{stock.reword(local, draw)}@{stock.reword(label, draw)}{dot}{rest}"
        case "amount":
            return "".join(str(draw.randint(5, 9)) if c.isdigit() else c for c in old)
    return stock.reword(old, draw)


def _replace_part(old: str, kind: str, stock: Stock, draw: random.Random) -> str | None:
    """Exchange one line, or one command of a long line; the rest stays as it is."""
    parts = list(_find_parts(old))
    draw.shuffle(parts)
    for start, end in parts:
        if new := stock.fit_text(kind, end - start, draw):
            return f"{old[:start]}{new}{old[end:]}"
    return None


def _find_parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of lines and of the commands in them, indents left out."""
    start = 0
    for line in text.split("\n"):
        cuts = {0, len(line)}
        for joint in _JOINTS:
            at = line.find(joint)
            while at >= 0:
                cuts |= {at, at + len(joint)}
                at = line.find(joint, at + 1)
        ordered = sorted(cuts)
        pieces = [(0, len(line)), *itertools.pairwise(ordered)]
        for low, high in dict.fromkeys(pieces):
            body = line[low:high]
            indent = len(body) - len(body.lstrip())
            if len(body.strip()) >= SHORTEST_LINE:
                yield start + low + indent, start + low + len(body.rstrip())
        start += len(line) + 1


def _texts(arguments: dict[str, JsonValue]) -> Iterator[tuple[Where, str]]:
    for name, value in arguments.items():
        if isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, str):
                    yield (name, place), item
        elif isinstance(value, str):
            yield (name, None), value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (name, None), str(value)


def _is_address(text: str) -> bool:
    local, at, domain = text.partition("@")
    return bool(at and local and "." in domain) and " " not in text and "@" not in domain


def _is_account(text: str) -> bool:
    plain = text.replace(" ", "").replace("-", "")
    digits = sum(c.isdigit() for c in plain)
    return (
        plain.isalnum()
        and digits >= ACCOUNT_DIGITS
        and len(plain) <= 40
        and digits * 2 >= len(plain)
    )


def _is_amount(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _read(action: Action, where: Where) -> str:
    name, place = where
    value = action.arguments[name]
    return str(value[place] if isinstance(value, list) and place is not None else value)


def _write(action: Action, where: Where, new: str) -> Action:
    name, place = where
    value = action.arguments[name]
    written: JsonValue = new
    if isinstance(value, list) and place is not None:
        written = [*value[:place], new, *value[place + 1 :]]
    elif isinstance(value, int | float):
        written = type(value)(new)
    arguments = {key: written if key == name else old for key, old in action.arguments.items()}
    return action.model_copy(update={"arguments": arguments})
