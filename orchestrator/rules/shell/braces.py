"""Brace expansion: `a{b,c}d` and `{1..5}`."""

from __future__ import annotations

from itertools import pairwise

_MAX_BRACES = 32
_MAX_SEQUENCE = 1000


def expand_braces(text: str, limit: int) -> list[str] | None:
    """Return the words `text` stands for, itself if it has no braces; None if above `limit`."""
    if text.count("{") > _MAX_BRACES:
        return None
    found = _find(text)
    if found is None:
        return [text]
    start, end, alternatives = found
    if len(alternatives) > limit:
        return None
    heads: list[str] = []
    for alternative in alternatives:
        words = expand_braces(alternative, limit)
        if words is None or len(heads) + len(words) > limit:
            return None
        heads.extend(words)
    tails = expand_braces(text[end:], limit)
    if tails is None or len(heads) * len(tails) > limit:
        return None
    return [text[:start] + head + tail for head in heads for tail in tails]


def _find(text: str) -> tuple[int, int, list[str]] | None:
    """Return the span and the alternatives of the first brace that expands."""
    start = text.find("{")
    while start >= 0:
        end, commas = _match(text, start)
        if end:
            cuts = [start, *commas, end - 1]
            inner = [text[a + 1 : b] for a, b in pairwise(cuts)]
            alternatives = inner if commas else _sequence(inner[0])
            if alternatives:
                return start, end, alternatives
        start = text.find("{", start + 1)
    return None


def _match(text: str, start: int) -> tuple[int, list[int]]:
    """Return where the brace at `start` ends (0 if it does not) and its own commas."""
    depth = 0
    commas: list[int] = []
    for at in range(start, len(text)):
        char = text[at]
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if not depth:
                return at + 1, commas
        elif char == "," and depth == 1:
            commas.append(at)
    return 0, []


def _sequence(text: str) -> list[str]:
    parts = text.split("..")
    if len(parts) not in (2, 3):
        return []
    try:
        step = abs(int(parts[2])) if len(parts) == 3 else 1
        if len(parts[0]) == len(parts[1]) == 1 and not (parts[0] + parts[1]).isdigit():
            return [chr(n) for n in _range(ord(parts[0]), ord(parts[1]), step)]
        return [str(n) for n in _range(int(parts[0]), int(parts[1]), step)]
    except ValueError:
        return []


def _range(first: int, last: int, step: int) -> range:
    step = step or 1
    whole = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    return whole[:_MAX_SEQUENCE]
