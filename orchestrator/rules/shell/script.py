"""Walk the grammar's tree of a shell text and hand over the simple commands that would run.

Every branch counts: both sides of `||`, every `case`, the body of every function. What is known of
variables and the working directory follows the order of the text; where it would depend on a
branch, it is unknown from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tree_sitter import Node

from orchestrator.rules.shell.command import Command, Word, names
from orchestrator.rules.shell.grammar import EMPTY, descend, find_error, last_named, parse
from orchestrator.rules.shell.interpreters import literal_output
from orchestrator.rules.shell.layout import Layout, lay_out
from orchestrator.rules.shell.scope import UNKNOWN, Function, Place, Scope, Text, Variable
from orchestrator.rules.shell.simple import REDIRECTS, Collector, Feed, SimpleReader
from orchestrator.rules.shell.words import Substitution

_MAX_UNROLLED = 8
_CERTAIN = names("cd pushd mkdir echo printf export true : set declare local readonly")
_LEAVES = ("exit", "return", "break", "continue")


def read_script(text: str, scope: Scope, collector: Collector, feed: Feed, place: Place) -> None:
    """Parse `text` and walk it; `place` says where it lies in the line."""
    layout = lay_out(text)
    script = Script(Text(text, layout, place), scope, collector, nested=bool(feed.wrappers))
    documents = 0
    for piece in layout.pieces():
        root = parse(piece.skeleton)
        script.statements(root.children, feed)
        if not piece.is_whole:
            collector.doubt("one of its statements is too long to follow")
            return
        if root.has_error:
            collector.doubt(f"it is not valid shell near {find_error(root, text)!r}")
            return
        if layout.documents:
            documents += sum(1 for node in descend(root) if _opens_document(node, layout))
    if documents < len(layout.documents) or not layout.is_closed:
        collector.doubt("its quotes, brackets or here-documents do not close")


class Script(SimpleReader):
    """Walk the statements of one text: the line itself, or code found inside it."""

    __slots__ = ("tails",)

    def __init__(self, source: Text, scope: Scope, collector: Collector, nested: bool) -> None:
        super().__init__(source, scope, collector, nested)
        self.tails: dict[int, Sequence[Node]] = {}
        """Redirections by the node they belong to, where the grammar hangs them elsewhere."""

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

    # redirections of statements

    def _redirected(self, node: Node, feed: Feed) -> None:
        """Walk a statement with redirections.

        The grammar hangs those of `a | b && c >d` on the whole; they belong to its last command.
        """
        body = node.child_by_field_name("body")
        redirects = [child for child in node.children if child.type in REDIRECTS]
        redirects += self.tails.pop(node.id, ())
        last = body
        while last is not None and last.type in ("list", "pipeline", "negated_command"):
            last = last_named(last.children)
        if body is None or last is None or body.type == "command":
            self.read_command(body or EMPTY, feed, redirects)
        elif last != body:
            self.tails[last.id] = redirects
            self.statements([body], feed)
        else:
            self._redirect_group(body, feed, redirects)

    def _redirect_tail(self, node: Node, feed: Feed) -> None:
        """Walk the last command of a list whose redirections hang on the list."""
        if node.type == "command":
            self.read_command(node, feed, self.tails.pop(node.id))
        elif node.type == "redirected_statement":
            self._redirected(node, feed)
        else:
            self._redirect_group(node, feed, self.tails.pop(node.id))

    def _redirect_group(self, body: Node, feed: Feed, redirects: Sequence[Node]) -> None:
        self.statements([body], self.redirect_group(feed, redirects))

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
        return node.type == "variable_assignment" or self._first_word(node) in _CERTAIN

    def _leaves(self, node: Node) -> bool:
        """Say whether control does not go past `node`: it ends in `exit` or its like."""
        while node.type in ("compound_statement", "list") and node.named_child_count:
            if any(child.type in ("&&", "((") for child in node.children):
                return False
            node = last_named(node.children)
        return node.type == "command" and self._first_word(node) in _LEAVES

    def _first_word(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte].partition(" ")[0]

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
        self._apart(Script.walk_group, node, feed)

    def walk_group(self, node: Node, feed: Feed) -> None:
        """Walk what is between braces or parentheses."""
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
            if not (body and self._leaves(last_named(body))):
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
        for child in descend(node):
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


def _opens_document(node: Node, layout: Layout) -> bool:
    return node.type == "file_redirect" and any(
        child.start_byte in layout.documents for child in node.children
    )


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


_STATEMENTS: dict[str, Callable[[Script, Node, Feed], None]] = {
    "command": Script.read_command,
    "redirected_statement": Script._redirected,
    "list": Script._list,
    "pipeline": Script._pipeline,
    "subshell": Script._subshell,
    "compound_statement": Script.walk_group,
    "if_statement": Script._if,
    "case_statement": Script._case,
    "while_statement": Script._while,
    "for_statement": Script._for,
    "c_style_for_statement": Script._c_for,
    "do_group": Script._do,
    "function_definition": Script._function,
    "variable_assignment": Script.read_assignments,
    "variable_assignments": Script.read_assignments,
    "declaration_command": Script.read_declaration,
    "unset_command": Script.read_declaration,
    "test_command": Script._test,
    "negated_command": Script._negated,
    "ERROR": Script._do,
    "program": Script._do,
}
