"""Read what a simple command is made of: assignments, redirections and words."""

from __future__ import annotations

from orchestrator.rules.shell.documents import DocumentLexer
from orchestrator.rules.shell.lexer import FIRST, NAME
from orchestrator.rules.shell.syntax import Assignment, Broken, Kind, Redirection, Written

_MAX_SUBSCRIPT = 256
_DIGITS = frozenset("0123456789")
_OPERATORS = ("&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<&", "<>", "<<", ">", "<")


class PhraseParser(DocumentLexer):
    """Reads the parts of simple commands."""

    def assignment(self) -> Assignment | None:
        """Read `name=value` or `name=(...)`; None if that is not what is next."""
        text, start = self.text, self.at
        if text[start] not in FIRST:
            return None
        at = self._name_end(start)
        if at >= self.end or text[at] not in "=+[":
            return None
        name = text[start:at]
        if "\\" in name:
            raise self.broken("a row ends where a variable is set")
        self.at = at
        subscript = self._subscript() if text[at] == "[" else None
        adds = self.peek(2) == "+="
        if not (adds or self.peek() == "="):
            self.at = start
            return None
        self.at += 2 if adds else 1
        if self.peek() == "(":
            elements = self._elements()
            return Assignment(name, subscript, adds, None, elements, start, self.at)
        value = self.word() or Written(self.at, self.at, "", ())
        return Assignment(name, subscript, adds, value, (), start, self.at)

    def _name_end(self, at: int) -> int:
        """Return where the name at `at` ends; rows may be joined inside it."""
        text = self.text
        while at < self.end and (text[at] in NAME or text.startswith("\\\n", at)):
            at += 1 if text[at] in NAME else 2
        return at

    def _subscript(self) -> Written | None:
        """Read `[index]`; None if it does not close, and then nothing is consumed."""
        start, depth, end = self.at, self.depth, self.end
        held = self.pending, self.in_substitution
        self.end = min(end, start + _MAX_SUBSCRIPT)
        try:
            part = self.bracketed(1, "[", "]", Kind.OTHER, quoted=False)
        except Broken:
            self.at, self.depth = start, depth
            self.pending, self.in_substitution = held
            return None
        finally:
            self.end = end
        return Written(start, self.at, None, (part,))

    def _elements(self) -> tuple[Written, ...]:
        self.at += 1
        words: list[Written] = []
        while True:
            self.skip_newlines()
            word = self.word()
            if word is None:
                break
            words.append(word)
        if self.peek() != ")":
            raise self.broken("a parenthesis does not close")
        self.at += 1
        return tuple(words)

    def redirection(self) -> Redirection | None:
        text, start = self.text, self.at
        at = start
        while at < self.end and text[at] in _DIGITS:
            at += 1
        if at == start and text.startswith("{", at):
            at = self._named_descriptor(at)
        char = text[at : min(at + 1, self.end)]
        if not (
            char in ("<", ">") or (char == "&" and at == start and text[at + 1 : at + 2] == ">")
        ):
            return None
        if text[at + 1 : at + 2] == "(":
            return None
        op = next(op for op in _OPERATORS if text.startswith(op, at))
        self.at = at + len(op)
        if op in ("<<", "<<-"):
            document = self.expect_document(strip_tabs=op == "<<-")
            return Redirection("<<", document, start, self.at)
        self.skip_blanks()
        target = self.word()
        if target is None:
            raise self.broken(f"{op} has no target")
        return Redirection(op, target, start, self.at)

    def _named_descriptor(self, at: int) -> int:
        """Return the offset behind `{name}` if `<` or `>` follows it, else `at`."""
        close = self.text.find("}", at, min(at + 32, self.end))
        name = self.text[at + 1 : close]
        if close > 0 and name.isidentifier() and self.text[close + 1 : close + 2] in ("<", ">"):
            return close + 1
        return at
