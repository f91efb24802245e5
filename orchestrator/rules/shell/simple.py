"""Read a simple command off the tree: its words, redirections, assignments and input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from orchestrator.rules.shell import syntax
from orchestrator.rules.shell.budget import Budget
from orchestrator.rules.shell.command import Command, Redirect, Word
from orchestrator.rules.shell.scope import UNKNOWN, Function, Scope, Text, Variable
from orchestrator.rules.shell.syntax import Assignment, Document, Redirection, Written
from orchestrator.rules.shell.words import OPEN, Expander


class Feed(NamedTuple):
    """What surrounds a statement: its pipe, and what a group or a wrapper adds to it."""

    pipeline: int = 0
    """0 outside a pipeline of several stages."""
    stage: int = 0
    sources: tuple[str, ...] = ()
    """Programs of the stages before."""
    reads_pipe: bool = False
    stdin_from: str | None = None
    stdin: Word | None = None
    redirects: tuple[Redirect, ...] = ()
    wrappers: tuple[str, ...] = ()


class Expanded(NamedTuple):
    """A simple command with its words expanded."""

    reader: SimpleReader
    """Whose text it stands in."""
    words: list[Word]
    assignments: tuple[tuple[str, Word], ...]
    feed: Feed
    own: tuple[Redirect, ...]
    """The redirections written at the command itself."""
    sources: tuple[str, ...]
    """Programs whose output is in the words."""
    arrays: frozenset[str]
    """Names among the words that were set as arrays: `declare x=(...)`."""
    mark: int
    """How many commands there were before its own substitutions."""
    start: int
    end: int

    @property
    def args(self) -> tuple[Word, ...]:
        """Return the words after the program."""
        return tuple(self.words[1:])


class Collector(Protocol):
    """Where the commands go, and what bounds the work."""

    commands: list[Command]
    budget: Budget

    def take(self, simple: Expanded) -> None:
        """Take a simple command."""

    def define(self, function: Function) -> None:
        """Take note of a function that is not called yet."""

    def doubt(self, why: str) -> None:
        """Take note of why the line is not fully understood."""

    def step(self) -> bool:
        """Count a statement; False when there were too many."""

    def descend(self) -> bool:
        """Go one level down; False if that is too deep."""

    def ascend(self) -> None:
        """Come back from `descend`."""

    def next_pipeline(self) -> int:
        """Return the number of a new pipeline."""


class SimpleReader(Expander):
    """Read the simple commands of one text."""

    __slots__ = ("collector", "source", "wrappers")

    def __init__(
        self, source: Text, scope: Scope, collector: Collector, wrappers: tuple[str, ...]
    ) -> None:
        super().__init__(source.text, scope)
        self.source = source
        self.collector = collector
        self.wrappers = wrappers
        """What runs the text as a whole; substitutions run there too."""

    def spend(self, size: int) -> bool:
        """Count characters made by expansion; False when there were too many."""
        return self.collector.budget.spend(size)

    def hold(self, words: int) -> None:
        """Count words that are made. Raises Exhausted."""
        self.collector.budget.hold(words)

    def read_simple(self, node: syntax.Simple, feed: Feed) -> None:
        """Expand a simple command and hand it over."""
        mark = len(self.collector.commands)
        self.hold(len(node.words) + len(node.assignments) + len(node.redirections))
        self.sources = []
        words: list[Word] = []
        arrays: list[str] = []
        for item in node.words:
            if isinstance(item, Written):
                words += self.expand(item)
            else:
                words.append(self._declare(item))
                arrays.append(item.name)
        assignments: list[tuple[str, Word]] = []
        for assignment in node.assignments:
            value = self._evaluate(assignment)
            assignments.append((assignment.name, value.word))
            if not words:
                self._assign(assignment, value.variable)
        outer = len(feed.redirects)
        if node.redirections:
            feed = self.redirect(feed, node.redirections)
        own, sources = feed.redirects[outer:], tuple(self.sources)
        simple = Expanded(
            self, words, tuple(assignments), feed, own, sources, frozenset(arrays), mark,
            node.start, node.end,
        )  # fmt: skip
        self.collector.take(simple)

    # redirections

    def redirect(self, feed: Feed, redirections: Sequence[Redirection]) -> Feed:
        """Return `feed` as it is behind `redirections`."""
        redirects = list(feed.redirects)
        for op, target, _, _ in redirections:
            if isinstance(target, Document):
                feed = feed._replace(stdin=self._read_document(target))
            elif op == "<<<":
                word = self.value(target)
                feed = feed._replace(stdin=word._replace(text=word.text + "\n"))
            elif _is_process(target):
                feed = self._feed_from(op, target, feed)
            elif not (op in (">&", "<&") and _is_descriptor(target)):
                redirects.append(Redirect(op, self.value(target)))
        return feed._replace(redirects=tuple(redirects))

    def _feed_from(self, op: str, target: Written, feed: Feed) -> Feed:
        """Take `< <(...)` for the pipe that it is."""
        mark = len(self.sources)
        self.value(target)
        sources = tuple(self.sources[mark:])
        if op != "<" or not sources:
            return feed
        return feed._replace(
            reads_pipe=True, sources=feed.sources + sources, stdin_from=sources[-1]
        )

    def _read_document(self, document: Document) -> Word:
        pieces = list(self.pieces(document.parts))
        text = "".join(piece.text for piece in pieces)
        known = all(piece.kind != OPEN for piece in pieces)
        return Word(text, known, document.start, document.end)

    # assignments

    def _declare(self, assignment: Assignment) -> Word:
        """Take `declare x=(...)`: an array among the words."""
        value = self._evaluate(assignment)
        self._assign(assignment, value.variable)
        return value.word._replace(text=f"{assignment.name}={value.word.text}")

    def _evaluate(self, assignment: Assignment) -> _Value:
        mark = len(self.sources)
        if assignment.subscript is not None:
            self.value(assignment.subscript)
        if assignment.value is not None:
            word = self.value(assignment.value)
            fields: tuple[str, ...] = (word.text,)
        else:
            self.hold(len(assignment.elements))
            words = [word for written in assignment.elements for word in self.expand(written)]
            fields = tuple(word.text for word in words)
            known = all(word.known for word in words)
            word = Word(" ".join(fields), known, assignment.start, assignment.end)
        return _Value(word, Variable(fields, word.known, tuple(self.sources[mark:])))

    def _assign(self, assignment: Assignment, variable: Variable) -> None:
        """Set the variable; an element that is not the next one leaves the array unknown."""
        name = assignment.name
        old = self.scope.variables.get(name)
        is_array = assignment.value is None
        adds = assignment.adds
        if assignment.subscript is not None:
            old = old or Variable(())
            index = self.text[assignment.subscript.start : assignment.subscript.end]
            if adds or not old.known or index != f"[{len(old.fields)}]":
                self.scope.set(name, UNKNOWN)
                return
            adds = is_array = True
        if adds:
            old = old or (Variable(()) if is_array else UNKNOWN)
            variable = _join(old, variable, is_array)
        self.scope.set(name, variable)


class _Value(NamedTuple):
    word: Word
    variable: Variable


def _join(old: Variable, new: Variable, is_array: bool) -> Variable:
    """Return what `+=` leaves: more elements, or a longer text."""
    if is_array:
        fields = old.fields + new.fields
    else:
        fields = ("".join(old.fields[:1]) + new.fields[0], *old.fields[1:])
    return Variable(fields, old.known and new.known, old.sources + new.sources)


def _is_process(target: Written) -> bool:
    return bool(target.parts) and target.parts[0].text.startswith(("<(", ">("))


def _is_descriptor(target: Written) -> bool:
    return (target.plain is not None and target.plain.rstrip("-").isdigit()) or target.plain == "-"
