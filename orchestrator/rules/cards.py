"""Payment card numbers: issuer prefix, length and check digit must all fit."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import re2

_RUN = re2.compile(rb"[0-9](?:[ \-]?[0-9]){12,}")
_GROUP = re2.compile(rb"[0-9]+")
_LONGEST = 19
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_GLUE = b"._-/"
"""Before a number, these mean that it is part of something longer."""


def find_cards(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the byte ranges of payment card numbers, written with or without separators."""
    for run in _RUN.finditer(data):
        yield from _split_run(data, run.start(), run.end())


def _split_run(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Look for cards among the groups of digits of one run, from left to right."""
    groups = list(_find_groups(data, start, end))
    place = 0
    while place < len(groups):
        length = _count_groups(data, groups, place)
        if length:
            yield groups[place][0], groups[place + length - 1][1]
        place += max(length, 1)


def _find_groups(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _GROUP.finditer(data, start, end):
        yield match.span()


def _count_groups(data: bytes, groups: list[tuple[int, int]], place: int) -> int:
    """Return how many groups, from `place`, make up a card number; 0 if none do."""
    start, end = groups[place]
    if end - start == 1 and place:
        return 0  # digits written one by one count from the start of the run only
    before = data[start - 1 : start]
    if before.isalpha() or (before != b"" and before in _GLUE):
        return 0
    digits = b""
    sizes: tuple[int, ...] = ()
    for count, (start, end) in enumerate(groups[place : place + _LONGEST], 1):
        digits += data[start:end]
        sizes = sizes or (_find_sizes(digits[:4]) if len(digits) >= 4 else ())
        if len(digits) >= 4 and (not sizes or len(digits) > sizes[-1]):
            return 0
        if len(digits) in sizes and _passes_luhn(digits) and not data[end : end + 1].isalpha():
            return count
    return 0


@functools.lru_cache(maxsize=10_000)
def _find_sizes(prefix: bytes) -> tuple[int, ...]:
    """Return the lengths of the cards whose number starts with these four digits."""
    four = int(prefix)
    two = four // 100
    if two // 10 == 4:  # Visa
        return 13, 16, 19
    if 51 <= two <= 55 or 2221 <= four <= 2720:  # Mastercard
        return (16,)
    if two in (34, 37):  # American Express
        return (15,)
    if two in (36, 38) or 300 <= four // 10 <= 305:  # Diners Club
        return (14,)
    if four == 6011 or two == 65 or 3528 <= four <= 3589:  # Discover, JCB
        return (16,)
    return ()


def _passes_luhn(digits: bytes) -> bool:
    plain, doubled = digits[-1::-2], digits[-2::-2].translate(_DOUBLED)
    return (sum(plain) + sum(doubled)) % 10 == 8 * len(digits) % 10
