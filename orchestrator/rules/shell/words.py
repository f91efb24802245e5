"""Resolve a word of the grammar into what the shell would make of it.

The order is the shell's: braces, then parameters, then field splitting, then globs (which are
only noticed: what they match is not known), then quotes. A part that cannot be resolved stays as
written and makes the word unknown.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from orchestrator.rules.shell.braces import expand_braces
from orchestrator.rules.shell.command import Word
from orchestrator.rules.shell.parameters import expand_parameter
from orchestrator.rules.shell.quotes import decode_ansi, strip_escapes, unescape_double
from orchestrator.rules.shell.scope import Scope

_ACTIVE = frozenset("\\*?[{}~$`'\"")
_GLOB = frozenset("*?[")
_MAX_FIELDS = 256

LITERAL, QUOTED, SPLIT, OPEN, BREAK = range(5)
# unquoted text; quoted text; an unquoted value, to be split; unresolved; the end of a field


class Piece(NamedTuple):
    """A part of a word."""

    kind: int
    text: str


class Substitution(NamedTuple):
    """What a `$( )` gives: its output where that can be told, and who wrote it."""

    output: str | None
    sources: tuple[str, ...]


class Expander(ABC):
    """Expand the words of one text under one scope."""

    __slots__ = ("scope", "sources", "text")

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.sources: list[str] = []
        """Programs whose output went into the words expanded since this was last cleared."""

    @abstractmethod
    def substitute(self, node: Node) -> Substitution:
        """Walk the commands of a `$( )`, a backtick pair or a `<( )`."""

    @abstractmethod
    def spend(self, size: int) -> bool:
        """Count `size` characters made by expansion; False when there were too many."""

    def expand(self, node: Node) -> list[Word]:
        """Return the words that `node` becomes: none, one or many."""
        start, end = node.start_byte, node.end_byte
        text = self.text[start:end]
        kind = node.type
        if kind in ("word", "number") and _ACTIVE.isdisjoint(text):
            return [Word(text, True, start, end)]
        if kind == "raw_string":
            return [Word(text[1:-1], True, start, end)]
        if kind == "string" and "\\" not in text and "$" not in text and "`" not in text:
            return [Word(text[1:-1], True, start, end)]
        pieces = list(self._pieces(node))
        separators = self.separators()
        return [
            Word(*word, start, end)
            for alternative in expand_pieces(pieces)
            for word in split_fields(alternative, separators)
        ]

    def value(self, node: Node) -> Word:
        """Return the one word that `node` becomes where nothing is split, as in `x=$y`."""
        start, end = node.start_byte, node.end_byte
        text, known = "", True
        for piece in self._pieces(node):
            text += " " if piece.kind == BREAK else piece.text
            known = known and piece.kind != OPEN
        return Word(text, known, start, end)

    def separators(self) -> str:
        """Return the characters that split fields; empty if they cannot be told."""
        variable = self.scope.variables.get("IFS")
        if variable is None:
            return " \t\n"
        return variable.fields[0] if variable.known and variable.fields else ""

    def _pieces(self, node: Node, quoted: bool = False) -> Iterator[Piece]:
        kind = node.type
        text = self.text[node.start_byte : node.end_byte]
        if kind in ("word", "number", "brace_expression", "extglob_pattern", "regex"):
            yield from _literal(text)
        elif kind == "raw_string":
            yield Piece(QUOTED, text[1:-1])
        elif kind == "ansi_c_string":
            yield Piece(QUOTED, decode_ansi(text[2:-1]))
        elif kind == "string":
            yield Piece(QUOTED, "")
            yield from self.double_quoted(node, 1)
        elif kind == "translated_string":
            yield from self._pieces(node.children[-1])
        elif kind in ("simple_expansion", "expansion"):
            yield from self._parameter(node, text, quoted)
        elif kind == "command_substitution":
            yield from self._substituted(node, text, quoted)
        elif kind in ("concatenation", "command_name", "variable_name"):
            yield from self._concatenated(node)
        elif kind == "$":
            yield Piece(LITERAL, text)
        elif kind == "process_substitution":
            self.sources.extend(self.substitute(node).sources)
            yield Piece(OPEN, text)
        else:
            self.visit(node)
            yield Piece(OPEN, text)

    def _concatenated(self, node: Node) -> Iterator[Piece]:
        at = node.start_byte
        for child in node.children:
            if child.start_byte > at:
                yield from _literal(self.text[at : child.start_byte])
            at = child.end_byte
            yield from self._pieces(child)
        if at < node.end_byte:
            yield from _literal(self.text[at : node.end_byte])

    def double_quoted(self, node: Node, shift: int) -> Iterator[Piece]:
        """Yield the pieces between two double quotes.

        The grammar drops some blanks next to expansions, so literal text is what lies between
        the expansions, not what its nodes say.
        """
        at = node.start_byte + shift
        for child in node.children:
            if child.type in _EXPANSIONS:
                yield Piece(QUOTED, unescape_double(self.text[at : child.start_byte]))
                yield from self._pieces(child, quoted=True)
                at = child.end_byte
        yield Piece(QUOTED, unescape_double(self.text[at : node.end_byte - shift]))

    def _substituted(self, node: Node, text: str, quoted: bool) -> Iterator[Piece]:
        output, sources = self.substitute(node)
        self.sources.extend(sources)
        if output is None:
            yield Piece(OPEN, text)
        else:
            yield Piece(QUOTED if quoted else SPLIT, output.rstrip("\n"))

    def _parameter(self, node: Node, text: str, quoted: bool) -> Iterator[Piece]:
        if "`" in text or "$(" in text or "<(" in text:
            self.visit(node)
        fields, known, separate, sources = expand_parameter(text, self.scope)
        self.sources.extend(sources)
        if not self.spend(sum(map(len, fields))):
            fields, known = (), False
        if not known:
            yield Piece(OPEN, " ".join(fields) or text)
        elif quoted and not separate:
            yield Piece(QUOTED, " ".join(fields))
        else:
            for number, field in enumerate(fields):
                if number:
                    yield Piece(BREAK, "")
                yield Piece(QUOTED if quoted else SPLIT, field)

    def visit(self, node: Node) -> None:
        """Walk the substitutions anywhere below `node`."""
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if node.type in ("command_substitution", "process_substitution"):
                self.sources.extend(self.substitute(node).sources)
            else:
                waiting.extend(reversed(node.children))


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
            if not _GLOB.isdisjoint(part):
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
            if kind == OPEN or (kind == LITERAL and not _GLOB.isdisjoint(part)):
                known = False
            text += part
    if text or started:
        yield text, known


def _split(text: str, separators: str) -> list[str]:
    for char in separators[1:]:
        text = text.replace(char, separators[0])
    return text.split(separators[0]) if separators else [text]


def _literal(text: str) -> Iterator[Piece]:
    if "\\" not in text:
        yield Piece(LITERAL, text)
        return
    for quoted, part in strip_escapes(text):
        yield Piece(QUOTED if quoted else LITERAL, part)


_EXPANSIONS = frozenset(
    ("simple_expansion", "expansion", "command_substitution", "arithmetic_expansion")
)
