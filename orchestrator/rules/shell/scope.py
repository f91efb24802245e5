"""What is known while a line is read: variables, functions, the working directory."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from orchestrator.rules.shell.budget import Exhausted
from orchestrator.rules.shell.command import Word
from orchestrator.rules.shell.syntax import Statement

MAX_NAMES = 256


class Variable(NamedTuple):
    """What a name holds."""

    fields: tuple[str, ...]
    """One text for a plain variable, each element for an array."""
    known: bool = True
    """False if the text is not what it will hold, only what is written where it is set."""
    sources: tuple[str, ...] = ()
    """Programs whose output went into it."""


class Place(NamedTuple):
    """Where a text lies in the line."""

    offset: int | None = 0
    """None if the text was decoded or put together: all of it then lies at `span`."""
    span: tuple[int, int] = (0, 0)

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the line of a span in the text."""
        return self.span if self.offset is None else (start + self.offset, end + self.offset)


class Text(NamedTuple):
    """A text of shell."""

    text: str
    place: Place


class Function(NamedTuple):
    """A function defined in the line."""

    name: str
    body: Statement
    text: Text
    """What the offsets in the body point into."""
    is_certain: bool = True
    """False if a branch that may not run defines it: the name may then be a program's."""


UNKNOWN = Variable((), known=False)


class Scope:
    """Names and place; copied for a subshell, merged after a branch."""

    __slots__ = (
        "aliases", "arguments", "cwd", "cwd_known", "functions", "opaque", "variables",
    )  # fmt: skip

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.functions: dict[str, Function] = {}
        self.aliases: dict[str, str] = {}
        self.arguments: tuple[Word, ...] | None = None
        """`$1`, `$2`, ...; None if they cannot be told."""
        self.opaque: frozenset[str] = frozenset()
        """Names whose values cannot be followed any more: read-only ones and references."""
        self.cwd: str | None = None
        self.cwd_known = True

    def copy(self) -> Scope:
        """Return a scope whose changes do not reach this one."""
        if len(self.variables) + len(self.functions) > MAX_NAMES:
            raise Exhausted(f"it sets more than {MAX_NAMES} names")
        other = Scope()
        other.variables = dict(self.variables)
        other.functions = dict(self.functions)
        other.aliases = dict(self.aliases)
        other.arguments = self.arguments
        other.opaque = self.opaque
        other.cwd = self.cwd
        other.cwd_known = self.cwd_known
        return other

    def become(self, other: Scope) -> None:
        """Take over all that `other` knows."""
        for name in Scope.__slots__:
            setattr(self, name, getattr(other, name))

    def set(self, name: str, variable: Variable) -> None:
        """Assign a variable."""
        self.variables[name] = UNKNOWN if name in self.opaque else variable

    def merge(self, other: Scope, *, stays: bool = False) -> None:
        """Keep only what holds both here and in `other`: either may have come about.

        `stays` keeps the working directory of this one.
        """
        for name in self.variables.keys() | other.variables.keys():
            if self.variables.get(name) != other.variables.get(name):
                self.variables[name] = UNKNOWN
        for name, function in {**other.functions, **self.functions}.items():
            if self.functions.get(name) != other.functions.get(name):
                function = function._replace(is_certain=False)
            self.functions[name] = function
        if not stays and (self.cwd, self.cwd_known) != (other.cwd, other.cwd_known):
            self.cwd, self.cwd_known = None, False
        if self.arguments != other.arguments:
            self.arguments = None
        self.opaque |= other.opaque

    def forget(self) -> None:
        """Trust no variable any more: code that cannot be seen ran here."""
        self.variables = dict.fromkeys(self.variables, UNKNOWN)
        self.arguments = None

    def enter(self, target: Word | None) -> None:
        """Follow a `cd`; None is a `cd` to a place that is not written down."""
        if target is None or not target.known or target.text in ("-", ""):
            self.cwd, self.cwd_known = None, False
        elif target.text.startswith(("/", "~")):
            self.cwd, self.cwd_known = posixpath.normpath(target.text), True
        elif self.cwd_known:
            self.cwd = posixpath.normpath(posixpath.join(self.cwd or "", target.text))
