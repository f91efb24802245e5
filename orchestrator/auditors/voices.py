"""The words of a turn, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import JsonValue

from orchestrator.domain.action import Action, Justification, Turn

MOST_TEXTS = 256
"""Strings of one call's arguments that are read."""
LONGEST_JOINED = 16_384


class Voice(NamedTuple):
    """Something the agent said."""

    source: str
    """`message`, `reasoning`, `justification` or `arguments`."""
    text: str


def spoken(turn: Turn) -> list[Voice]:
    """Return what the agent said of its turn as a whole."""
    voices = []
    if turn.message:
        voices.append(Voice("message", turn.message))
    if turn.reasoning:
        voices.append(Voice("reasoning", turn.reasoning))
    if turn.justification is not None:
        voices.extend(justified(turn.justification))
    return voices


def justified(given: Justification) -> Iterator[Voice]:
    """Yield the free text of a justification."""
    for text in (given.intent, *given.conditions[:32], *given.expected_effects[:32]):
        if text:
            yield Voice("justification", text)


def argued(action: Action) -> str:
    """Return the strings among the arguments, a line each, as far as they are read."""
    lines: list[str] = []
    room = LONGEST_JOINED
    for text in strings_of(action.arguments):
        lines.append(text[:room])
        room -= len(text)
        if room <= 0 or len(lines) >= MOST_TEXTS:
            break
    return "\n".join(lines)


def strings_of(value: JsonValue) -> Iterator[str]:
    """Yield every string below `value`, in its order, without the keys."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
