"""Prepare a line for the grammar, so that it reads what the shell would read.

The grammar of tree-sitter-bash sees one byte a code point. Where it and bash differ without an
error being reported, the bytes are changed, never their number; texts are always taken from the
line itself. Changed are: characters that are blanks for the grammar and letters for bash,
continued lines inside a word, `#` and braces inside a word, and here-documents, which become plain
input redirections (the grammar loses what follows the operator on its line).
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

_BLANK = " \t\n"
_BREAKS = frozenset(" \t\n;&|()<>")
_TRICKY = ("<<", "\\\n", "#", "{", "\r", "\v", "\f", "\0")
_SPECIAL = frozenset("\\`$\"'(){}#<\n")
_LETTERS = bytes(ord(".") if chr(i) in "\r\v\f\0" else i for i in range(256))


class HereDocument(NamedTuple):
    """The body of a `<<`, as a span of the line."""

    start: int
    end: int
    literal: bool
    """True if the delimiter was quoted: nothing in the body is expanded."""
    strip_tabs: bool


class Layout(NamedTuple):
    """What the grammar is given."""

    source: bytes
    """One byte for each code point of the line."""
    documents: dict[int, HereDocument]
    """Here-documents by the offset of their operator."""
    weight: int
    """How much of the line is structure: code points outside quotes, comments and blanks."""


def lay_out(line: str, *, body: bool = False) -> Layout:
    """Return what the grammar is to read; `body` means an expanded here-document's text."""
    source = line.encode("ascii", _MASK)
    if not body and source.isascii() and not any(mark in line for mark in _TRICKY):
        return Layout(source, {}, len(line))
    source = source.replace(b"\r\n", b" \n").translate(_LETTERS)
    scanner = _Scanner(line, source, body)
    scanner.scan()
    return Layout(bytes(scanner.source), scanner.documents, len(line) - scanner.skipped)


class _Pending(NamedTuple):
    at: int
    delimiter: str
    literal: bool
    strip_tabs: bool


class _Scanner:
    """Walk over a line knowing only quotes, nesting, comments and here-documents."""

    def __init__(self, line: str, source: bytes, body: bool) -> None:
        self.line = line
        self.text = source.decode("ascii")
        self.source = bytearray(source)
        self.documents: dict[int, HereDocument] = {}
        self.pending: list[_Pending] = []
        self.stack: list[str] = ["H"] if body else [""]
        self.braces = 0
        self.skipped = 0

    def scan(self) -> None:
        text, at, end = self.text, 0, len(self.text)
        while at < end:
            at = self._step(text[at], at) if text[at] in _SPECIAL else at + 1

    def _step(self, char: str, at: int) -> int:
        """Return where to go on after the special character at `at`."""
        top = self.stack[-1]
        if char == "\\":
            return self._escape(at, top)
        if char == "$":
            return self._dollar(at, top)
        if char == "`":
            return self._backtick(at)
        if char == '"':
            return self._double_quote(at, top)
        if top in ('"', "H"):
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
        return self._read_documents(at) if self.pending else at + 1

    def _escape(self, at: int, top: str) -> int:
        if self.text[at + 1 : at + 2] != "\n" or top in ('"', "H"):
            return at + 2
        before = chr(self.source[at - 1]) if at else " "
        after = self.text[at + 2 : at + 3] or " "
        joins = before not in _BREAKS and after not in _BREAKS
        self.source[at : at + 2] = b".." if joins else b"  "
        return at + 2

    def _dollar(self, at: int, top: str) -> int:
        text = self.text
        following = text[at + 1 : at + 2]
        if following == "'" and top not in ('"', "H"):
            return self._ansi_quote(at + 2)
        if text.startswith("((", at + 1):
            self.stack.append("A")
            return at + 3
        if following == "(":
            self.stack.append("$")
            return at + 2
        if following == "{":
            self.stack.append("}")
            # `#` and `!` are operators here, not a comment
            return at + 3 if text[at + 2 : at + 3] in ("#", "!") else at + 2
        return at + 2 if following in ("#", "$") else at + 1

    def _backtick(self, at: int) -> int:
        if "`" in self.stack:
            while self.stack.pop() != "`":
                pass
        else:
            self.stack.append("`")
        return at + 1

    def _double_quote(self, at: int, top: str) -> int:
        if top == '"':
            self.stack.pop()
        elif top == "H":
            self.source[at] = ord(".")
        else:
            self.stack.append('"')
        return at + 1

    def _single_quote(self, at: int) -> int:
        if self.stack[-1] == "}" and any(quote in self.stack for quote in ('"', "H")):
            return at + 1
        end = self.text.find("'", at + 1)
        return self._skip(at, end + 1 if end >= 0 else len(self.text))

    def _ansi_quote(self, at: int) -> int:
        end = at
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        return self._skip(at, end + 1)

    def _skip(self, at: int, end: int) -> int:
        self.skipped += end - at
        return end

    def _parenthesis(self, char: str, at: int, top: str) -> int:
        if char == "(":
            double = self.text.startswith("((", at) and top != "A"
            self.stack.append("A" if double else "(")
            return at + 2 if double else at + 1
        if top in ("(", "$"):
            self.stack.pop()
        elif top == "A":
            self.stack.pop()
            return at + 2
        return at + 1

    def _brace(self, char: str, at: int, top: str) -> int:
        if char == "}":
            if top == "}":
                self.stack.pop()
            elif self.braces:
                self.braces -= 1
                self.source[at] = ord(".")
        elif self.text[at + 1 : at + 2] not in ("", *_BREAKS):
            self.braces += 1
            self.source[at] = ord(".")
        return at + 1

    def _hash(self, at: int, top: str) -> int:
        if top in ("}", "A"):
            return at + 1
        if at and chr(self.source[at - 1]) not in _BREAKS and self.text[at - 1] != "`":
            self.source[at] = ord(".")
            return at + 1
        ends = [self.text.find("\n", at)]
        if "`" in self.stack:
            ends.append(self.text.find("`", at))
        return self._skip(at, min((end for end in ends if end >= 0), default=len(self.text)))

    def _less(self, at: int, top: str) -> int:
        if not self.text.startswith("<<", at) or top in ("}", "A"):
            return at + 1
        if self.text.startswith("<<<", at):
            return at + 3
        strip_tabs = self.text.startswith("-", at + 2)
        start = at + 3 if strip_tabs else at + 2
        while self.text[start : start + 1] in (" ", "\t"):
            start += 1
        end, delimiter, literal = _read_delimiter(self.line, start)
        if delimiter is None:
            return end
        self.source[at : at + 3 if strip_tabs else at + 2] = b"<  " if strip_tabs else b"< "
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
        self.source[at + 1 : after] = b" " * (after - at - 1)
        return self._skip(at + 1, after)

    def _find_end(self, start: int, pending: _Pending) -> tuple[int, int]:
        """Return where the body ends and where its delimiter ends."""
        line, at, joined = self.line, start, False
        while at < len(line):
            end = line.find("\n", at)
            end = len(line) if end < 0 else end
            first = at
            if pending.strip_tabs:
                while line[first : first + 1] == "\t":
                    first += 1
            row = line[first:end]
            if not joined:
                if row == pending.delimiter:
                    return at, end
                if self.stack[-1] == "$" and row.startswith(pending.delimiter):
                    rest = row[len(pending.delimiter) :]
                    if ")" in rest:
                        return at, first + len(pending.delimiter)
            joined = not pending.literal and (len(row) - len(row.rstrip("\\"))) % 2 == 1
            at = end + 1
        return len(line), len(line)


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


_MASK = "crossaudit.letters"


def _mask(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "." * (error.end - error.start), error.end


codecs.register_error(_MASK, _mask)
