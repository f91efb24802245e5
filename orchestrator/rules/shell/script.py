"""Walk the tree of a shell text and hand over the simple commands that would run.

Every branch counts: both sides of `||`, every `case`, the body of every function. What is known of
variables and the working directory follows the order of the text; where it would depend on a
branch, it is unknown from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from orchestrator.rules.shell import syntax
from orchestrator.rules.shell.command import Command, Word, names
from orchestrator.rules.shell.interpreters import literal_output
from orchestrator.rules.shell.loops import changed_names, may_jump, plain_name
from orchestrator.rules.shell.parser import parse_statements
from orchestrator.rules.shell.scope import UNKNOWN, Function, Place, Scope, Text, Variable
from orchestrator.rules.shell.simple import Collector, Feed, SimpleReader
from orchestrator.rules.shell.syntax import Broken, Statement, Substitution
from orchestrator.rules.shell.words import Output

_MAX_UNROLLED = 8
_SUCCEEDS = ("true", ":")
_STAYS = names("cd pushd mkdir echo printf export set declare local readonly")
_LEAVES = names("exit return break continue")


def read_script(text: str, scope: Scope, collector: Collector, feed: Feed, place: Place) -> None:
    """Parse `text` and walk it; `place` says where it lies in the line."""
    script = Script(Text(text, place), scope, collector, feed.wrappers)
    for statement in parse_statements(text, collector.budget):
        if isinstance(statement, Broken):
            near = text[max(0, statement.at - 12) : statement.at + 12]
            collector.doubt(f"{statement.why}, near {near!r}")
        else:
            script.walk((statement,), feed)


class Script(SimpleReader):
    """Walk the statements of one text: the line itself, or code found inside it."""

    __slots__ = ()

    def walk(self, statements: Iterable[Statement], feed: Feed) -> None:
        """Walk statements that follow each other."""
        for statement in statements:
            if not self.collector.step():
                return
            _WALKS[type(statement)](self, statement, feed)

    def _apart(self, statement: Statement, feed: Feed) -> None:
        """Walk `statement` in a subshell: what it changes stays inside."""
        outer, self.scope = self.scope, self.scope.copy()
        self.walk((statement,), feed)
        self.scope = outer

    def _background(self, node: syntax.Background, feed: Feed) -> None:
        self._apart(node.statement, feed)

    def _group(self, node: syntax.Group, feed: Feed) -> None:
        if not node.is_subshell:
            self.walk(node.body, feed)
            return
        outer, self.scope = self.scope, self.scope.copy()
        self.walk(node.body, feed)
        self.scope = outer

    def _redirected(self, node: syntax.Redirected, feed: Feed) -> None:
        self.walk((node.statement,), self.redirect(feed, node.redirections))

    def _pipeline(self, node: syntax.Pipeline, feed: Feed) -> None:
        """Walk the stages, each in a subshell; the last is this very shell in zsh."""
        commands = self.collector.commands
        inner = feed._replace(pipeline=self.collector.next_pipeline())
        outer = self.scope
        for place, stage in enumerate(node.stages):
            mark = len(commands)
            self.scope = outer.copy()
            self.walk((stage,), inner._replace(stage=place))
            made = commands[mark:]
            programs = tuple(c.program for c in made if c.program)
            inner = inner._replace(
                reads_pipe=True,
                sources=(*inner.sources, *programs),
                stdin_from=programs[-1] if programs else None,
                stdin=self._output(stage, made),
            )
        last, self.scope = self.scope, outer
        self.scope.merge(last)

    # branches

    def _and_or(self, node: syntax.AndOr, feed: Feed) -> None:
        before = self.scope.copy()
        self.walk((node.first,), feed)
        alternatives: list[tuple[Scope, bool]] = []
        last = node.first
        for operator, right in node.rest:
            if operator == "||":
                self._otherwise(before, right, feed)
            else:
                name = _name(last)
                if name not in _SUCCEEDS:
                    alternatives.append((self.scope.copy(), name in _STAYS))
                self.walk((right,), feed)
            last = right
        for alternative, stays in alternatives:
            self.scope.merge(alternative, stays=stays)

    def _otherwise(self, before: Scope, right: Statement, feed: Feed) -> None:
        """Walk what follows `||`, which runs only if what is before it came to nothing."""
        held, self.scope = self.scope, before.copy()
        self.walk((right,), feed)
        failed, self.scope = self.scope, held
        if not _leaves(right):
            self.scope.merge(failed)

    def _if(self, node: syntax.Branch, feed: Feed) -> None:
        outcomes: list[Scope] = []
        for condition, body in node.clauses:
            self.walk(condition, feed)
            outer, self.scope = self.scope, self.scope.copy()
            self.walk(body, feed)
            if not _leaves(body[-1]):
                outcomes.append(self.scope)
            self.scope = outer
        if not node.clauses[-1][0] and outcomes:
            self.scope.become(outcomes.pop())
        for outcome in outcomes:
            self.scope.merge(outcome)

    def _case(self, node: syntax.Choice, feed: Feed) -> None:
        self.values(node.words)
        before = self.scope
        outcomes: list[Scope] = []
        for body in node.bodies:
            self.scope = before.copy()
            self.walk(body, feed)
            outcomes.append(self.scope)
        self.scope = before
        for outcome in outcomes:
            self.scope.merge(outcome)

    # loops

    def _loop(self, node: syntax.Loop, feed: Feed) -> None:
        self.values(node.words)
        self.forget_changed(node)
        before = self.scope.copy()
        self.walk(node.condition, feed)
        self.walk(node.body, feed)
        self.scope.merge(before)

    def _each(self, node: syntax.Each, feed: Feed) -> None:
        """Walk a loop over words: round by round where they are few."""
        self.sources = []
        self.hold(len(node.words))
        words = [word for written in node.words for word in self.expand(written)]
        sources = tuple(self.sources)
        before = self.scope.copy()
        if 0 < len(words) <= _MAX_UNROLLED and not node.is_select:
            for word in words:
                self.scope.set(node.name, Variable((word.text,), word.known, sources))
                self.walk(node.body, feed)
            if any(may_jump(statement) for statement in node.body):
                self.forget_changed(node)
        else:
            self.forget_changed(node)
            self.scope.set(node.name, Variable((), False, sources))
            self.walk(node.body, feed)
        if not words or not all(word.known for word in words):
            self.scope.merge(before)  # there may be no round at all

    def forget_changed(self, node: Statement) -> None:
        """Forget what a later round of the loop may have changed."""
        changed = changed_names(node, self.scope.functions)
        for name in changed | self.scope.variables.keys():
            if name in changed or "*" in changed:
                self.scope.set(name, UNKNOWN)
        if "*" in changed:
            self.scope.arguments = None
        if "cd" in changed:
            self.scope.enter(None)

    # the rest

    def _define(self, node: syntax.Definition, feed: Feed) -> None:
        function = Function(node.name, node.body, self.source)
        self.scope.functions[node.name] = function
        self.collector.define(function)

    def _test(self, node: syntax.Test, feed: Feed) -> None:
        self.values(node.words)

    def substitute(self, inner: Substitution) -> Output:
        """Walk the commands of a substitution."""
        commands = self.collector.commands
        mark, sources = len(commands), self.sources
        outer, self.scope = self.scope, self.scope.copy()
        self._walk_inner(inner)
        self.scope, self.sources = outer, sources
        made = commands[mark:]
        body = inner.body or ()
        output = self._output(body[0], made) if len(body) == 1 else None
        programs = tuple(command.program for command in made if command.program)
        return Output(output.text if output else None, programs)

    def _output(self, node: Statement, made: list[Command]) -> Word | None:
        """Return what `node` writes, where it is one plain command that says so."""
        if not isinstance(node, syntax.Simple) or len(made) != 1:
            return None
        name, command = plain_name(node), made[0]
        if name != command.program or command.wrappers != self.wrappers:
            return None
        if name in self.scope.functions or name in self.scope.aliases:
            return None
        if any(redirection.op not in ("<<", "<<<") for redirection in node.redirections):
            return None
        text = literal_output(command)
        return None if text is None else Word(text, True, command.start, command.end)

    def _walk_inner(self, inner: Substitution) -> None:
        if inner.body is not None:
            self.walk(inner.body, Feed(wrappers=self.wrappers))
        elif self.collector.descend():
            place = Place(None, self.source.place.locate(inner.start, inner.end))
            feed = Feed(wrappers=self.wrappers)
            read_script(inner.code, self.scope, self.collector, feed, place)
            self.collector.ascend()


def _name(node: Statement) -> str | None:
    """Return the program of a simple command that runs nothing else before it."""
    if not isinstance(node, syntax.Simple):
        return None
    values = [a.value for a in node.assignments if a.value is not None]
    runs = any(part.inner for value in values for part in value.parts)
    return None if runs and not node.words else plain_name(node)


def _leaves(node: Statement) -> bool:
    """Say whether control does not go past `node`: it ends in `exit` or its like."""
    while isinstance(node, syntax.Group) and not node.is_subshell:
        node = node.body[-1]
    return _name(node) in _LEAVES


_WALKS: dict[type[Any], Callable[[Script, Any, Feed], None]] = {
    syntax.Simple: Script.read_simple,
    syntax.Pipeline: Script._pipeline,
    syntax.AndOr: Script._and_or,
    syntax.Background: Script._background,
    syntax.Group: Script._group,
    syntax.Branch: Script._if,
    syntax.Choice: Script._case,
    syntax.Loop: Script._loop,
    syntax.Each: Script._each,
    syntax.Definition: Script._define,
    syntax.Test: Script._test,
    syntax.Redirected: Script._redirected,
}
