"""What the body of a loop may change for its next round."""

from __future__ import annotations

from collections.abc import Container, Iterator

from orchestrator.rules.shell import syntax
from orchestrator.rules.shell.command import names
from orchestrator.rules.shell.syntax import Statement

_JUMPS = names("break continue return exit")
_MOVES = names("cd pushd popd")
_SETS = names("read mapfile readarray printf getopts let unset export declare local readonly "
              "typeset set shift")  # fmt: skip
_HIDES = names("command builtin eval source .")  # what these run is not looked at here


def changed_names(node: Statement, functions: Container[str]) -> set[str]:
    """Return the variables assigned below `node`, `cd` if it moves, `*` if any may be set."""
    changed: set[str] = set()
    for inner in _descend(node):
        if isinstance(inner, syntax.Each):
            changed.add(inner.name)
        elif isinstance(inner, syntax.Simple):
            changed.update(assignment.name for assignment in inner.assignments)
            program = plain_name(inner)
            hides = program is None or program in _HIDES or program in functions
            if hides or program in _MOVES:
                changed.add("cd")
            if hides or program in _SETS:
                changed.add("*")
    return changed


def may_jump(node: Statement) -> bool:
    """Say whether some of `node` may be left out by `break`, `return` or their like."""
    programs = [plain_name(n) for n in _descend(node) if isinstance(n, syntax.Simple)]
    return any(program is None or program in _JUMPS | _HIDES for program in programs)


def plain_name(simple: syntax.Simple) -> str | None:
    """Return the program as written, `:` for assignments; None if it is not plain."""
    if not simple.words:
        return ":"
    first = simple.words[0]
    return first.plain if isinstance(first, syntax.Written) else None


def _descend(node: Statement) -> Iterator[Statement]:
    waiting: list[Statement] = [node]
    while waiting:
        node = waiting.pop()
        yield node
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
