"""Read a shell text into its tree: the grammar of bash, by recursive descent.

It is our own because a guard must see what the shell sees. Measured with tree-sitter-bash 0.25: it
takes `d > e` on the row after `a | b | c` for more arguments of `c`, and a row that begins with a
backslash for more of the row before, without reporting an error; and 64 Ki characters of `a|` keep
it busy for 37 s, which nothing can stop.

Linear in the length of the text. Where the text stops being shell, reading goes on with the next
row: what follows may still be worth a rule, and the line counts as not understood anyway.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.rules.shell.budget import Budget
from orchestrator.rules.shell.compounds import COMPOUND, CompoundParser
from orchestrator.rules.shell.lexer import FIRST
from orchestrator.rules.shell.syntax import (
    AndOr,
    Assignment,
    Background,
    Block,
    Broken,
    Definition,
    Pipeline,
    Redirection,
    Simple,
    Statement,
    Written,
)

_MAX_ERRORS = 4
_MAX_COMMANDS = 300
_MAX_WORDS = 4_000
_CLOSERS = frozenset(("then", "else", "elif", "fi", "do", "done", "esac", "}"))
_REDIRECTS = frozenset("<>&{0123456789")
_RESERVED_FIRST = frozenset(name[0] for name in (*COMPOUND, *_CLOSERS))


def parse_statements(text: str, budget: Budget) -> Iterator[Statement | Broken]:
    """Yield the statements of `text`, and what is wrong where it is not shell."""
    parser = _Parser(text, budget)
    waiting: list[Statement] = []
    errors = 0
    while errors < _MAX_ERRORS and parser.commands <= _MAX_COMMANDS:
        try:
            statement = parser.next_statement()
        except Broken as error:
            yield from waiting
            yield error
            waiting.clear()
            errors += 1
            parser.recover()
            continue
        if statement is not None:
            waiting.append(statement)
        if statement is None or not parser.pending:  # else a here-document is still to come
            yield from waiting
            waiting.clear()
        if statement is None:
            return


class _Parser(CompoundParser):
    """Read statements."""

    def __init__(self, text: str, budget: Budget) -> None:
        super().__init__(text, budget)
        self.commands = 0
        self.begin = 0

    def next_statement(self) -> Statement | None:
        """Read one statement with what separates it from the next; None at the end."""
        self.skip_newlines()
        if self.at >= self.end:
            return None
        self.begin = self.at
        statement = self._and_or()
        return self._terminated(statement, frozenset())

    def recover(self) -> None:
        """Go to the row after the one where the statement begins."""
        found = self.text.find("\n", self.begin)
        self.at = found + 1 if found >= 0 else len(self.text)
        self.end = len(self.text)
        self.depth = 0
        self.pending.clear()
        self.in_substitution = False

    # lists

    def block(self, closers: frozenset[str]) -> Block:
        """Read statements up to one of `closers`, which is not consumed."""
        statements: list[Statement] = []
        while True:
            self.skip_newlines()
            if self.at >= self.end or self._closes(closers):
                return tuple(statements)
            statements.append(self._terminated(self._and_or(), closers))

    def _closes(self, closers: frozenset[str]) -> bool:
        """Say whether one of `closers` is next: a word, or a character."""
        char = self.text[self.at]
        if char == ")" and ")" in closers:
            return True
        if char == ";" and ";;" in closers and self.peek(2) in (";;", ";&"):
            return True
        return char in "tefd}" and self.keyword() in closers

    def _terminated(self, statement: Statement, closers: frozenset[str]) -> Statement:
        """Consume what ends `statement`: `;`, `&`, the end of the row, nothing before a closer."""
        self.skip_blanks()
        char = self.peek()
        if char == "&" and self.peek(2) != "&&":
            self.at += 1
            return Background(statement)
        if char == ";" and self.peek(2) not in (";;", ";&"):
            self.at += 1
        elif char == "\n":
            self.newline()
        elif char and not self._closes(closers):
            raise self.broken(f"{char!r} is not expected")
        return statement

    def _and_or(self) -> Statement:
        first = self._pipeline()
        rest: list[tuple[str, Statement]] = []
        while True:
            self.skip_blanks()
            operator = self.peek(2)
            if operator not in ("&&", "||"):
                return AndOr(first, tuple(rest)) if rest else first
            self.at += 2
            self.skip_newlines()
            rest.append((operator, self._pipeline()))

    def _pipeline(self) -> Statement:
        stages = [self._stage()]
        while True:
            self.skip_blanks()
            if self.peek() != "|" or self.peek(2) == "||":
                return Pipeline(tuple(stages)) if len(stages) > 1 else stages[0]
            self.at += 2 if self.peek(2) == "|&" else 1
            self.skip_newlines()
            stages.append(self._stage())

    def _stage(self) -> Statement:
        """Read a command; `!` and `time` before it change nothing that matters here."""
        self.skip_blanks()
        while self.peek() in ("!", "t"):
            word = self.keyword()
            if word not in ("!", "time"):
                break
            self.at += len(word)
            self.skip_blanks()
            if word == "time" and self.keyword() == "-p":
                self.at += 2
                self.skip_blanks()
        return self.command()

    # commands

    def command(self) -> Statement:
        """Read a simple or a compound command."""
        self.commands += 1
        if self.commands > _MAX_COMMANDS:
            raise self.broken(f"it has more than {_MAX_COMMANDS} commands")
        if self.peek() == "(":
            return self.with_redirections(self.parentheses())
        word = self.keyword() if self.peek() in _RESERVED_FIRST else ""
        if word in _CLOSERS:
            raise self.broken(f"{word!r} is not expected")
        read = COMPOUND.get(word)
        if read is None:
            return self._simple()
        self.go_deeper()
        self.at += len(word)
        statement = read(self)
        self.depth -= 1
        return statement if isinstance(statement, Definition) else self.with_redirections(statement)

    def _simple(self) -> Statement:
        assignments: list[Assignment] = []
        words: list[Written | Assignment] = []
        redirections: list[Redirection] = []
        start = end = self.at
        while self.at < self.end:
            item = self._item(bool(words))
            if item is None:
                break
            end = self.at
            if isinstance(item, Redirection):
                redirections.append(item)
            elif words or isinstance(item, Written):
                words.append(item)
            else:
                assignments.append(item)
            self.budget.take()
            if len(words) > _MAX_WORDS:
                raise self.broken(f"a command has more than {_MAX_WORDS:,} words")
            self.skip_blanks()
            if len(words) == 1 and self.peek() == "(" and not assignments:
                return self.function(words[0])
        if not (assignments or words or redirections):
            found = self.peek()
            raise self.broken(f"{found!r} is not expected" if found else "it ends early")
        return Simple(tuple(assignments), tuple(words), tuple(redirections), start, end)

    def _item(self, is_argument: bool) -> Assignment | Redirection | Written | None:
        """Read what comes next in a simple command."""
        char, start = self.text[self.at], self.at
        if char in _REDIRECTS and (redirection := self.redirection()) is not None:
            return redirection
        if not is_argument and char in FIRST:
            return self.assignment() or self.word()
        word = self.word()
        if word is None or word.plain is None or word.plain[-1] != "=" or self.peek() != "(":
            return word
        self.at = start  # an array among the arguments: `declare x=(...)`
        return self.assignment() if char in FIRST else word
