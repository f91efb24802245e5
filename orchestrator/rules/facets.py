"""What rules look at in a call: texts, commands, code, files and hosts, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.rules.hosts import Host
from orchestrator.rules.paths import Location
from orchestrator.rules.schema import Access
from orchestrator.rules.shell import Command, Shell
from orchestrator.rules.snippets import Literal, Snippet
from orchestrator.rules.tools import Role


class Text(NamedTuple):
    """A string among the arguments."""

    pointer: str
    argument: str
    """The name of the top-level argument it stands in, as names are compared."""
    roles: frozenset[Role]
    """What the nearest name around it may hold."""
    text: str


class Sub(NamedTuple):
    """A command that a shell line would run."""

    pointer: str
    line: str
    command: Command
    base: int = 0
    """Where the line starts in the text at `pointer`."""

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells it from the others of its call, without a look at every word."""
        return self.pointer, self.base, id(self.command)


class Finding(NamedTuple):
    """Something a matcher found, with where it stands."""

    pointer: str
    start: int
    end: int
    text: str
    sub: Sub | None = None
    detail: str | None = None


class Choice:
    """The sub-commands a rule's command fits; all, where it names none."""

    __slots__ = ("_keys",)

    def __init__(self, subs: Sequence[Sub] | None) -> None:
        self._keys = None if subs is None else {sub.key for sub in subs}

    def has(self, finding: Finding) -> bool:
        """Say whether what `finding` shows is done by one of them."""
        if self._keys is None:
            return True
        return finding.sub is not None and finding.sub.key in self._keys


class Line(NamedTuple):
    """A shell line of the call."""

    pointer: str
    text: str
    shell: Shell
    base: int = 0


class Code(NamedTuple):
    """A piece of Python of the call."""

    pointer: str
    base: int
    snippet: Snippet
    sub: Sub | None
    """The command that runs it, where a shell line does."""

    def find(self, literal: Literal) -> Finding:
        """Return where a literal of the code stands."""
        start = max(self.base + literal.start, 0)
        return Finding(self.pointer, start, start + len(literal.text), literal.text, self.sub)


class Touch(NamedTuple):
    """A file or folder that the call touches."""

    location: Location
    real: Location | None
    """Where symbolic links lead, if they do."""
    access: Access
    resolved: bool
    """Whether it is clear which path this is, up to what wildcards match."""
    wild: bool
    """Whether a shell would expand wildcards in it."""
    finding: Finding


class Contact(NamedTuple):
    """A host that the call speaks to."""

    host: Host
    sends: bool
    finding: Finding
