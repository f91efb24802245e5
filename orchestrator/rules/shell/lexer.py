"""Read words: quotes, escapes, expansions, comments and here-documents, as bash does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from orchestrator.rules.shell.escapes import decode_ansi
from orchestrator.rules.shell.syntax import (
    Block,
    Broken,
    Document,
    Kind,
    Part,
    Substitution,
    Written,
)

_MAX_DEPTH = 40
_MAX_PENDING = 64

_ENDS = frozenset(" \t\n;&|()<>")
_STOPS = _ENDS | frozenset("\\'\"$`")
_QUOTED_STOPS = frozenset('\\"$`')
_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_NAME = _FIRST | frozenset("0123456789")
_SPECIAL = frozenset("0123456789@*#?$!-")
_EXTENDED = frozenset("?*+@!")


class _Pending(NamedTuple):
    """A here-document whose body is still to come."""

    document: Document
    delimiter: str
    literal: bool
    strip_tabs: bool


class Lexer(ABC):
    """A position in a text, and what can be read from there."""

    def __init__(self, text: str) -> None:
        self.raw = text
        self.text = text.replace("\r\n", " \n") if "\r" in text else text
        self.at = 0
        self.end = len(text)
        self.depth = 0
        self.pending: list[_Pending] = []
        self.in_substitution = False

    @abstractmethod
    def block(self, closers: frozenset[str]) -> Block:
        """Read statements up to one of `closers`, which is not consumed."""

    def peek(self, width: int = 1) -> str:
        """Return the next characters, fewer at the end."""
        return self.text[self.at : min(self.at + width, self.end)]

    def broken(self, why: str) -> Broken:
        """Return the error that the text stops being shell here."""
        return Broken(why, self.at)

    def skip_blanks(self) -> None:
        """Go past blanks, continued rows and a comment."""
        text, end = self.text, self.end
        while self.at < end:
            char = text[self.at]
            if char in " \t":
                self.at += 1
            elif char == "\\" and text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                found = text.find("\n", self.at, end)
                self.at = end if found < 0 else found
            else:
                return

    def skip_newlines(self) -> None:
        """Go past blanks and ends of rows."""
        self.skip_blanks()
        while self.at < self.end and self.text[self.at] == "\n":
            self.newline()
            self.skip_blanks()

    def newline(self) -> None:
        """Go past the end of a row and the here-documents that follow it."""
        self.at += 1
        for pending in self.pending:
            self._read_document(pending)
        self.pending.clear()

    # words

    def word(self, *, pattern: bool = False) -> Written | None:
        """Read a word, None if there is none; `pattern` is one of `[[ =~ ]]` or `case`."""
        text, end, start = self.text, self.end, self.at
        at = start
        while at < end and text[at] not in _STOPS:
            at += 1
        self.at = at
        if at == end or (text[at] in _ENDS and not self._is_inside(start, pattern)):
            if at == start:
                return None
            return Written(start, at, text[start:at], ())
        parts: list[Part] = []
        if at > start:
            parts.append(Part(Kind.LITERAL, text[start:at]))
        while self.at < end and self._part(parts, start, pattern):
            pass
        return Written(start, self.at, None, tuple(parts)) if self.at > start else None

    def _is_inside(self, start: int, pattern: bool) -> bool:
        """Say whether the `<(`, `>(` or `@(` here belongs to the word."""
        text, at = self.text, self.at
        if text[at] in "<>":
            return text.startswith("(", at + 1) and at + 1 < self.end and not pattern
        return text[at] == "(" and at > start and text[at - 1] in _EXTENDED

    def _part(self, parts: list[Part], start: int, pattern: bool) -> bool:
        """Read one more part of a word; False at its end."""
        char = self.text[self.at]
        if char == "'":
            parts.append(Part(Kind.QUOTED, self._single()))
        elif char == '"':
            self.at += 1
            self._double(parts)
        elif char == "\\":
            self._escape(parts)
        elif char == "$":
            self._dollar(parts, quoted=False)
        elif char == "`":
            parts.append(self._backticks(quoted=False))
        elif char not in _ENDS:
            self._literal(parts)
        elif not self._is_inside(start, pattern):
            return False
        elif char == "(":
            self._extended(parts)
        else:
            inner = self._substitution(2)
            text = self.text[inner.start : inner.end]
            parts.append(Part(Kind.OTHER, text, inner=(inner,)))
        return True

    def _literal(self, parts: list[Part]) -> None:
        text, at = self.text, self.at
        while at < self.end and text[at] not in _STOPS:
            at += 1
        parts.append(Part(Kind.LITERAL, text[self.at : at]))
        self.at = at

    def _single(self) -> str:
        close = self.text.find("'", self.at + 1, self.end)
        if close < 0:
            raise self.broken("a single quote does not close")
        content = self.text[self.at + 1 : close]
        self.at = close + 1
        return content

    def _escape(self, parts: list[Part]) -> None:
        escaped = self.text[self.at + 1 : min(self.at + 2, self.end)]
        self.at += 2 if escaped else 1
        if escaped != "\n":
            parts.append(Part(Kind.QUOTED, escaped or "\\"))

    def _double(self, parts: list[Part]) -> None:
        """Read up to the closing double quote, whose opening one is behind."""
        parts.append(Part(Kind.QUOTED, ""))
        self._quoted(parts, '"')
        if self.peek() != '"':
            raise self.broken("a double quote does not close")
        self.at += 1

    def _quoted(self, parts: list[Part], stop: str) -> None:
        """Read text in which only backslash, `$` and backtick count, up to `stop` or the end."""
        text, end = self.text, self.end
        while self.at < end:
            at = self.at
            while at < end and text[at] not in _QUOTED_STOPS:
                at += 1
            if at > self.at:
                parts.append(Part(Kind.QUOTED, text[self.at : at]))
                self.at = at
            elif text[at] == stop:
                return
            elif text[at] == "\\":
                self._quoted_escape(parts, stop)
            elif text[at] == "$":
                self._dollar(parts, quoted=True)
            elif text[at] == "`":
                parts.append(self._backticks(quoted=True))
            else:
                parts.append(Part(Kind.QUOTED, text[at]))
                self.at += 1

    def _quoted_escape(self, parts: list[Part], stop: str) -> None:
        escaped = self.text[self.at + 1 : min(self.at + 2, self.end)]
        self.at += 2 if escaped else 1
        if escaped == "\n":
            return
        known = escaped and (escaped in "$`\\" or escaped == stop)
        parts.append(Part(Kind.QUOTED, escaped if known else "\\" + escaped))

    # expansions

    def _dollar(self, parts: list[Part], *, quoted: bool) -> None:
        text, at = self.text, self.at
        following = text[at + 1 : min(at + 2, self.end)]
        if following == "(":
            parts.append(self._dollar_parenthesis(quoted))
        elif following == "{":
            parts.append(self._bracketed(2, "{", "}", Kind.PARAMETER, quoted))
        elif following in _FIRST:
            end = at + 2
            while end < self.end and text[end] in _NAME:
                end += 1
            self._parameter(parts, end, quoted)
        elif following in _SPECIAL:
            self._parameter(parts, at + 2, quoted)
        elif following == "'" and not quoted:
            parts.append(Part(Kind.QUOTED, self._ansi()))
        elif following == '"' and not quoted:
            self.at += 2
            self._double(parts)
        elif following == "[":
            parts.append(self._bracketed(2, "[", "]", Kind.OTHER, quoted))
        elif following == "\\" and text.startswith("\\\n", at + 1):
            raise self.broken("a row ends inside an expansion")
        else:
            parts.append(Part(Kind.QUOTED if quoted else Kind.LITERAL, "$"))
            self.at += 1

    def _parameter(self, parts: list[Part], end: int, quoted: bool) -> None:
        parts.append(Part(Kind.PARAMETER, self.text[self.at : end], quoted))
        self.at = end

    def _ansi(self) -> str:
        start = at = self.at + 2
        while at < self.end and self.text[at] != "'":
            at += 2 if self.text[at] == "\\" else 1
        if at >= self.end:
            raise self.broken("a single quote does not close")
        self.at = at + 1
        return decode_ansi(self.text[start:at])

    def _dollar_parenthesis(self, quoted: bool) -> Part:
        start = self.at
        if self.text.startswith("((", start + 1):
            part = self._bracketed(3, "(", ")", Kind.OTHER, quoted)
            if self.peek() != ")":
                raise self.broken("whether `$((` is arithmetic cannot be told")
            self.at += 1
            return part._replace(text=self.text[start : self.at])
        inner = self._substitution(2)
        return Part(Kind.COMMAND, self.text[start : self.at], quoted, (inner,))

    def _substitution(self, opening: int) -> Substitution:
        """Read `$(...)`, `<(...)` or `>(...)`."""
        start = self.at
        self._go_deeper()
        self.at += opening
        held = self.pending, self.in_substitution
        self.pending, self.in_substitution = [], True
        body = self.block(frozenset(")"))
        if self.peek() != ")" or self.pending:
            raise self.broken("a parenthesis does not close")
        self.pending, self.in_substitution = held
        self.at += 1
        self.depth -= 1
        return Substitution(start, self.at, body)

    def _backticks(self, quoted: bool) -> Part:
        text, start = self.text, self.at
        at = start + 1
        while at < self.end and text[at] != "`":
            at += 2 if text[at] == "\\" else 1
        if at >= self.end:
            raise self.broken("a backtick does not close")
        content = text[start + 1 : at]
        self._go_deeper()
        if "\\" in content:
            inner = Substitution(start, at + 1, None, _unescape_backticks(content, quoted))
        else:
            end, pending = self.end, self.pending
            self.at, self.end, self.pending = start + 1, at, []
            body = self.block(frozenset())
            self.end, self.pending = end, pending
            inner = Substitution(start, at + 1, body)
        self.depth -= 1
        self.at = at + 1
        return Part(Kind.COMMAND, text[start : self.at], quoted, (inner,))

    def _bracketed(self, width: int, opening: str, closing: str, kind: Kind, quoted: bool) -> Part:
        """Read up to the bracket that closes, past an opening of `width`."""
        start = self.at
        self._go_deeper()
        self.at += width
        parts: list[Part] = []
        self._until(opening, closing, parts, quoted)
        self.depth -= 1
        inner = tuple(inner for part in parts for inner in part.inner)
        return Part(kind, self.text[start : self.at], quoted, inner)

    def _until(self, opening: str, closing: str, parts: list[Part], quoted: bool) -> None:
        """Read past the `closing` bracket, and into `parts` what is expanded before it."""
        text, nested = self.text, 0
        while self.at < self.end:
            char = text[self.at]
            if char == closing:
                self.at += 1
                nested -= 1
                if nested < 0:
                    return
            elif char == "\\":
                self.at += 2
            elif char == "'" and not quoted:
                self._single()
            elif char == '"':
                self.at += 1
                self._double(parts)
            elif char == "$":
                self._dollar(parts, quoted=quoted)
            elif char == "`":
                parts.append(self._backticks(quoted))
            elif char in "<>" and opening == "{" and text.startswith("(", self.at + 1):
                parts.append(Part(Kind.OTHER, "", inner=(self._substitution(2),)))
            else:
                nested += char == opening and opening != "{"  # a bare brace does not nest
                self.at += 1
        raise self.broken(f"a {closing!r} is missing")

    def _extended(self, parts: list[Part]) -> None:
        """Read the parentheses of an extended glob, `!(a|b)`."""
        parts.append(self._bracketed(1, "(", ")", Kind.OTHER, quoted=False))

    # here-documents

    def expect_document(self, strip_tabs: bool) -> Document:
        """Read a delimiter; the body is read at the end of the row."""
        self.skip_blanks()
        letters, literal, text, start = [], False, self.text, self.at
        while self.at < self.end and text[self.at] not in _ENDS:
            char = text[self.at]
            if char == "'":
                letters.append(self._single())
                literal = True
            elif char == '"':
                close = text.find('"', self.at + 1, self.end)
                letters.append(text[self.at + 1 : close])
                self.at, literal = (close + 1, True) if close > 0 else (self.end, True)
            elif char == "\\":
                letters.append(text[self.at + 1 : self.at + 2])
                self.at, literal = self.at + 2, True
            elif char in "$`":
                raise self.broken("the delimiter of a here-document is not plain")
            else:
                letters.append(char)
                self.at += 1
        if self.at == start:
            raise self.broken("a here-document has no delimiter")
        if self.raw.startswith("\r\n", self.at):
            letters.append("\r")
        if len(self.pending) > _MAX_PENDING:
            raise self.broken("it has too many here-documents in a row")
        document = Document()
        self.pending.append(_Pending(document, "".join(letters), literal, strip_tabs))
        return document

    def _read_document(self, pending: _Pending) -> None:
        """Read the body that starts here and go past its delimiter's row."""
        document, start = pending.document, self.at
        end, behind = self._find_delimiter(pending)
        parts: list[Part] = []
        if pending.literal:
            parts.append(Part(Kind.QUOTED, self.raw[start:end]))
        else:
            held, self.end = self.end, end
            self._quoted(parts, "")
            self.end = held
        if pending.strip_tabs:
            parts = [p._replace(text=_strip_tabs(p.text)) for p in parts]
        document.start, document.end, document.parts = start, end, tuple(parts)
        self.at = behind

    def _find_delimiter(self, pending: _Pending) -> tuple[int, int]:
        """Return where the body ends and where what follows it starts."""
        row, delimiter = self.at, pending.delimiter
        while row < self.end:
            close = self._row_end(row, pending.literal)
            text = self.raw[row:close]
            if not pending.literal:
                text = text.replace("\\\n", "")
            if pending.strip_tabs:
                text = text.lstrip("\t")
            if text == delimiter:
                return row, min(close + 1, self.end)
            if self.in_substitution and text.startswith(delimiter) and ")" in text:
                return row, close - len(text) + len(delimiter)
            row = close + 1
        return self.end, self.end

    def _row_end(self, start: int, literal: bool) -> int:
        """Return the end of the row; a backslash continues it unless the body is literal."""
        close = self.raw.find("\n", start, self.end)
        while not literal and close >= 0 and _is_escaped(self.raw, start, close):
            close = self.raw.find("\n", close + 1, self.end)
        return close if close >= 0 else self.end

    def _go_deeper(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.broken("it is nested too deep to follow")


def _is_escaped(text: str, start: int, at: int) -> bool:
    first = at
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1


def _strip_tabs(text: str) -> str:
    first, *rows = text.split("\n")
    return "\n".join([first.lstrip("\t"), *(row.lstrip("\t") for row in rows)])


def _unescape_backticks(content: str, quoted: bool) -> str:
    letters, at = [], 0
    escaped = '`$\\"' if quoted else "`$\\"
    while at < len(content):
        at += content[at] == "\\" and content[at + 1 : at + 2] in escaped and at + 1 < len(content)
        letters.append(content[at])
        at += 1
    return "".join(letters)
