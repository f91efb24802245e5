"""Read a simple command off the tree: its words, redirections, assignments and input."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tree_sitter import Node

from orchestrator.rules.shell.command import Command, Redirect, Word
from orchestrator.rules.shell.grammar import descend, parse
from orchestrator.rules.shell.layout import HereDocument, lay_out
from orchestrator.rules.shell.scope import UNKNOWN, Function, Place, Scope, Text, Variable
from orchestrator.rules.shell.words import OPEN, Expander

REDIRECTS = frozenset(("file_redirect", "heredoc_redirect", "herestring_redirect"))


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


class Simple(NamedTuple):
    """A simple command with its words expanded."""

    words: list[Word]
    redirects: tuple[Redirect, ...]
    assignments: tuple[tuple[str, Word], ...]
    feed: Feed
    sources: tuple[str, ...]
    """Programs whose output is in the words."""
    mark: int
    """How many commands there were before its own substitutions."""
    start: int
    end: int


class Collector(Protocol):
    """Where the commands go, and what bounds the work."""

    commands: list[Command]

    def take(self, reader: SimpleReader, simple: Simple) -> None:
        """Take a simple command."""

    def define(self, function: Function) -> None:
        """Take note of a function that is not called yet."""

    def doubt(self, why: str) -> None:
        """Take note of why the line is not fully understood."""

    def step(self) -> bool:
        """Count a statement; False when there were too many."""

    def spend(self, size: int) -> bool:
        """Count characters made by expansion; False when there were too many."""

    def descend(self) -> bool:
        """Go one level down; False if that is too deep."""

    def ascend(self) -> None:
        """Come back from `descend`."""

    def is_seen(self, substitution: str, nested: bool) -> bool:
        """Say whether code quotes a substitution that was walked where it was written."""

    def next_pipeline(self) -> int:
        """Return the number of a new pipeline."""


class SimpleReader(Expander):
    """Read the simple commands of one text."""

    __slots__ = ("collector", "nested", "source")

    def __init__(self, source: Text, scope: Scope, collector: Collector, nested: bool) -> None:
        super().__init__(source.text, scope)
        self.source = source
        self.collector = collector
        self.nested = nested
        """Whether this is code found inside another text."""

    def spend(self, size: int) -> bool:
        """Count characters made by expansion; False when there were too many."""
        return self.collector.spend(size)

    @abstractmethod
    def walk_group(self, node: Node, feed: Feed) -> None:
        """Walk what is between braces or parentheses."""

    def read_command(self, node: Node, feed: Feed, redirects: Sequence[Node] = ()) -> None:
        """Expand a simple command and hand it over; `redirects` are hung elsewhere."""
        gathered = self._begin(feed)
        self._check_gaps(node)
        assignments = []
        for child in node.children:
            if child.type == "variable_assignment":
                assignments.append(self._evaluate(child))
            else:
                self._add(child, gathered)
        for child in redirects:
            self._add_redirect(child, gathered)
        if not gathered.words:
            for assignment in assignments:
                self._assign(assignment)
        start = node.start_byte if node.children else redirects[0].start_byte
        end = redirects[-1].end_byte if redirects else node.end_byte
        self._hand_over(gathered, assignments, start, end)

    def read_assignments(self, node: Node, feed: Feed) -> None:
        """Take assignments that stand alone, and so last."""
        gathered = self._begin(feed)
        assignments = []
        nodes = node.children if node.type == "variable_assignments" else [node]
        for child in nodes:
            assignments.append(self._evaluate(child))
            self._assign(assignments[-1])
        self._hand_over(gathered, assignments, node.start_byte, node.end_byte)

    def read_declaration(self, node: Node, feed: Feed) -> None:
        """Take `export`, `declare`, `local`, `readonly`, `unset` and their like."""
        gathered = self._begin(feed)
        assignments = []
        for child in node.children:
            if child.type == "variable_assignment":
                assignment = self._evaluate(child)
                assignments.append(assignment)
                self._assign(assignment)
                word = assignment.word
                gathered.words.append(word._replace(text=f"{assignment.name}={word.text}"))
            elif child.is_named and child.type != "variable_name":
                gathered.words += self.expand(child)
            else:
                text = self.text[child.start_byte : child.end_byte]
                gathered.words.append(Word(text, True, child.start_byte, child.end_byte))
        self._hand_over(gathered, assignments, node.start_byte, node.end_byte)

    def _begin(self, feed: Feed) -> _Gathered:
        self.sources = []
        return _Gathered(feed, len(self.collector.commands))

    def _hand_over(
        self, gathered: _Gathered, assignments: Sequence[_Assignment], start: int, end: int
    ) -> None:
        feed = gathered.feed
        own = tuple(gathered.redirects)
        simple = Simple(
            gathered.words,
            (*feed.redirects, *own) if own else feed.redirects,
            tuple((a.name, a.word) for a in assignments),
            feed,
            tuple(self.sources),
            gathered.mark,
            start,
            end,
        )
        self.collector.take(self, simple)

    def _check_gaps(self, node: Node) -> None:
        """Doubt a command that the grammar draws together over the end of a line."""
        skeleton = self.source.layout.skeleton
        if skeleton.find(b"\n", node.start_byte, node.end_byte) < 0:
            return
        at = node.start_byte
        for child in node.children:
            if b"\n" in skeleton[at : child.start_byte] or skeleton[child.start_byte] == 10:
                self.collector.doubt("where one of its commands ends cannot be told")
            at = child.end_byte

    def _add(self, child: Node, gathered: _Gathered) -> None:
        kind = child.type
        if kind == "command_name":
            gathered.words += self.expand(child.children[0] if child.child_count == 1 else child)
        elif kind in REDIRECTS:
            self._add_redirect(child, gathered)
        elif kind in ("subshell", "compound_statement"):
            self.walk_group(child, gathered.feed)
        else:
            gathered.words += self.expand(child)

    # redirections

    def redirect_group(self, feed: Feed, redirects: Sequence[Node]) -> Feed:
        """Return `feed` as it is inside a group with `redirects`."""
        gathered = self._begin(feed)
        for child in redirects:
            self._add_redirect(child, gathered)
        return gathered.feed._replace(redirects=(*feed.redirects, *gathered.redirects))

    def _add_redirect(self, node: Node, gathered: _Gathered) -> None:
        """Take a redirection; what the grammar draws into it after the target are words."""
        children = [child for child in node.children if child.type != "file_descriptor"]
        op, rest = children[0], children[1:]
        kind = self.text[op.start_byte : op.start_byte + 3]
        document = self.source.layout.documents.get(op.start_byte)
        if document is not None:
            gathered.feed = gathered.feed._replace(stdin=self._read_document(document))
        elif node.type != "file_redirect":
            self.collector.doubt("a here-document is not where it is expected")
            return
        elif kind == "<<<":
            word = self.value(rest[0])
            gathered.feed = gathered.feed._replace(stdin=word._replace(text=word.text + "\n"))
        elif rest and rest[0].type == "process_substitution":
            self._feed_from(rest[0], op, gathered)
        elif rest and not (op.type in (">&", "<&") and rest[0].type == "number"):
            op_text = "<>" if kind.startswith("<>") else op.type
            gathered.redirects.append(Redirect(op_text, self.value(rest[0])))
        for child in rest[1:]:
            gathered.words += self.expand(child)

    def _feed_from(self, node: Node, op: Node, gathered: _Gathered) -> None:
        """Take `< <(...)` for the pipe that it is."""
        sources = self.substitute(node).sources
        if op.type == "<" and sources:
            feed = gathered.feed
            gathered.feed = feed._replace(
                reads_pipe=True, sources=(*feed.sources, *sources), stdin_from=sources[-1]
            )

    def _read_document(self, document: HereDocument) -> Word:
        text = self.text[document.start : document.end]
        if document.strip_tabs:
            text = "\n".join(row.lstrip("\t") for row in text.split("\n"))
        known = True
        if not document.literal:
            text, known = self._expand_document(text)
        return Word(text, known, document.start, document.end)

    def _expand_document(self, body: str) -> tuple[str, bool]:
        if "$" not in body and "`" not in body:
            return body.replace("\\\\", "\\").replace("\\\n", ""), True
        layout = lay_out(body, body=True)
        if layout.is_heavy():
            if "$(" in body or "`" in body:
                self.collector.doubt("a here-document is too long to expand")
            return body, False
        root = parse(b'"' + layout.skeleton + b'"')
        string = next((n for n in descend(root) if n.type == "string"), None)
        if root.has_error or string is None or layout.documents or not layout.is_closed:
            self.collector.doubt("a here-document cannot be expanded")
            return body, False
        source = Text(f'"{body}"', layout, Place(None))
        inner = type(self)(source, self.scope, self.collector, self.nested)
        pieces = list(inner.double_quoted(string, 1))
        self.sources += inner.sources
        return "".join(p.text for p in pieces), all(p.kind != OPEN for p in pieces)

    # assignments

    def _evaluate(self, node: Node) -> _Assignment:
        target, value = node.children[0], node.children[-1]
        before = len(self.sources)
        is_array = value.type == "array"
        if is_array:
            words = [w for child in value.children if child.is_named for w in self.expand(child)]
            fields = tuple(word.text for word in words)
            known = all(word.known for word in words)
            word = Word(" ".join(fields), known, value.start_byte, value.end_byte)
        elif value.type in ("=", "+="):
            word = Word("", True, value.end_byte, value.end_byte)
            fields, known = ("",), True
        else:
            word = self.value(value)
            fields, known = (word.text,), word.known
        name = self.text[target.start_byte : target.end_byte]
        if target.type == "subscript":
            self.visit(target)
        if not name.partition("[")[0].isidentifier():
            self.collector.doubt(f"whether {name!r} is a variable or a program cannot be told")
        variable = Variable(fields, known, tuple(self.sources[before:]))
        adds = any(child.type == "+=" for child in node.children)
        return _Assignment(name, word, variable, adds, is_array)

    def _assign(self, assignment: _Assignment) -> None:
        """Set the variable; an element that is not the next one leaves the array unknown."""
        name, _, variable, adds, is_array = assignment
        variables = self.scope.variables
        name, subscript, index = name.partition("[")
        old = variables.get(name)
        if subscript:
            old = old or Variable(())
            if adds or not old.known or index != f"{len(old.fields)}]":
                variables[name] = UNKNOWN
                return
            adds = is_array = True
        if adds:
            old = old or (Variable(()) if is_array else UNKNOWN)
            added = variable.fields
            if is_array:
                fields = old.fields + added
            else:
                fields = ("".join(old.fields[:1]) + added[0], *old.fields[1:])
            variable = Variable(
                fields, old.known and variable.known, old.sources + variable.sources
            )
        variables[name] = variable


class _Assignment(NamedTuple):
    name: str
    word: Word
    variable: Variable
    adds: bool
    is_array: bool


class _Gathered:
    """What a command comes to, child by child."""

    __slots__ = ("feed", "mark", "redirects", "words")

    def __init__(self, feed: Feed, mark: int) -> None:
        self.feed = feed
        self.mark = mark
        self.words: list[Word] = []
        self.redirects: list[Redirect] = []
