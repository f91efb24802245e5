"""Read words as bash does: quotes, escapes, expansions, comments."""

# Above 300 lines: quotes, expansions and words contain each other, so they are read together.

from __future__ import annotations

from abc import ABC, abstractmethod

from orchestrator.rules.shell.budget import Budget
from orchestrator.rules.shell.escapes import decode_ansi
from orchestrator.rules.shell.syntax import (
    Block,
    Broken,
    Kind,
    Part,
    Pending,
    Substitution,
    Written,
)

_MAX_DEPTH = 40

ENDS = frozenset(" \t\n;&|()<>")
_STOPS = ENDS | frozenset("\\'\"$`")
_QUOTED_STOPS = frozenset('\\"$`')
_MARKS = dict.fromkeys(map(ord, _STOPS), "\n")
FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
NAME = FIRST | frozenset("0123456789")
_SPECIAL = frozenset("0123456789@*#?$!-")
_ACTIVE = frozenset('\\"$`{}()[]')
_EXTENDED = frozenset("?*+@!")


class Lexer(ABC):
    """A position in a text, and what can be read from there."""

    def __init__(self, text: str, budget: Budget) -> None:
        self.raw = text
        self.budget = budget
        self.text = text.replace("\r\n", " \n") if "\r" in text else text
        self.marks = self.text.translate(_MARKS)
        self.is_continued = "\\\n" in text
        self.at = 0
        self.end = len(text)
        self.depth = 0
        self.pending: list[Pending] = []
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

    @abstractmethod
    def newline(self) -> None:
        """Go past the end of a row and the here-documents that follow it."""

    # words

    def word(self, *, pattern: bool = False) -> Written | None:
        """Read a word, None if there is none; `pattern` is one of `[[ =~ ]]` or `case`."""
        text, end, start = self.text, self.end, self.at
        self.at = at = self._next_stop()
        if at == end or (text[at] in ENDS and not self._is_inside(start, pattern)):
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
        self.budget.take()
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
        elif char not in ENDS:
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
        at = self._next_stop()
        parts.append(Part(Kind.LITERAL, self.text[self.at : at]))
        self.at = at

    def _next_stop(self) -> int:
        """Return the offset of the next character that is more than a letter of a word."""
        found = self.marks.find("\n", self.at, self.end)
        return found if found >= 0 else self.end

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
        text, marks, end = self.text, self.marks, self.end
        while self.at < end:
            self.budget.take()
            at = self._next_stop()
            while at < end and text[at] not in _QUOTED_STOPS:
                found = marks.find("\n", at + 1, end)
                at = found if found >= 0 else end
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
        elif following == "{" and text[at + 2 : at + 3] in (" ", "\t", "\n", "|"):
            inner = self._substitution(3, "}")  # `${ command; }`, new in bash 5.3
            parts.append(Part(Kind.OTHER, text[at : self.at], quoted, (inner,)))
        elif following == "{":
            parts.append(self.bracketed(2, "{", "}", Kind.PARAMETER, quoted))
        elif following in FIRST:
            end = at + 2
            while end < self.end and text[end] in NAME:
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
            parts.append(self.bracketed(2, "[", "]", Kind.OTHER, quoted))
        elif following == "\\" and text.startswith("\\\n", at + 1):
            raise self.broken("a row ends inside an expansion")
        else:
            parts.append(Part(Kind.QUOTED if quoted else Kind.LITERAL, "$"))
            self.at += 1

    def _parameter(self, parts: list[Part], end: int, quoted: bool) -> None:
        if self.text.startswith("\\\n", end):
            raise self.broken("a row ends inside an expansion")
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
            part = self.bracketed(3, "(", ")", Kind.OTHER, quoted)
            if self.peek() != ")":
                raise self.broken("whether `$((` is arithmetic cannot be told")
            self.at += 1
            return part._replace(text=self.text[start : self.at])
        inner = self._substitution(2)
        return Part(Kind.COMMAND, self.text[start : self.at], quoted, (inner,))

    def _substitution(self, opening: int, closer: str = ")") -> Substitution:
        """Read `$(...)`, `<(...)`, `>(...)` or `${ ...; }`."""
        start = self.at
        self.go_deeper()
        self.at += opening
        held = self.pending, self.in_substitution
        self.pending, self.in_substitution = [], True
        body = self.block(frozenset(closer))
        if self.peek() != closer or self.pending:
            raise self.broken(f"a {closer!r} is missing")
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
        self.go_deeper()
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

    def bracketed(self, width: int, opening: str, closing: str, kind: Kind, quoted: bool) -> Part:
        """Read up to the bracket that closes, past an opening of `width`."""
        start = self.at
        self.go_deeper()
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
            elif char == "'":
                self._inner_single(quoted or opening != "{")
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

    def _inner_single(self, ambiguous: bool) -> None:
        """Read a single quote inside an expansion.

        Within double quotes and arithmetic, shells differ on whether it quotes; then only what
        would end in the same place either way is read.
        """
        if ambiguous:
            close = self.text.find("'", self.at + 1, self.end)
            if close < 0 or not _ACTIVE.isdisjoint(self.text[self.at + 1 : close]):
                raise self.broken("what a single quote inside an expansion quotes cannot be told")
        self._single()

    def _extended(self, parts: list[Part]) -> None:
        """Read the parentheses of an extended glob, `!(a|b)`."""
        parts.append(self.bracketed(1, "(", ")", Kind.OTHER, quoted=False))

    def go_deeper(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.broken("it is nested too deep to follow")


def _unescape_backticks(content: str, quoted: bool) -> str:
    letters, at = [], 0
    escaped = '`$\\"' if quoted else "`$\\"
    while at < len(content):
        at += content[at] == "\\" and content[at + 1 : at + 2] in escaped and at + 1 < len(content)
        letters.append(content[at])
        at += 1
    return "".join(letters)
