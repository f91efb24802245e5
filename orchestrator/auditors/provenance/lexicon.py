"""Word lists of several languages, compiled: which families of wordings occur in a text, and where.

Letters lose their accents first, in patterns and texts alike, because RE2 knows word boundaries for
ASCII only. One letter stays one letter, so that places in a text hold.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import re2

from orchestrator.rules.patterns import check_pattern, compile_pattern
from orchestrator.rules.secrets import encode

MAX_PLACES = 40
"""At most so many places of one pattern in one text are looked at."""

_MAX_MEMORY = 128 << 20
_ASCII = 128
_IS_WORD = [chr(code).isalnum() for code in range(_ASCII)]


class Place(NamedTuple):
    """Where a wording stands."""

    start: int
    end: int
    family: str


class Lexicon:
    """Patterns by family."""

    def __init__(self, families: Mapping[str, Iterable[str]]) -> None:
        """Compile; raise ValueError where RE2 cannot read a pattern."""
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._patterns: list[tuple[str, re2._Regexp]] = []
        for family, patterns in families.items():
            for pattern in patterns:
                written = _prepare(pattern)
                check_pattern(written)
                self._set.Add(written)
                self._patterns.append((family, compile_pattern(written)))
        if self._patterns:
            self._set.Compile()

    def families(self, text: str) -> frozenset[str]:
        """Return the families that occur in `text`."""
        return frozenset(
            self._patterns[number][0] for number in self._match(encode(strip_accents(text)))
        )

    def find(
        self, text: str, is_enough: Callable[[frozenset[str]], bool] | None = None
    ) -> list[Place]:
        """Return where each family occurs in `text`, in order; none if they are not enough."""
        data = encode(strip_accents(text))
        numbers = self._match(data)
        if is_enough and not is_enough(frozenset(self._patterns[n][0] for n in numbers)):
            return []
        places: list[Place] = []
        for number in numbers:
            family, pattern = self._patterns[number]
            for match in itertools.islice(pattern.finditer(data), MAX_PLACES):
                start, end = match.span()
                while start < end - 1 and data[start] < _ASCII and not _IS_WORD[data[start]]:
                    start += 1  # a pattern may take in what stands before the word
                places.append(Place(start, end, family))
        places.sort()
        return places if len(data) == len(text) else _in_characters(data, places)

    def _match(self, data: bytes) -> list[int]:
        return (self._set.Match(data) or []) if self._patterns else []


def _in_characters(data: bytes, places: Sequence[Place]) -> list[Place]:
    """Turn offsets of bytes into offsets of characters, in one pass."""
    offsets = sorted({offset for place in places for offset in place[:2]})
    known: dict[int, int] = {}
    before = count = 0
    for offset in offsets:
        count += len(data[before:offset].decode("utf-8", "ignore"))
        known[offset], before = count, offset
    return [Place(known[start], known[end], family) for start, end, family in places]


def strip_accents(text: str) -> str:
    """Return `text` with Latin letters bare, each still one character."""
    return text if text.isascii() else text.translate(_BARE)


def fold(text: str) -> str:
    """Return `text` as it is compared: bare lower-case letters, single spaces."""
    return " ".join(lower(text).split())


def lower(text: str) -> str:
    """Return `text` in bare lower-case letters, without what cannot be seen."""
    return text.lower() if text.isascii() else text.translate(_VISIBLE).lower()


def _prepare(pattern: str) -> str:
    """Let a space outside of a class stand for any white space, and set the flags."""
    written: list[str] = []
    in_class = False
    for place, character in enumerate(strip_accents(pattern)):
        if character in "[]" and pattern[place - 1 : place] != "\\":
            in_class = character == "["
        if character == " " and not in_class:
            following = pattern[place + 1 : place + 2]
            written.append(r"\s" if following in ("*", "+", "?") else r"\s+")
        else:
            written.append(character)
    return f"(?im){''.join(written)}"


def _make_bare() -> dict[int, str]:
    bare = {
        ord("ß"): "s",
        ord("ø"): "o",
        ord("Ø"): "O",
        ord("ł"): "l",
        ord("æ"): "a",
        ord("œ"): "o",
    }
    for code in range(0xC0, 0x250):
        first = unicodedata.normalize("NFD", chr(code))[0]
        if first.isascii():
            bare.setdefault(code, first)
    bare[ord("’")] = "'"
    return bare


_BARE = _make_bare()
_INVISIBLE = (0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A),
              0xFEFF, *range(0xE0000, 0xE0080))  # fmt: skip
_VISIBLE: dict[int, str | None] = {**_BARE, **dict.fromkeys(_INVISIBLE)}
