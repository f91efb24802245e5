"""Parameter expansion: `$x`, `${x:-y}`, `${x[0]}`, `"$@"` and their like."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.rules.shell.command import names
from orchestrator.rules.shell.scope import Scope, Variable

_ACTIVE = frozenset("\\*?[{}~$`'\"<>")
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


_SET_BY_SHELL = names(
    "_ REPLY MAPFILE OPTARG OPTIND OPTERR BASH_REMATCH PIPESTATUS COPROC FUNCNAME DIRSTACK OLDPWD "
    "BASH_COMMAND BASH_ARGV BASH_ARGC BASH_SOURCE BASH_LINENO RANDOM SRANDOM SECONDS LINENO UID "
    "EUID PPID BASHPID GROUPS HISTCMD EPOCHSECONDS EPOCHREALTIME SHELLOPTS BASHOPTS"
)
"""What the line assigns to these does not stay."""


class Expansion(NamedTuple):
    """What a parameter stands for."""

    fields: tuple[str, ...]
    known: bool = True
    separate: bool = False
    """True if each field is a word of its own even in quotes (`"$@"`)."""
    sources: tuple[str, ...] = ()


class _Parameter(NamedTuple):
    name: str
    subscript: str | None
    operation: str


UNRESOLVED = Expansion((), known=False)


def expand_parameter(text: str, scope: Scope) -> Expansion:
    """Return what `text`, a `$...` as written, stands for under `scope`."""
    body = text[2:-1] if text.startswith("${") else text[1:]
    if body.startswith("!"):
        return _indirect(body[1:], scope)
    parameter = _parse(body)
    if parameter is None:
        return UNRESOLVED
    variable = _look_up(parameter.name, scope)
    if variable is None:
        return UNRESOLVED
    fields = _select(variable.fields, parameter) if variable.known else None
    if fields is None:
        plain = variable.fields if parameter == (parameter.name, None, "") else ()
        return Expansion(plain, known=False, sources=variable.sources)
    separate = parameter.name == "@" or parameter.subscript == "@"
    return _apply(parameter.operation, Expansion(fields, True, separate, variable.sources))


def _indirect(body: str, scope: Scope) -> Expansion:
    inner = expand_parameter("$" + body, scope)
    if not inner.known or not inner.fields or not _NAME.issuperset(inner.fields[0]):
        return UNRESOLVED
    return expand_parameter("$" + inner.fields[0], scope)


def _parse(body: str) -> _Parameter | None:
    end = 0
    while end < len(body) and body[end] in _NAME:
        end += 1
    if not end:
        end = 1 if body[:1] in ("@", "*") else 0
    if not end:
        return None
    index, rest = None, body[end:]
    if rest.startswith("["):
        index, closed, rest = rest[1:].partition("]")
        if not closed:
            return None
    return _Parameter(body[:end], index, rest)


def _look_up(name: str, scope: Scope) -> Variable | None:
    if name in _SET_BY_SHELL:
        return None
    variable = scope.variables.get(name)
    if variable is not None:
        return variable
    if name == "IFS":
        return Variable((" \t\n",))
    if name == "HOME":
        return Variable(("~",))
    if name == "PWD" and scope.cwd_known:
        return Variable((scope.cwd or ".",))
    return _positional(name, scope)


def _positional(name: str, scope: Scope) -> Variable | None:
    words = scope.arguments
    if words is None or not all(word.known for word in words):
        return None
    if name in ("@", "*"):
        return Variable(tuple(word.text for word in words))
    if name.isdigit() and name.isascii() and len(name) < 4 and name != "0":
        place = int(name) - 1
        return Variable((words[place].text,) if place < len(words) else ("",))
    return None


def _select(fields: tuple[str, ...], parameter: _Parameter) -> tuple[str, ...] | None:
    """Return the elements that the index names."""
    index = parameter.subscript
    if parameter.name in ("@", "*") or index in ("@", "*"):
        return fields
    if index is None:
        return fields[:1] or ("",)
    if not (index.isdigit() and index.isascii() and len(index) < 6):
        return None
    return (fields[int(index)],) if int(index) < len(fields) else ("",)


def _apply(operation: str, value: Expansion) -> Expansion:
    """Apply what follows the name in `${...}`."""
    if not operation:
        return value
    fields = value.fields
    empty = fields in ((), ("",))
    rest = operation[2:] if operation[0] == ":" else operation[1:]
    if operation[:2] in (":-", ":=", ":?") or operation[0] in "-=?":
        return _plain(rest, value) if empty and operation[0] == ":" else value
    if operation[:2] == ":+" or operation[0] == "+":
        return value._replace(fields=("",)) if empty else _plain(rest, value)
    changed = tuple(_edit(operation, field) for field in fields)
    known = tuple(field for field in changed if field is not None)
    return value._replace(fields=known) if len(known) == len(fields) else UNRESOLVED


def _plain(text: str, value: Expansion) -> Expansion:
    return value._replace(fields=(text,)) if _ACTIVE.isdisjoint(text) else UNRESOLVED


def _edit(operation: str, field: str) -> str | None:
    """Return `field` cut, trimmed, replaced or recased; None if the operation is not understood."""
    head, rest = operation[0], operation[1:]
    if operation in ("^", "^^", ",", ",,"):
        cased = field.upper() if head == "^" else field.lower()
        return cased if len(operation) == 2 else cased[:1] + field[1:]
    if not _ACTIVE.isdisjoint(rest):
        return None
    if head == ":":
        return _cut(rest, field)
    if head == "#":
        return field.removeprefix(rest.removeprefix("#"))
    if head == "%":
        return field.removesuffix(rest.removeprefix("%"))
    if head == "/":
        old, _, new = rest.removeprefix("/").partition("/")
        if not old or old[0] in "#%":
            return None
        return field.replace(old, new, -1 if rest.startswith("/") else 1)
    return None


def _cut(rest: str, field: str) -> str | None:
    """Return the substring that `OFFSET` or `OFFSET:LENGTH` names."""
    try:
        numbers = [int(part.strip()) for part in rest.split(":")]
    except ValueError:
        return None
    start = numbers[0] if numbers[0] >= 0 else max(len(field) + numbers[0], 0)
    if len(numbers) == 1:
        return field[start:]
    end = start + numbers[1] if numbers[1] >= 0 else len(field) + numbers[1]
    return field[start : max(end, start)] if len(numbers) == 2 else None
