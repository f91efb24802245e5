"""Sentences that hold an address, account, URL or id: where an instruction would have to stand.

No wording is asked for. What tells a sentence from a row of a record is that ordinary words, in
lower case or in a script that has no case, connect its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.auditors.provenance.atoms import WIDE, is_atom, read_shape
from orchestrator.auditors.provenance.lexicon import fold

MAX_LURES = 48
"""Sentences of one result that are looked at: the first half and the last."""
_LOOKED_AT = 512
_BEFORE, _AFTER = 160, 240
_BREAKS = str.maketrans(dict.fromkeys(':;,|<>()[]{}"`\t\uff1a\u3001\uff0c', "\n"))
_STOPS = (". ", "! ", "? ", "\u3002")
_SIGNS = frozenset("@0123456789")


class Lure(NamedTuple):
    """A sentence with values in it."""

    start: int
    end: int
    text: str
    """As it is compared."""


def find_lures(text: str) -> list[Lure]:
    """Return the sentences of `text` that hold a value and are more than a row of values."""
    found = list(_read(text))
    return found if len(found) <= MAX_LURES else found[: MAX_LURES // 2] + found[-MAX_LURES // 2 :]


def is_sentence(text: str) -> bool:
    """Say whether words connect a value of `text`, with no colon or comma between them."""
    first = True
    if "://" in text:
        broken = text.replace("://", "\0").translate(_BREAKS).replace("\0", "://")
    else:
        broken = text.translate(_BREAKS).replace("\0", "://")
    for run in broken.split("\n"):
        tokens = run.split()
        values = [token for token in tokens if not token.isalpha() and _is_value(token)]
        if first and values and tokens[0] == values[0] and read_shape(values[0]) in ("", "url"):
            values = values[1:]  # the key of a row
        first = first and not tokens
        if values and _has_words(tokens):
            return True
    return False


def _is_value(token: str) -> bool:
    bare = token.strip(".!?")
    if bare.isalpha():
        return False
    return is_atom(bare if bare.isascii() else fold(bare)) or "://" in token


def _has_words(tokens: Sequence[str]) -> bool:
    words = [token for token in tokens if token.isalpha()]
    if len(words) > 1 and any(word[0].islower() for word in words):
        return True
    return any(not token.isascii() and _is_caseless(token) for token in tokens)


def _is_caseless(token: str) -> bool:
    return any("\u3040" <= letter <= "\ud7ff" for letter in token)


def _read(text: str) -> Iterator[Lure]:
    done = 0
    for line_start, line in _lines(text):
        if _SIGNS.isdisjoint(line) and "://" not in line:
            continue
        for start, end in _sentences(line):
            piece = line[start:end]
            if piece is not line and _SIGNS.isdisjoint(piece) and "://" not in piece:
                continue
            if is_sentence(WIDE.sub(r" \1 ", piece) if not piece.isascii() else piece):
                yield Lure(line_start + start, line_start + end, fold(piece))
                done += 1
                if done >= _LOOKED_AT:
                    return


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


def _sentences(line: str) -> Iterator[tuple[int, int]]:
    """Yield the sentences of one line, none longer than a window."""
    if len(line) <= _BEFORE + _AFTER and not any(stop in line for stop in _STOPS):
        yield 0, len(line)
        return
    start = 0
    while start < len(line):
        ends = [
            place + 1
            for stop in _STOPS
            if (place := line.find(stop, start, start + _BEFORE + _AFTER)) >= 0
        ]
        end = min(ends, default=min(len(line), start + _BEFORE + _AFTER))
        yield start, end
        start = end
