"""Show of data as much as there is room for: starts and ends of texts, the first and last leaves.

How much of one leaf is shown depends on its place alone, never on what stands in the others:
whoever adds filler to one does not change what is seen of the rest.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import JsonValue

from orchestrator.auditors.model.encoding import show

DEEPEST = 10
LONGEST_KEY = 80
_LAST = 8
"""Leaves of the end that are shown where not all are."""
_STEPS = ((4, 1.0), (16, 0.2), (64, 0.04))
"""Up to which leaf what share of the room is shown."""
_LEAST = 60
LONGEST_NUMBER = 15
"""Digits above which a number is shown as text."""


class Excerpt(NamedTuple):
    """What is shown of a value, and how much is not."""

    value: JsonValue
    characters: int = 0
    """Left out of texts."""
    items: int = 0
    """Leaves left out."""

    @property
    def is_whole(self) -> bool:
        """Say whether all of it is shown."""
        return not self.characters and not self.items


def excerpt(value: JsonValue, room: int) -> Excerpt:
    """Return `value` with at most `room` characters of each of its first leaves, fewer of later."""
    reader = _Reader(_count(value), room)
    shown = reader.read(value, 0)
    return Excerpt(shown, reader.characters, reader.items)


def clip(text: str, longest: int) -> str:
    """Return `text` with its middle left out where it is longer than `longest`, and say so.

    Characters that take more room once they are escaped count for as much.
    """
    if len(text) <= longest and (text.isascii() or len(show(text)) <= 2 * longest):
        return text
    # Of what is hidden each character takes up to twelve: both ends are made to fit.
    ends = text[: longest // 2] + text[-(longest // 2) :]
    half = longest // 2 * len(ends) // max(len(ends), len(show(ends)))
    return f"{text[:half]}‹{len(text) - 2 * half} characters left out›{text[-half:]}"


def _count(value: JsonValue) -> int:
    """Return how many leaves there are."""
    leaves = 0
    waiting: list[JsonValue] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict) and one:
            waiting.extend(one.values())
        elif isinstance(one, list) and one:
            waiting.extend(one)
        else:
            leaves += 1
    return leaves


class _Reader:
    """Walk over the leaves in their order; those without room are counted."""

    def __init__(self, leaves: int, room: int) -> None:
        self._tail = max(_STEPS[-1][0], leaves - _LAST)
        self._room = room
        self._at = 0
        self.characters = 0
        self.items = 0

    def read(self, value: JsonValue, depth: int) -> JsonValue:
        if isinstance(value, (dict, list)) and value:
            if depth >= DEEPEST:
                return self._skip(value)
            return self._members(value, depth)
        return self._leaf(value)

    def _members(self, value: dict[str, JsonValue] | list[JsonValue], depth: int) -> JsonValue:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        kept: list[tuple[str, JsonValue]] = []
        for key, item in pairs:
            before = self._at
            if self._is_past() and not isinstance(item, (dict, list)):
                self._at += 1
                self.items += 1
                continue
            shown = self.read(item, depth + 1)
            if self._at > before and not (shown in ({}, []) and item):
                kept.append((str(key), shown))
        if isinstance(value, list):
            return [shown for _, shown in kept]
        named: dict[str, JsonValue] = {}
        for key, shown in kept:
            name = self._clip(key, LONGEST_KEY)
            named[name if name not in named else f"{name} ({len(named)})"] = shown
        return named

    def _leaf(self, value: JsonValue) -> JsonValue:
        room = self._room_here()
        self._at += 1
        if isinstance(value, (int, float)) and len(str(value)) > LONGEST_NUMBER:
            return str(value)
        return self._clip(value, room) if isinstance(value, str) else value

    def _skip(self, value: JsonValue) -> JsonValue:
        leaves = _count(value)
        self._at += leaves
        self.items += leaves
        return "‹nested too deep to show›"

    def _clip(self, text: str, longest: int) -> str:
        shown = clip(text, longest)
        if shown is not text:
            self.characters += max(1, len(text) - longest)
        return shown

    def _is_past(self) -> bool:
        return _STEPS[-1][0] <= self._at < self._tail

    def _room_here(self) -> int:
        share = next((share for upto, share in _STEPS if self._at < upto), _STEPS[-1][1])
        return max(_LEAST, int(self._room * share))
