"""Read compound commands: groups, branches, loops, functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from orchestrator.rules.shell.lexer import ENDS
from orchestrator.rules.shell.phrases import PhraseParser
from orchestrator.rules.shell.syntax import (
    Assignment,
    Background,
    Block,
    Branch,
    Choice,
    Definition,
    Each,
    Group,
    Kind,
    Loop,
    Part,
    Redirected,
    Redirection,
    Statement,
    Test,
    Written,
)

_KEYWORD = frozenset("abcdefghijklmnopqrstuvwxyz{}![]-")
_CASE_END = frozenset((";;", "esac"))
_ARGUMENTS = (Part(Kind.QUOTED, ""), Part(Kind.PARAMETER, "$@", quoted=True))


class CompoundParser(PhraseParser):
    """Reads compound commands."""

    @abstractmethod
    def command(self) -> Statement:
        """Read a simple or a compound command."""

    def keyword(self) -> str:
        """Return the word that is next if it could be a reserved one, without consuming it."""
        text, at = self.text, self.at
        while at < self.end and at - self.at < 9 and text[at] in _KEYWORD:
            at += 1
        word = text[self.at : at]
        while text.startswith("\\\n", at):
            at += 2
        return word if at >= self.end or text[at] in ENDS else ""

    def with_redirections(self, statement: Statement) -> Statement:
        """Read the redirections behind `statement`."""
        redirections: list[Redirection] = []
        while True:
            self.skip_blanks()
            redirection = self.redirection()
            if redirection is None:
                break
            redirections.append(redirection)
        return Redirected(statement, tuple(redirections)) if redirections else statement

    def function(self, name: Written | Assignment) -> Definition:
        """Read `() body` behind the name of a function."""
        self.at += 1
        self.skip_blanks()
        if self.peek() != ")" or not isinstance(name, Written) or name.plain is None:
            raise self.broken("'(' is not expected")
        self.at += 1
        return self._definition(name.plain)

    def _definition(self, name: str) -> Definition:
        self.skip_newlines()
        self.go_deeper()
        if self.peek() != "(" and self.keyword() not in COMPOUND:
            raise self.broken("a function has no body")
        body = self.command()
        self.depth -= 1
        return Definition(name, body)

    def parentheses(self) -> Statement:
        """Read `( ... )` or `(( ... ))`."""
        self.go_deeper()
        if self.peek(2) == "((":
            part = self.bracketed(2, "(", ")", Kind.OTHER, quoted=False)
            if self.peek() != ")":
                raise self.broken("whether `((` is arithmetic cannot be told")
            self.at += 1
            statement: Statement = Test((Written(self.at, self.at, None, (part,)),))
        else:
            self.at += 1
            body = self.block(frozenset(")"))
            self.expect(")")
            statement = Group(body, is_subshell=True)
        self.depth -= 1
        return statement

    def expect(self, closer: str) -> None:
        """Consume `closer`."""
        self.skip_newlines()
        found = self.peek() if closer in (")", "(") else self.keyword()
        if found != closer:
            raise self.broken(f"{closer!r} is missing")
        self.at += len(closer)

    def filled(self, *closers: str) -> Block:
        """Read a block that may not be empty."""
        body = self.block(frozenset(closers))
        if not body:
            raise self.broken(f"there is nothing before {closers[0]!r}")
        return body

    def _braces(self) -> Statement:
        body = self.filled("}")
        self.expect("}")
        return Group(body, is_subshell=False)

    def _if(self) -> Statement:
        clauses: list[tuple[Block, Block]] = []
        while True:
            condition = self.filled("then")
            self.expect("then")
            clauses.append((condition, self.filled("elif", "else", "fi")))
            if self.keyword() != "elif":
                break
            self.expect("elif")
        if self.keyword() == "else":
            self.expect("else")
            clauses.append(((), self.filled("fi")))
        self.expect("fi")
        return Branch(tuple(clauses))

    def _while(self) -> Statement:
        condition = self.filled("do")
        return Loop(condition, self._do())

    def _do(self) -> Block:
        """Read `do ... done`, or the braces that bash takes instead."""
        self.skip_newlines()
        if self.keyword() == "{":
            self.expect("{")
            body = self.filled("}")
            self.expect("}")
            return body
        self.expect("do")
        body = self.filled("done")
        self.expect("done")
        return body

    def _for(self, is_select: bool = False) -> Statement:
        self.skip_blanks()
        if self.peek(2) == "((":
            part = self.bracketed(2, "(", ")", Kind.OTHER, quoted=False)
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
        if self.keyword() == "in":
            self.expect("in")
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
        self.expect("in")
        while True:
            self.skip_newlines()
            if self.keyword() == "esac":
                break
            words += self._patterns()
            bodies.append(self.block(_CASE_END))
            if self.peek(2) not in (";;", ";&"):
                break
            self.at += 3 if self.peek(3) == ";;&" else 2
        self.expect("esac")
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
                self.expect(")")
                return patterns
            self.at += 1

    def _test(self) -> Statement:
        """Read `[[ ... ]]`: what is compared does not matter, only what it runs."""
        words: list[Written] = []
        after_word = False
        while True:
            self.skip_blanks()
            if self.peek() == "\n":
                self.skip_newlines()
                if after_word and self.peek(2) not in ("&&", "||", "]]"):
                    raise self.broken("']]' is missing")
            word = self.word(pattern=True)
            if word is not None and word.plain == "]]":
                return Test(tuple(words))
            after_word = word is not None
            if word is not None:
                words.append(word)
            elif self.peek() in ("", ";", "\n"):
                raise self.broken("']]' is missing")
            else:
                self.at += 1

    def _named_function(self) -> Statement:
        self.skip_blanks()
        name = self.word()
        if name is None or name.plain is None:
            raise self.broken("a function has no name")
        self.skip_blanks()
        if self.peek() == "(":
            self.at += 1
            self.expect(")")
        return self._definition(name.plain)

    def _coprocess(self) -> Statement:
        """Read `coproc [NAME] command`."""
        self.skip_blanks()
        if self.peek() != "(" and self.keyword() not in COMPOUND:
            held = self.at
            self.word()
            self.skip_blanks()
            if self.peek() != "(" and self.keyword() not in COMPOUND:
                self.at = held
        return Background(self.command())


COMPOUND: dict[str, Callable[[CompoundParser], Statement]] = {
    "{": CompoundParser._braces,
    "if": CompoundParser._if,
    "while": CompoundParser._while,
    "until": CompoundParser._while,
    "for": CompoundParser._for,
    "select": CompoundParser._select,
    "case": CompoundParser._case,
    "[[": CompoundParser._test,
    "function": CompoundParser._named_function,
    "coproc": CompoundParser._coprocess,
}
