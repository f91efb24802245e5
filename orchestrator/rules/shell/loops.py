"""What the body of a loop may change for its next round."""

from __future__ import annotations

from collections.abc import Container, Iterator

from orchestrator.rules.shell import syntax
from orchestrator.rules.shell.command import names
from orchestrator.rules.shell.syntax import Statement

_MOVES = names("cd pushd popd")
_SETS = names("read eval source . mapfile readarray printf getopts let unset export declare local "
              "readonly typeset set shift")  # fmt: skip


def changed_names(node: Statement, functions: Container[str]) -> set[str]:
    """Return the variables assigned below `node`, `cd` if it moves, `*` if any may be set."""
    changed: set[str] = set()
    for simple in _simples(node):
        changed.update(assignment.name for assignment in simple.assignments)
        first = simple.words[0] if simple.words else None
        program = first.plain if isinstance(first, syntax.Written) else None
        if program in _MOVES or program in functions:
            changed.add("cd")
        if program in _SETS or program in functions or (first is not None and program is None):
            changed.add("*")
    return changed


def _simples(node: Statement) -> Iterator[syntax.Simple]:
    waiting: list[Statement] = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, syntax.Simple):
            yield node
        else:
            waiting.extend(_children(node))


def _children(node: Statement) -> Iterator[Statement]:
    match node:
        case syntax.Pipeline(stages):
            yield from stages
        case syntax.AndOr(first, rest):
            yield first
            yield from (right for _, right in rest)
        case syntax.Background(inner) | syntax.Definition(_, inner) | syntax.Redirected(inner, _):
            yield inner
        case syntax.Group(body) | syntax.Each(_, _, body):
            yield from body
        case syntax.Loop(condition, body):
            yield from (*condition, *body)
        case syntax.Branch(clauses):
            yield from (inner for clause in clauses for block in clause for inner in block)
        case syntax.Choice(_, bodies):
            yield from (inner for body in bodies for inner in body)
