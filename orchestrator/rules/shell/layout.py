"""Lay a line out for the grammar: we read quotes, it reads structure.

What lies inside quotes, escapes, comments and here-documents is where tree-sitter-bash and bash
disagree without an error being reported: a backslash at the beginning of a line makes one command
of two, one at its end makes two words of one. So the grammar is not shown such places: it is given
a skeleton with one byte for each code point of the line, in which they are filled with dots or
blanks, and here-documents are plain input redirections. Texts are always taken from the line
itself, by offset.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_BREAKS = frozenset(" \t\n;&|()<>")
_QUIET = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_./=:,+@%^~*?[]|&;>!"
)
_SPECIAL = frozenset("\\`$\"'(){}#<\n")
_QUOTES = ('"', "H")
_LETTER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_NAMES = _LETTER | frozenset("@*#?$!-({'\"")
_WORDS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./ "
_NESTING = {b"if": 1, b"case": 1, b"do": 1, b"{": 1, b"fi": -1, b"esac": -1, b"done": -1, b"}": -1}
_CONTINUES = ([b"&&"], [b"||"], [b"|"])
_LETTERS = bytes(ord(".") if chr(i) in "\r\v\f\0" else i for i in range(256))


MAX_OPERATORS = 1024


class HereDocument(NamedTuple):
    """The body of a `<<`, as a span of the line."""

    start: int
    end: int
    literal: bool
    """True if the delimiter was quoted: nothing in the body is expanded."""
    strip_tabs: bool


class Piece(NamedTuple):
    """A part of a skeleton; what is before it is blank."""

    skeleton: bytes
    is_whole: bool
    """False if what follows had to be left out."""


class Layout(NamedTuple):
    """What the grammar is given."""

    skeleton: bytes
    """One byte for each code point of the line."""
    documents: dict[int, HereDocument]
    """Here-documents by the offset of their operator."""
    is_closed: bool = True
    """Whether every quote and bracket closes."""
    rows: tuple[int, ...] = ()
    """Offsets of the line ends that are outside quotes and brackets."""

    def is_heavy(self) -> bool:
        """Say whether there are more operators than the grammar can take at once."""
        return len(self.skeleton) > MAX_OPERATORS < _count(self.skeleton)

    def pieces(self) -> Iterator[Piece]:
        """Yield the skeleton in parts that the grammar can take, each at its own offset.

        What the grammar needs to recover from an error grows with more than the square of the
        number of operators, and cannot be stopped; so a part has few of them.
        """
        skeleton = self.skeleton
        if not self.is_heavy():
            yield Piece(skeleton, True)
            return
        start, operators, depth = 0, 0, 0
        for previous, row in pairwise((0, *self.rows, len(skeleton))):
            line = skeleton[previous:row]
            words = line.replace(b";", b" ").split()
            operators += _count(line)
            depth += sum(_NESTING.get(word, 0) for word in words)
            if operators > MAX_OPERATORS // 2 and depth <= 0 and words[-1:] not in _CONTINUES:
                yield _cut(skeleton, start, row)
                start, operators, depth = row, 0, 0
        yield _cut(skeleton, start, len(skeleton))


def lay_out(line: str, *, body: bool = False) -> Layout:
    """Return what the grammar is to read; `body` means an expanded here-document's text."""
    if not body and _QUIET.issuperset(line):
        return Layout(line.encode(), {}, rows=tuple(n for n, c in enumerate(line) if c == "\n"))
    skeleton = line.encode("ascii", _MASK).replace(b"\r\n", b" \n").translate(_LETTERS)
    scanner = _Scanner(line, skeleton, "H" if body else "")
    scanner.scan()
    closed = len(scanner.stack) == 1
    return Layout(bytes(scanner.skeleton), scanner.documents, closed, tuple(scanner.rows))


class _Pending(NamedTuple):
    at: int
    delimiter: str
    literal: bool
    strip_tabs: bool


class _Scanner:
    """Walk over a line knowing only quotes, nesting, comments and here-documents."""

    def __init__(self, line: str, skeleton: bytes, outermost: str) -> None:
        self.line = line
        self.text = skeleton.decode("ascii")
        self.skeleton = bytearray(skeleton)
        self.documents: dict[int, HereDocument] = {}
        self.pending: list[_Pending] = []
        self.stack: list[str] = [outermost]
        """What closes each open quote or bracket; `A` is arithmetic, `H` a here-document."""
        self.opened: list[int] = [0]
        self.braces = 0
        self.rows: list[int] = []

    def scan(self) -> None:
        text, at, plain, end = self.text, 0, 0, len(self.text)
        while at < end:
            if text[at] not in _SPECIAL:
                at += 1
                continue
            if self.stack[-1] in _QUOTES:
                self._fill(plain, at)
            plain = at = self._step(text[at], at)
        if self.stack[-1] in _QUOTES:
            self._fill(plain, at)

    def _step(self, char: str, at: int) -> int:
        """Return where to go on after the special character at `at`."""
        top = self.stack[-1]
        if char == "\\":
            return self._escape(at, top)
        if char == "$":
            return self._dollar(at, top)
        if char == "`":
            return self._backtick(at, top)
        if char == '"':
            return self._double_quote(at, top)
        if top in _QUOTES:
            return at + 1
        return self._code(char, at, top)

    def _code(self, char: str, at: int, top: str) -> int:
        if char == "'":
            return self._single_quote(at)
        if char in "()":
            return self._parenthesis(char, at, top)
        if char in "{}":
            return self._brace(char, at, top)
        if char == "#":
            return self._hash(at, top)
        if char == "<":
            return self._less(at, top)
        if len(self.stack) == 1:
            self.rows.append(at)
        return self._read_documents(at) if self.pending else at + 1

    def _open(self, closer: str, at: int, width: int) -> int:
        self.stack.append(closer)
        self.opened.append(at)
        return at + width

    def _close(self, at: int, width: int = 1) -> int:
        self.stack.pop()
        self.opened.pop()
        return at + width

    def _fill(self, start: int, end: int, letter: bytes = b".") -> int:
        self.skeleton[start:end] = letter * (min(end, len(self.text)) - start)
        return end

    def _escape(self, at: int, top: str) -> int:
        if self.text[at + 1 : at + 2] != "\n" or top in _QUOTES:
            return self._fill(at, at + 2)
        before = chr(self.skeleton[at - 1]) if at else " "
        after = self.text[at + 2 : at + 3] or " "
        joins = before not in _BREAKS and after not in _BREAKS
        return self._fill(at, at + 2, b"." if joins else b" ")

    def _dollar(self, at: int, top: str) -> int:
        text = self.text
        following = text[at + 1 : at + 2]
        if following not in _NAMES or not following or (following in "'\"" and top in _QUOTES):
            return self._fill(at, at + 1)
        if following == "'":
            return self._ansi_quote(at + 2)
        if text.startswith("((", at + 1):
            return self._open("A", at, 3)
        if following == "(":
            return self._open("$", at, 2)
        if following == "{":
            # `#` and `!` are operators here, not a comment
            return self._open("}", at, 3 if text[at + 2 : at + 3] in ("#", "!") else 2)
        end = at + 2
        while top in _QUOTES and text[at + 1] in _LETTER and text[end : end + 1] in _LETTER:
            end += 1
        return end

    def _backtick(self, at: int, top: str) -> int:
        if top == "`":
            return self._close(at)
        end = at + 1
        while end < len(self.text) and self.text[end] != "`":
            end += 2 if self.text[end] == "\\" else 1
        if "\\" in self.text[at:end]:
            return self._fill(at + 1, end) + 1  # it is read again once its escapes are undone
        return self._open("`", at, 1)

    def _double_quote(self, at: int, top: str) -> int:
        if top == '"':
            return self._close(at)
        if top == "H":
            return self._fill(at, at + 1)
        return self._open('"', at, 1)

    def _single_quote(self, at: int) -> int:
        if self.stack[-1] == "}" and not set(_QUOTES).isdisjoint(self.stack):
            return at + 1
        end = self.text.find("'", at + 1)
        if end < 0:
            self.stack.append("'")
            end = len(self.text)
        return self._fill(at + 1, end) + 1

    def _ansi_quote(self, start: int) -> int:
        end = start
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        return self._fill(start, end) + 1

    def _parenthesis(self, char: str, at: int, top: str) -> int:
        if char == "(":
            double = self.text.startswith("((", at) and top != "A"
            return self._open("A" if double else "(", at, 2 if double else 1)
        if top == "A":
            return self._close(at, 2)
        if top in ("(", "$") and not self._is_pattern(at):
            return self._close(at)
        return at + 1

    def _is_pattern(self, at: int) -> bool:
        """Say whether the `)` at `at` ends a pattern of a `case` and not what is open."""
        inside = self.text[self.opened[-1] + 1 : at]
        if "case" not in inside:
            return False
        words = inside.replace(";", " ").replace("(", " ").split()
        return words.count("case") > words.count("esac")

    def _brace(self, char: str, at: int, top: str) -> int:
        if char == "}":
            if top == "}":
                return self._close(at)
            if self.braces:
                self.braces -= 1
                return self._fill(at, at + 1)
        elif self.text[at + 1 : at + 2] not in ("", *_BREAKS):
            self.braces += 1
            return self._fill(at, at + 1)
        return at + 1

    def _hash(self, at: int, top: str) -> int:
        if top in ("}", "A"):
            return at + 1
        if at and chr(self.skeleton[at - 1]) not in _BREAKS and self.text[at - 1] != "`":
            return self._fill(at, at + 1)
        ends = [self.text.find("\n", at), self.text.find("`", at) if "`" in self.stack else -1]
        end = min((end for end in ends if end >= 0), default=len(self.text))
        return self._fill(at, end, b" ")

    def _less(self, at: int, top: str) -> int:
        if top in ("}", "A"):
            return at + 1
        if self.text.startswith("<<<", at):
            return self._fill(at + 1, at + 3, b" ")
        if self.text.startswith("<>", at):
            self.skeleton[at : at + 2] = b"> "
            return at + 2
        if not self.text.startswith("<<", at):
            return at + 1
        strip_tabs = self.text.startswith("-", at + 2)
        start = at + 3 if strip_tabs else at + 2
        while self.text[start : start + 1] in (" ", "\t"):
            start += 1
        end, delimiter, literal = _read_delimiter(self.line, start)
        if delimiter is None:
            return end
        self._fill(at + 1, start, b" ")
        self._fill(start, end)
        self.pending.append(_Pending(at, delimiter, literal, strip_tabs))
        return end

    def _read_documents(self, at: int) -> int:
        after = at
        for pending in self.pending:
            start = min(after + 1, len(self.line))
            end, after = self._find_end(start, pending)
            document = HereDocument(start, end, pending.literal, pending.strip_tabs)
            self.documents[pending.at] = document
        self.pending.clear()
        # the newline before the bodies stays, and so does the one after the last delimiter
        return self._fill(at + 1, after, b" ")

    def _find_end(self, start: int, pending: _Pending) -> tuple[int, int]:
        """Return where the body ends and where its delimiter ends."""
        line, row = self.line, start
        while row < len(line):
            end = self._row_end(row, pending.literal)
            text = line[row:end] if pending.literal else line[row:end].replace("\\\n", "")
            text = text.lstrip("\t") if pending.strip_tabs else text
            if text == pending.delimiter:
                return row, end
            if self.stack[-1] == "$" and text.startswith(pending.delimiter) and ")" in text:
                return row, end - len(text) + len(pending.delimiter)
            row = end + 1
        return len(line), len(line)

    def _row_end(self, start: int, literal: bool) -> int:
        """Return the end of the row; a backslash continues it unless the body is literal."""
        end = self.line.find("\n", start)
        while not literal and end >= 0 and _is_escaped(self.line, start, end):
            end = self.line.find("\n", end + 1)
        return end if end >= 0 else len(self.line)


def _is_escaped(line: str, start: int, at: int) -> bool:
    row = line[start:at]
    return (len(row) - len(row.rstrip("\\"))) % 2 == 1


def _read_delimiter(line: str, start: int) -> tuple[int, str | None, bool]:
    """Return where the delimiter word ends, its text without quotes, and whether it had any."""
    at, letters, literal = start, [], False
    while at < len(line) and line[at] not in _BREAKS:
        char = line[at]
        if char in "'\"":
            end = line.find(char, at + 1)
            if end < 0:
                return at, None, False
            letters.append(line[at + 1 : end])
            at, literal = end + 1, True
        elif char == "\\":
            letters.append(line[at + 1 : at + 2])
            at, literal = at + 2, True
        elif char in "$`":
            return at, None, False
        else:
            letters.append(char)
            at += 1
    return at, "".join(letters) if at > start else None, literal


def _count(skeleton: bytes) -> int:
    return len(skeleton.translate(None, _WORDS))


def _cut(skeleton: bytes, start: int, end: int) -> Piece:
    part = skeleton[start:end]
    if _count(part) <= MAX_OPERATORS:
        return Piece(b" " * start + part, True)
    while _count(part) > MAX_OPERATORS:
        part = part[: len(part) // 2]
    return Piece(b" " * start + part, False)


_MASK = "crossaudit.letters"


def _mask(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "." * (error.end - error.start), error.end


codecs.register_error(_MASK, _mask)
