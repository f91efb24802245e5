"""Read a shell text into its tree: the grammar of bash, by recursive descent.

Linear in the length of the text. Where the text stops being shell, reading goes on with the next
row: what follows may still be worth a rule, and the line counts as not understood anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestrator.rules.shell.lexer import Lexer
from orchestrator.rules.shell.syntax import (
    AndOr,
    Assignment,
    Background,
    Block,
    Branch,
    Broken,
    Choice,
    Definition,
    Each,
    Group,
    Kind,
    Loop,
    Part,
    Pipeline,
    Redirected,
    Redirection,
    Simple,
    Statement,
    Test,
    Written,
)

_MAX_ERRORS = 8
_MAX_COMMANDS = 2_000
_MAX_SUBSCRIPT = 256
_DIGITS = frozenset("0123456789")
_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_NAME = _FIRST | _DIGITS
_OPERATORS = ("&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<&", "<>", "<<", ">", "<")
_KEYWORD = frozenset("abcdefghijklmnopqrstuvwxyz{}![]-")
_CLOSERS = frozenset(("then", "else", "elif", "fi", "do", "done", "esac", "}"))
_CASE_END = frozenset((";;", "esac"))
_ARGUMENTS = (Part(Kind.QUOTED, ""), Part(Kind.PARAMETER, "$@", quoted=True))


def parse_statements(text: str) -> Iterator[Statement | Broken]:
    """Yield the statements of `text`, and what is wrong where it is not shell."""
    parser = _Parser(text)
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
            parser.recover(error.at)
            continue
        if statement is not None:
            waiting.append(statement)
        if statement is None or not parser.pending:  # else a here-document is still to come
            yield from waiting
            waiting.clear()
        if statement is None:
            return


class _Parser(Lexer):
    """Read statements."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.commands = 0

    def next_statement(self) -> Statement | None:
        """Read one statement with what separates it from the next; None at the end."""
        self.skip_newlines()
        if self.at >= self.end:
            return None
        statement = self._and_or()
        return self._terminated(statement, frozenset())

    def recover(self, at: int) -> None:
        """Go to the row after `at`."""
        found = self.text.find("\n", max(at, self.at))
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
        return char in "tefd}" and self._keyword() in closers

    def _keyword(self) -> str:
        """Return the word that is next if it could be a reserved one, without consuming it."""
        text, at = self.text, self.at
        while at < self.end and at - self.at < 9 and text[at] in _KEYWORD:
            at += 1
        ends = at >= self.end or text[at] in " \t\n;&|()<>" or text.startswith("\\\n", at)
        return text[self.at : at] if ends else ""

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
            word = self._keyword()
            if word not in ("!", "time"):
                break
            self.at += len(word)
            self.skip_blanks()
            if word == "time" and self._keyword() == "-p":
                self.at += 2
                self.skip_blanks()
        return self._command()

    # commands

    def _command(self) -> Statement:
        self.commands += 1
        if self.commands > _MAX_COMMANDS:
            raise self.broken(f"it has more than {_MAX_COMMANDS:,} commands")
        if self.peek() == "(":
            return self._with_redirections(self._parentheses())
        word = self._keyword() if self.peek() in _RESERVED_FIRST else ""
        if word in _CLOSERS:
            raise self.broken(f"{word!r} is not expected")
        read = _COMPOUND.get(word)
        if read is None:
            return self._simple()
        self._go_deeper()
        self.at += len(word)
        statement = read(self)
        self.depth -= 1
        return (
            statement if isinstance(statement, Definition) else self._with_redirections(statement)
        )

    def _with_redirections(self, statement: Statement) -> Statement:
        redirections: list[Redirection] = []
        while True:
            self.skip_blanks()
            redirection = self._redirection()
            if redirection is None:
                break
            redirections.append(redirection)
        return Redirected(statement, tuple(redirections)) if redirections else statement

    def _simple(self) -> Statement:
        assignments: list[Assignment] = []
        words: list[Written | Assignment] = []
        redirections: list[Redirection] = []
        start = end = self.at
        while self.at < self.end:
            item = self._assignment(bool(words)) or self._redirection() or self.word()
            if item is None:
                break
            end = self.at
            if isinstance(item, Redirection):
                redirections.append(item)
            elif words or isinstance(item, Written):
                words.append(item)
            else:
                assignments.append(item)
            self.skip_blanks()
            if len(words) == 1 and self.peek() == "(" and not assignments:
                return self._function(words[0])
        if not (assignments or words or redirections):
            raise self.broken(
                f"{self.peek()!r} is not expected" if self.peek() else "it ends early"
            )
        return Simple(tuple(assignments), tuple(words), tuple(redirections), start, end)

    def _assignment(self, is_argument: bool) -> Assignment | None:
        """Read `name=value`; among the arguments, only an array is one."""
        text, start = self.text, self.at
        if text[start] not in _FIRST:
            return None
        at = start + 1
        while at < self.end and text[at] in _NAME:
            at += 1
        if at >= self.end or text[at] not in ("=+" if is_argument else "=+["):
            return None
        name = text[start:at]
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
        if is_argument:
            self.at = start
            return None
        value = self.word() or Written(self.at, self.at, "", ())
        return Assignment(name, subscript, adds, value, (), start, self.at)

    def _subscript(self) -> Written | None:
        """Read `[index]`; None if it does not close, and then nothing is consumed."""
        start, depth, end = self.at, self.depth, self.end
        self.end = min(end, start + _MAX_SUBSCRIPT)
        try:
            part = self._bracketed(1, "[", "]", Kind.OTHER, quoted=False)
        except Broken:
            self.at, self.depth = start, depth
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

    def _redirection(self) -> Redirection | None:
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

    def _function(self, name: Written | Assignment) -> Definition:
        self.at += 1
        self.skip_blanks()
        if self.peek() != ")" or not isinstance(name, Written) or name.plain is None:
            raise self.broken("'(' is not expected")
        self.at += 1
        return self._definition(name.plain)

    def _definition(self, name: str) -> Definition:
        self.skip_newlines()
        self._go_deeper()
        if self.peek() != "(" and self._keyword() not in _COMPOUND:
            raise self.broken("a function has no body")
        body = self._command()
        self.depth -= 1
        return Definition(name, body)

    # compound commands

    def _parentheses(self) -> Statement:
        self._go_deeper()
        if self.peek(2) == "((":
            part = self._bracketed(2, "(", ")", Kind.OTHER, quoted=False)
            if self.peek() != ")":
                raise self.broken("whether `((` is arithmetic cannot be told")
            self.at += 1
            statement: Statement = Test((Written(self.at, self.at, None, (part,)),))
        else:
            self.at += 1
            body = self.block(frozenset(")"))
            self._expect(")")
            statement = Group(body, is_subshell=True)
        self.depth -= 1
        return statement

    def _expect(self, closer: str) -> None:
        self.skip_newlines()
        found = self.peek() if closer in (")", "(") else self._keyword()
        if found != closer:
            raise self.broken(f"{closer!r} is missing")
        self.at += len(closer)

    def _filled(self, *closers: str) -> Block:
        """Read a block that may not be empty."""
        body = self.block(frozenset(closers))
        if not body:
            raise self.broken(f"there is nothing before {closers[0]!r}")
        return body

    def _braces(self) -> Statement:
        body = self._filled("}")
        self._expect("}")
        return Group(body, is_subshell=False)

    def _if(self) -> Statement:
        clauses: list[tuple[Block, Block]] = []
        while True:
            condition = self._filled("then")
            self._expect("then")
            clauses.append((condition, self._filled("elif", "else", "fi")))
            if self._keyword() != "elif":
                break
            self._expect("elif")
        if self._keyword() == "else":
            self._expect("else")
            clauses.append(((), self._filled("fi")))
        self._expect("fi")
        return Branch(tuple(clauses))

    def _while(self) -> Statement:
        condition = self._filled("do")
        return Loop(condition, self._do())

    def _do(self) -> Block:
        """Read `do ... done`, or the braces that bash takes instead."""
        self.skip_newlines()
        if self._keyword() == "{":
            self._expect("{")
            body = self._filled("}")
            self._expect("}")
            return body
        self._expect("do")
        body = self._filled("done")
        self._expect("done")
        return body

    def _for(self, is_select: bool = False) -> Statement:
        self.skip_blanks()
        if self.peek(2) == "((":
            part = self._bracketed(2, "(", ")", Kind.OTHER, quoted=False)
            if self.peek() != ")":
                raise self.broken("')' is missing")
            self.at += 1
            self._separator()
            return Loop((), self._do(), (Written(self.at, self.at, None, (part,)),))
        name = self.word()
        if name is None or name.plain is None:
            raise self.broken("a loop has no variable")
        self.skip_newlines()
        words: list[Written] = [Written(self.at, self.at, None, _ARGUMENTS)]
        if self._keyword() == "in":
            self._expect("in")
            words = self._words()
        self._separator()
        return Each(name.plain, tuple(words), self._do(), is_select)

    def _select(self) -> Statement:
        return self._for(is_select=True)

    def _words(self) -> list[Written]:
        words: list[Written] = []
        while True:
            self.skip_blanks()
            word = self.word()
            if word is None:
                return words
            words.append(word)

    def _separator(self) -> None:
        self.skip_blanks()
        if self.peek() == ";":
            self.at += 1

    def _case(self) -> Statement:
        self.skip_blanks()
        word = self.word()
        if word is None:
            raise self.broken("`case` has no word")
        words, bodies = [word], []
        self._expect("in")
        while True:
            self.skip_newlines()
            if self._keyword() == "esac":
                break
            words += self._patterns()
            bodies.append(self.block(_CASE_END))
            if self.peek(2) not in (";;", ";&"):
                break
            self.at += 3 if self.peek(3) == ";;&" else 2
        self._expect("esac")
        return Choice(tuple(words), tuple(bodies))

    def _patterns(self) -> list[Written]:
        patterns: list[Written] = []
        if self.peek() == "(":
            self.at += 1
        while True:
            self.skip_blanks()
            pattern = self.word()
            if pattern is None:
                raise self.broken("`case` has no pattern")
            patterns.append(pattern)
            self.skip_blanks()
            if self.peek() != "|":
                self._expect(")")
                return patterns
            self.at += 1

    def _test(self) -> Statement:
        """Read `[[ ... ]]`: what is compared does not matter, only what it runs."""
        words: list[Written] = []
        while True:
            self.skip_newlines()
            if self.at >= self.end:
                raise self.broken("']]' is missing")
            word = self.word(pattern=True)
            if word is None:
                if self.peek() == ";":
                    raise self.broken("']]' is missing")
                self.at += 1
            elif word.plain == "]]":
                return Test(tuple(words))
            else:
                words.append(word)

    def _named_function(self) -> Statement:
        self.skip_blanks()
        name = self.word()
        if name is None or name.plain is None:
            raise self.broken("a function has no name")
        self.skip_blanks()
        if self.peek() == "(":
            self.at += 1
            self._expect(")")
        return self._definition(name.plain)

    def _coprocess(self) -> Statement:
        """Read `coproc [NAME] command`."""
        self.skip_blanks()
        if self.peek() != "(" and self._keyword() not in _COMPOUND:
            held = self.at
            self.word()
            self.skip_blanks()
            if self.peek() != "(" and self._keyword() not in _COMPOUND:
                self.at = held
        return Background(self._command())


_COMPOUND: dict[str, Callable[[_Parser], Statement]] = {
    "{": _Parser._braces,
    "if": _Parser._if,
    "while": _Parser._while,
    "until": _Parser._while,
    "for": _Parser._for,
    "select": _Parser._select,
    "case": _Parser._case,
    "[[": _Parser._test,
    "function": _Parser._named_function,
    "coproc": _Parser._coprocess,
}
_RESERVED_FIRST = frozenset(name[0] for name in (*_COMPOUND, *_CLOSERS))
