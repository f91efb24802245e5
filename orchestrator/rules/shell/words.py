"""Resolve a word of the grammar into what the shell would make of it.

The order is the shell's: braces, then parameters, then field splitting, then globs (which are
only noticed: what they match is not known), then quotes. A part that cannot be resolved stays as
written and makes the word unknown.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from orchestrator.rules.shell.braces import expand_braces
from orchestrator.rules.shell.command import Word
from orchestrator.rules.shell.parameters import expand_parameter
from orchestrator.rules.shell.scope import Scope
from orchestrator.rules.shell.syntax import Kind, Part, Substitution, Written

_ACTIVE = frozenset("*?[{")
_MAX_FIELDS = 256

LITERAL, QUOTED, SPLIT, OPEN, BREAK = range(5)
# unquoted text; quoted text; an unquoted value, to be split; unresolved; the end of a field


class Piece(NamedTuple):
    """A part of a word."""

    kind: int
    text: str


class Output(NamedTuple):
    """What a substitution gives: its text where that can be told, and who wrote it."""

    text: str | None
    sources: tuple[str, ...]


class Expander(ABC):
    """Expand the words of one text under one scope."""

    __slots__ = ("scope", "sources", "text")

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.sources: list[str] = []
        """Programs whose output went into the words of the command being read."""

    @abstractmethod
    def substitute(self, inner: Substitution) -> Output:
        """Walk the commands of a substitution."""

    @abstractmethod
    def hold(self, words: int) -> None:
        """Count words that are made. Raises Exhausted."""

    @abstractmethod
    def spend(self, size: int) -> bool:
        """Count `size` characters made by expansion; False when there were too many."""

    def expand(self, written: Written) -> list[Word]:
        """Return the words that `written` becomes: none, one or many."""
        start, end, plain, parts = written
        if plain is not None:
            if _ACTIVE.isdisjoint(plain):
                return [Word(plain, True, start, end)]
            pieces = [Piece(LITERAL, plain)]
        else:
            pieces = list(self.pieces(parts))
        separators = self._separators()
        words = [
            Word(text, known, start, end)
            for alternative in expand_pieces(pieces)
            for text, known in split_fields(alternative, separators)
        ]
        self.hold(len(words))
        return words

    def value(self, written: Written) -> Word:
        """Return the one word that `written` becomes where nothing is split, as in `x=$y`."""
        if written.plain is not None:
            return Word(written.plain, True, written.start, written.end)
        text, known = "", True
        for piece in self.pieces(written.parts):
            text += " " if piece.kind == BREAK else piece.text
            known = known and piece.kind != OPEN
        return Word(text, known, written.start, written.end)

    def values(self, words: Sequence[Written]) -> None:
        """Walk what is substituted in `words`, which are nothing but looked at."""
        self.hold(len(words))
        for word in words:
            self.value(word)

    def pieces(self, parts: Iterable[Part]) -> Iterator[Piece]:
        """Resolve parameters and substitutions."""
        for part in parts:
            kind, text, quoted, inner = part
            if kind is Kind.LITERAL:
                yield Piece(LITERAL, text)
            elif kind is Kind.QUOTED:
                yield Piece(QUOTED, text)
            elif kind is Kind.PARAMETER:
                yield from self._parameter(part)
            else:
                output = self.visit(inner)
                if output is None or kind is Kind.OTHER:
                    yield Piece(OPEN, text)
                else:
                    yield Piece(QUOTED if quoted else SPLIT, output.rstrip("\n"))

    def visit(self, substitutions: Iterable[Substitution]) -> str | None:
        """Walk `substitutions` and return what the last one writes, if that can be told."""
        text = None
        for inner in substitutions:
            text, sources = self.substitute(inner)
            self.sources += sources
        return text

    def _separators(self) -> str:
        """Return the characters that split fields; empty if they cannot be told."""
        variable = self.scope.variables.get("IFS")
        if variable is None:
            return " \t\n"
        return variable.fields[0] if variable.known and variable.fields else ""

    def _parameter(self, part: Part) -> Iterator[Piece]:
        self.visit(part.inner)
        fields, known, separate, sources = expand_parameter(part.text, self.scope)
        self.sources += sources
        if not self.spend(sum(map(len, fields))):
            fields, known = (), False
        if not known:
            yield Piece(OPEN, " ".join(fields) or part.text)
        elif part.quoted and not separate:
            yield Piece(QUOTED, " ".join(fields))
        else:
            for number, field in enumerate(fields):
                if number:
                    yield Piece(BREAK, "")
                yield Piece(QUOTED if part.quoted else SPLIT, field)


def expand_pieces(pieces: list[Piece]) -> list[list[Piece]]:
    """Expand braces in the literal pieces; the others stand for themselves."""
    if not any(piece.kind == LITERAL and "{" in piece.text for piece in pieces):
        return [pieces]
    others: list[Piece] = []
    coded = ""
    for piece in pieces:
        if piece.kind == LITERAL:
            coded += piece.text
        else:
            coded += chr(_PLACE + len(others))
            others.append(piece)
    words = expand_braces(coded, _MAX_FIELDS)
    if words is None:
        return [[Piece(OPEN, "".join(piece.text for piece in pieces))]]
    return [list(_decode(word, others)) for word in words]


_PLACE = 0xF0000  # a private plane of Unicode


def _decode(coded: str, others: list[Piece]) -> Iterator[Piece]:
    text = ""
    for char in coded:
        place = ord(char) - _PLACE
        if 0 <= place < len(others):
            yield Piece(LITERAL, text)
            yield others[place]
            text = ""
        else:
            text += char
    yield Piece(LITERAL, text)


def split_fields(pieces: list[Piece], separators: str) -> Iterator[tuple[str, bool]]:
    """Yield the text of each field, and whether all of it is known."""
    text, known, started = "", True, False
    for kind, part in pieces:
        if kind == SPLIT:
            if _is_glob(part):
                known = False
            *rows, last = _split(part, separators)
            for row in rows:
                if row or text or started:
                    yield text + row, known
                text, started = "", False
            text += last
        elif kind == BREAK:
            if text or started:
                yield text, known
            text, known, started = "", True, False
        else:
            started = started or kind in (QUOTED, OPEN)
            if kind == OPEN or (kind == LITERAL and _is_glob(part)):
                known = False
            text += part
    if text or started:
        yield text, known


def _split(text: str, separators: str) -> list[str]:
    for char in separators[1:]:
        text = text.replace(char, separators[0])
    return text.split(separators[0]) if separators else [text]


def _is_glob(text: str) -> bool:
    return "*" in text or "?" in text or "]" in text.partition("[")[2]
