"""Walk the grammar's tree of a shell text and hand over the simple commands that would run.

Every branch counts: both sides of `||`, every `case`, the body of every function. What is known of
variables and the working directory follows the order of the text; where it would depend on a
branch, it is unknown from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from orchestrator.rules.shell.command import Command, Redirect, Word, names
from orchestrator.rules.shell.interpreters import literal_output
from orchestrator.rules.shell.layout import HereDocument, lay_out
from orchestrator.rules.shell.scope import UNKNOWN, Function, Scope, Text, Variable
from orchestrator.rules.shell.words import Expander, Substitution

_PARSER = Parser(Language(tree_sitter_bash.language()))

_MAX_UNROLLED = 8
_CERTAIN = names("cd pushd mkdir echo printf export true : set declare local readonly")
_LEAVES = ("exit", "return", "break", "continue")


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

    def take(self, script: Script, simple: Simple) -> None:
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


class Script(Expander):
    """One text of shell: the line itself, or code found inside it."""

    __slots__ = ("collector", "lifted", "nested", "source", "tails")

    def __init__(self, source: Text, scope: Scope, collector: Collector, nested: bool) -> None:
        super().__init__(source.text, scope)
        self.source = source
        self.collector = collector
        self.nested = nested
        self.lifted = 0
        self.tails: dict[int, Sequence[Node]] = {}
        """Redirections by the node they belong to, where the grammar hangs them elsewhere."""

    @classmethod
    def read(
        cls, text: str, scope: Scope, collector: Collector, feed: Feed, place: Text | None = None
    ) -> None:
        """Parse `text` and walk it; `place` says where it lies in the line."""
        layout = lay_out(text)
        place = place or Text(text, {})
        script = cls(
            Text(text, layout.documents, place.offset, place.span),
            scope,
            collector,
            bool(feed.wrappers),
        )
        root = _PARSER.parse(layout.source).root_node
        if root.has_error:
            collector.doubt(f"it is not valid shell near {_find_error(root, text)!r}")
        script.statements(root.children, feed)
        if script.lifted < len(layout.documents):
            collector.doubt("a here-document is not where the grammar expects it")

    def statements(self, nodes: Sequence[Node], feed: Feed) -> None:
        """Walk statements that follow each other."""
        for at, node in enumerate(nodes):
            walk = _STATEMENTS.get(node.type)
            if walk is None:
                continue
            if self.tails and node.id in self.tails:
                walk = Script._redirect_tail
            if not self.collector.step():
                return
            if not self.collector.descend():
                return
            if at + 1 < len(nodes) and nodes[at + 1].type == "&":
                self._apart(walk, node, feed)
            else:
                walk(self, node, feed)
            self.collector.ascend()

    def _apart(self, walk: Callable[[Script, Node, Feed], None], node: Node, feed: Feed) -> None:
        """Walk `node` in a subshell: what it changes stays inside."""
        outer, self.scope = self.scope, self.scope.copy()
        walk(self, node, feed)
        self.scope = outer

    # commands

    def _command(self, node: Node, feed: Feed, redirects: Sequence[Node] = ()) -> None:
        mark = len(self.collector.commands)
        self.sources.clear()
        parts = _Parts(feed)
        for child in node.children:
            self._part(child, parts)
        for child in redirects:
            self._redirect(child, parts)
        taken = (*feed.redirects, *parts.redirects) if parts.redirects else feed.redirects
        start = node.start_byte if node.children else redirects[0].start_byte
        end = redirects[-1].end_byte if redirects else node.end_byte
        simple = Simple(
            parts.words, taken, tuple(parts.assignments), parts.feed, tuple(self.sources),
            mark, start, end,
        )  # fmt: skip
        self.collector.take(self, simple)

    def _part(self, child: Node, parts: _Parts) -> None:
        kind = child.type
        if kind in ("word", "string"):
            parts.words += self.expand(child)
        elif kind == "command_name":
            parts.words += self.expand(child.children[0] if child.child_count == 1 else child)
        elif kind == "variable_assignment":
            name, value = self._assignment(child)
            parts.assignments.append((name, value))
        elif kind in _REDIRECTS:
            self._redirect(child, parts)
        elif kind in ("subshell", "compound_statement"):
            self._group(child, parts.feed)
        else:
            parts.words += self.expand(child)

    def _redirect(self, node: Node, parts: _Parts) -> None:
        children = [child for child in node.children if child.type != "file_descriptor"]
        op, rest = children[0], children[1:]
        if op.start_byte in self.source.documents:
            self.lifted += 1
            document = self.source.documents[op.start_byte]
            parts.feed = parts.feed._replace(stdin=self._document(document))
            parts.words += [word for child in rest[1:] for word in self.expand(child)]
            return
        if node.type == "heredoc_redirect":
            self.collector.doubt("a here-document is not where the grammar expects it")
            return
        if node.type == "herestring_redirect":
            word = self.value(rest[0])
            parts.feed = parts.feed._replace(stdin=word._replace(text=word.text + "\n"))
            return
        for place, child in enumerate(rest):
            if place:
                parts.words += self.expand(child)
            elif child.type == "process_substitution":
                self._feed_from(child, op, parts)
            elif not (op.type in (">&", "<&") and child.type == "number"):
                parts.redirects.append(Redirect(op.type, self.value(child)))

    def _feed_from(self, node: Node, op: Node, parts: _Parts) -> None:
        """Take `< <(...)` for the pipe that it is."""
        sources = self.substitute(node).sources
        if op.type == "<" and sources:
            parts.feed = parts.feed._replace(
                reads_pipe=True, sources=(*parts.feed.sources, *sources), stdin_from=sources[-1]
            )

    def _document(self, document: HereDocument) -> Word:
        text = self.text[document.start : document.end]
        if document.strip_tabs:
            text = "\n".join(row.lstrip("\t") for row in text.split("\n"))
        known = True
        if not document.literal:
            text, known = self._expand_document(text)
        return Word(text, known, document.start, document.end)

    def _expand_document(self, body: str) -> tuple[str, bool]:
        layout = lay_out(body, body=True)
        root = _PARSER.parse(b'"' + layout.source + b'"').root_node
        string = next((n for n in _descend(root) if n.type == "string"), None)
        if root.has_error or string is None:
            self.collector.doubt("a here-document cannot be expanded")
            return body, False
        shift = {at + 1: document for at, document in layout.documents.items()}
        inner = Script(
            self.source._replace(text=f'"{body}"', documents=shift),
            self.scope,
            self.collector,
            self.nested,
        )
        result = inner.document(string, 1)
        self.sources.extend(inner.sources)
        return result

    def _assignment(self, node: Node) -> tuple[str, Word]:
        """Set the variable that `node` assigns and return its name and value."""
        target, value = node.children[0], node.children[-1]
        adds = any(child.type == "+=" for child in node.children)
        before = len(self.sources)
        if value.type == "array":
            words = [w for child in value.children if child.is_named for w in self.expand(child)]
            fields = tuple(word.text for word in words)
            known = all(word.known for word in words)
            word = Word(" ".join(fields), known, value.start_byte, value.end_byte)
        elif value.type in ("=", "+="):
            fields, known = ("",), True
            word = Word("", True, value.end_byte, value.end_byte)
        else:
            word = self.value(value)
            fields, known = (word.text,), word.known
        variable = Variable(fields, known, tuple(self.sources[before:]))
        name = self.text[target.start_byte : target.end_byte]
        self._set(target, name, variable, adds, is_array=value.type == "array")
        return name, word

    def _set(self, target: Node, name: str, variable: Variable, adds: bool, is_array: bool) -> None:
        variables = self.scope.variables
        if target.type == "subscript":
            self.visit(target)
            name, _, index = name[:-1].partition("[")
            old = variables.get(name, Variable(()))
            if not (index.isdigit() and int(index) == len(old.fields) and old.known):
                variables[name] = UNKNOWN
                return
            variable, adds, is_array = variable._replace(fields=variable.fields), True, True
        if adds:
            old = variables.get(name, UNKNOWN if not is_array else Variable(()))
            joined = (
                (*old.fields, *variable.fields)
                if is_array
                else ((*(old.fields or ("",))[:1], "")[0] + variable.fields[0],)
            )
            variable = Variable(
                joined, old.known and variable.known, (*old.sources, *variable.sources)
            )
        variables[name] = variable

    def _assignments(self, node: Node, feed: Feed) -> None:
        mark = len(self.collector.commands)
        self.sources.clear()
        nodes = node.children if node.type == "variable_assignments" else [node]
        assignments = tuple(self._assignment(child) for child in nodes)
        span = (node.start_byte, node.end_byte)
        sources = tuple(self.sources)
        simple = Simple([], feed.redirects, assignments, feed, sources, mark, *span)
        self.collector.take(self, simple)

    def _declaration(self, node: Node, feed: Feed, redirected: Node | None = None) -> None:
        mark = len(self.collector.commands)
        self.sources.clear()
        words, assignments = [], []
        for child in node.children:
            if child.type == "variable_assignment":
                name, value = self._assignment(child)
                assignments.append((name, value))
                words.append(value._replace(text=f"{name}={value.text}"))
            elif child.is_named and child.type != "variable_name":
                words += self.expand(child)
            else:
                text = self.text[child.start_byte : child.end_byte]
                words.append(Word(text, True, child.start_byte, child.end_byte))
        span = (node.start_byte, node.end_byte)
        sources = tuple(self.sources)
        simple = Simple(words, feed.redirects, tuple(assignments), feed, sources, mark, *span)
        self.collector.take(self, simple)

    def _redirected(self, node: Node, feed: Feed) -> None:
        """Walk a statement with redirections.

        The grammar hangs those of `a | b && c >d` on the whole; they belong to its last command.
        """
        body = node.child_by_field_name("body")
        redirects = [child for child in node.children if child.type in _REDIRECTS]
        redirects += self.tails.pop(node.id, ())
        last = body
        while last is not None and last.type in ("list", "pipeline", "negated_command"):
            last = _last_named(last.children)
        if body is None or last is None or body.type == "command":
            self._command(body or _EMPTY, feed, redirects)
        elif last != body:
            self.tails[last.id] = redirects
            self.statements([body], feed)
        else:
            self._redirect_group(body, feed, redirects)

    def _redirect_tail(self, node: Node, feed: Feed) -> None:
        """Walk the last command of a list whose redirections hang on the list."""
        if node.type == "command":
            self._command(node, feed, self.tails.pop(node.id))
        elif node.type == "redirected_statement":
            self._redirected(node, feed)
        else:
            self._redirect_group(node, feed, self.tails.pop(node.id))

    def _redirect_group(self, body: Node, feed: Feed, redirects: Sequence[Node]) -> None:
        parts = _Parts(feed)
        for child in redirects:
            self._redirect(child, parts)
        inner = parts.feed._replace(redirects=(*feed.redirects, *parts.redirects))
        self.statements([body], inner)

    # structure

    def _list(self, node: Node, feed: Feed) -> None:
        """Walk `a && b || c`, which the grammar nests to the left."""
        operators: list[tuple[str, Node]] = []
        while node.type == "list":
            first, operator, second = node.children[0], node.children[1], node.children[-1]
            operators.append((operator.type, second))
            node = first
        before = self.scope.copy()
        self.statements([node], feed)
        alternatives: list[Scope] = []
        for operator_type, right in reversed(operators):
            if operator_type == "||":
                self._otherwise(before, right, feed)
            else:
                if not self._is_certain(node):
                    alternatives.append(self.scope.copy())
                self.statements([right], feed)
            node = right
        for alternative in alternatives:
            self.scope.merge(alternative)

    def _otherwise(self, before: Scope, right: Node, feed: Feed) -> None:
        """Walk what follows `||`, which runs only if what is before it came to nothing."""
        held, self.scope = self.scope, before.copy()
        self.statements([right], feed)
        failed, self.scope = self.scope, held
        if not self._leaves(right):
            self.scope.merge(failed)

    def _is_certain(self, node: Node) -> bool:
        words = self.text[node.start_byte : node.end_byte].split(None, 1)
        return bool(words) and (words[0] in _CERTAIN or node.type == "variable_assignment")

    def _leaves(self, node: Node) -> bool:
        """Say whether control does not go past `node`: it ends in `exit` or its like."""
        text = self.text[node.start_byte : node.end_byte].rstrip("}; \t\n")
        last = text.replace("\n", ";").rpartition(";")[2].rpartition("{")[2].split()
        return bool(last) and last[0] in _LEAVES

    def _pipeline(self, node: Node, feed: Feed) -> None:
        stages = [child for child in node.children if child.is_named and child.type != "comment"]
        number = self.collector.next_pipeline()
        commands = self.collector.commands
        inner = feed._replace(pipeline=number)
        for place, stage in enumerate(stages):
            mark = len(commands)
            self._apart(Script._statement, stage, inner._replace(stage=place))
            made = commands[mark:]
            programs = tuple(c.program for c in made if c.program)
            inner = inner._replace(
                reads_pipe=True,
                sources=(*inner.sources, *programs),
                stdin_from=programs[-1] if programs else None,
                stdin=_output(made),
            )

    def _statement(self, node: Node, feed: Feed) -> None:
        self.statements([node], feed)

    def _subshell(self, node: Node, feed: Feed) -> None:
        self._apart(Script._group, node, feed)

    def _group(self, node: Node, feed: Feed) -> None:
        if node.children and node.children[0].type == "((":
            self.visit(node)
        else:
            self.statements(node.children, feed)

    def _if(self, node: Node, feed: Feed) -> None:
        outcomes: list[Scope] = []
        has_else = False
        for clause in (
            node,
            *(c for c in node.children if c.type in ("elif_clause", "else_clause")),
        ):
            condition, body = _split_clause(clause)
            has_else = has_else or clause.type == "else_clause"
            self.statements(condition, feed)
            outer, self.scope = self.scope, self.scope.copy()
            self.statements(body, feed)
            if not (body and self._leaves(_last_named(body))):
                outcomes.append(self.scope)
            self.scope = outer
        if has_else and outcomes:
            self.scope = outcomes.pop()
        for outcome in outcomes:
            self.scope.merge(outcome)

    def _case(self, node: Node, feed: Feed) -> None:
        outcomes: list[Scope] = []
        for child in node.children:
            if child.type != "case_item":
                self.visit(child)
                continue
            outer, self.scope = self.scope, self.scope.copy()
            self.statements(child.children, feed)
            outcomes.append(self.scope)
            self.scope = outer
        for outcome in outcomes:
            self.scope.merge(outcome)

    def _while(self, node: Node, feed: Feed) -> None:
        self._forget_changed(node)
        before = self.scope.copy()
        self.statements(node.children, feed)
        self.scope.merge(before)

    def _do(self, node: Node, feed: Feed) -> None:
        self.statements(node.children, feed)

    def _for(self, node: Node, feed: Feed) -> None:
        body = node.child_by_field_name("body")
        name_node = node.child_by_field_name("variable")
        if body is None or name_node is None:
            self.visit(node)
            return
        name = self.text[name_node.start_byte : name_node.end_byte]
        self.sources.clear()
        values = [v for v in node.children_by_field_name("value") if v.is_named]
        words = [word for value in values for word in self.expand(value)]
        sources = tuple(self.sources)
        if 0 < len(words) <= _MAX_UNROLLED and node.children[0].type == "for":
            for word in words:
                self.scope.variables[name] = Variable((word.text,), word.known, sources)
                self.statements([body], feed)
            return
        self._forget_changed(body)
        before = self.scope.copy()
        self.scope.variables[name] = Variable((), False, sources)
        self.statements([body], feed)
        self.scope.merge(before)

    def _c_for(self, node: Node, feed: Feed) -> None:
        body = node.child_by_field_name("body")
        for child in node.children:
            if child != body:
                self.visit(child)
        if body is not None:
            self._while(body, feed)

    def _forget_changed(self, node: Node) -> None:
        """Forget what a later round of the loop may have changed."""
        for child in _descend(node):
            if child.type == "variable_assignment":
                name = self.text[child.start_byte : child.end_byte].partition("=")[0].rstrip("+")
                if name in self.scope.variables:
                    self.scope.variables[name] = UNKNOWN
            elif child.type == "command_name" and child.text in (b"cd", b"pushd", b"popd"):
                self.scope.enter(None)
            elif child.type == "command_name" and child.text in (b"read", b"eval", b"source", b"."):
                self.scope.variables = dict.fromkeys(self.scope.variables, UNKNOWN)

    def _function(self, node: Node, feed: Feed) -> None:
        name_node = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name_node is None or body is None:
            self.statements(node.children, feed)
            return
        name = self.text[name_node.start_byte : name_node.end_byte]
        function = Function(name, body, self.source)
        self.scope.functions[name] = function
        self.collector.define(function)

    def _test(self, node: Node, feed: Feed) -> None:
        self.visit(node)

    def _negated(self, node: Node, feed: Feed) -> None:
        self.statements(node.children, feed)

    # substitutions

    def substitute(self, node: Node) -> Substitution:
        """Walk the commands of a `$( )`, a backtick pair or a `<( )`."""
        written = self.text[node.start_byte : node.end_byte]
        if self.collector.is_seen(written, self.nested):
            return Substitution(None, ())
        mark = len(self.collector.commands)
        sources = self.sources
        self.sources = []
        outer, self.scope = self.scope, self.scope.copy()
        self.statements(node.children, Feed(wrappers=()))
        self.scope, self.sources = outer, sources
        made = self.collector.commands[mark:]
        output = _output(made) if node.type == "command_substitution" else None
        programs = tuple(command.program for command in made if command.program)
        return Substitution(output.text if output else None, programs)

    def spend(self, size: int) -> bool:
        """Count characters made by expansion; False when there were too many."""
        return self.collector.spend(size)


class _Parts:
    """What the children of a command come to."""

    __slots__ = ("assignments", "feed", "redirects", "words")

    def __init__(self, feed: Feed) -> None:
        self.words: list[Word] = []
        self.redirects: list[Redirect] = []
        self.assignments: list[tuple[str, Word]] = []
        self.feed = feed


def _output(made: list[Command]) -> Word | None:
    """Return what a pipeline's stage writes where its only command says so."""
    if len(made) != 1 or made[0].redirects:
        return None
    text = literal_output(made[0])
    return None if text is None else Word(text, True, made[0].start, made[0].end)


def _split_clause(clause: Node) -> tuple[list[Node], list[Node]]:
    """Return the statements before and after `then`; an `else` has only the latter."""
    children = [c for c in clause.children if c.type not in ("elif_clause", "else_clause")]
    for at, child in enumerate(children):
        if child.type == "then":
            return children[:at], children[at + 1 :]
    return [], children


def _last_named(nodes: list[Node]) -> Node:
    return next((node for node in reversed(nodes) if node.is_named), nodes[-1])


def _descend(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _find_error(root: Node, text: str) -> str:
    for node in _descend(root):
        if node.type == "ERROR" or node.is_missing:
            return text[node.start_byte : node.start_byte + 24]
    return text[:24]


_EMPTY = _PARSER.parse(b"").root_node
_REDIRECTS = frozenset(("file_redirect", "heredoc_redirect", "herestring_redirect"))
_STATEMENTS: dict[str, Callable[[Script, Node, Feed], None]] = {
    "command": Script._command,
    "redirected_statement": Script._redirected,
    "list": Script._list,
    "pipeline": Script._pipeline,
    "subshell": Script._subshell,
    "compound_statement": Script._group,
    "if_statement": Script._if,
    "case_statement": Script._case,
    "while_statement": Script._while,
    "for_statement": Script._for,
    "c_style_for_statement": Script._c_for,
    "do_group": Script._do,
    "function_definition": Script._function,
    "variable_assignment": Script._assignments,
    "variable_assignments": Script._assignments,
    "declaration_command": Script._declaration,
    "unset_command": Script._declaration,
    "test_command": Script._test,
    "negated_command": Script._negated,
    "ERROR": Script._do,
    "program": Script._do,
}
