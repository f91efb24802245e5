"""The tree of a shell text: words as written, and the statements they make."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeAlias


class Kind(IntEnum):
    """What a part of a word is."""

    LITERAL = 0
    """Unquoted text: braces, globs and `~` count."""
    QUOTED = 1
    PARAMETER = 2
    """`$x`, `${x:-y}`, ..., with its dollar."""
    COMMAND = 3
    """`$( )` or backticks."""
    OTHER = 4
    """Arithmetic, `<( )`: never resolved."""


class Part(NamedTuple):
    """A part of a word, without its quotes and escapes."""

    kind: Kind
    text: str
    quoted: bool = False
    inner: tuple[Substitution, ...] = ()
    """What runs when the part is expanded."""


class Written(NamedTuple):
    """A word as written."""

    start: int
    end: int
    plain: str | None
    """The text, if it is one literal part and nothing else."""
    parts: tuple[Part, ...]


class Substitution(NamedTuple):
    """Commands inside a word."""

    start: int
    end: int
    body: Block | None
    code: str = ""
    """The commands as text where they must be read again: backticks with escapes in them."""


class Assignment(NamedTuple):
    """`name=value`, `name+=value`, `name[index]=value` or `name=(...)`."""

    name: str
    subscript: Written | None
    adds: bool
    value: Written | None
    """None for an array."""
    elements: tuple[Written, ...]
    start: int
    end: int


class Document:
    """The body of a here-document, filled in when the end of its row is reached."""

    __slots__ = ("end", "parts", "start")

    def __init__(self) -> None:
        self.parts: tuple[Part, ...] = ()
        self.start = self.end = 0


class Pending(NamedTuple):
    """A here-document whose body is still to come."""

    document: Document
    delimiter: str
    literal: bool
    strip_tabs: bool


class Redirection(NamedTuple):
    """`>file`, `2>&1`, `<<<text` or a here-document."""

    op: str
    target: Written | Document
    start: int
    end: int


class Simple(NamedTuple):
    """A simple command."""

    assignments: tuple[Assignment, ...]
    words: tuple[Written | Assignment, ...]
    """An assignment among the words is an array given to `declare` or its like."""
    redirections: tuple[Redirection, ...]
    start: int
    end: int


class Pipeline(NamedTuple):
    """Several commands, each reading what the one before writes."""

    stages: tuple[Statement, ...]


class AndOr(NamedTuple):
    """Statements joined by `&&` and `||`."""

    first: Statement
    rest: tuple[tuple[str, Statement], ...]


class Background(NamedTuple):
    """A statement that ends in `&`."""

    statement: Statement


class Group(NamedTuple):
    """`{ ... }` or `( ... )`."""

    body: Block
    is_subshell: bool


class Branch(NamedTuple):
    """`if`: conditions with their bodies; the condition of `else` is empty."""

    clauses: tuple[tuple[Block, Block], ...]


class Choice(NamedTuple):
    """`case`."""

    words: tuple[Written, ...]
    """The word and all patterns."""
    bodies: tuple[Block, ...]


class Loop(NamedTuple):
    """`while`, `until`, and `for` over numbers."""

    condition: Block
    body: Block
    words: tuple[Written, ...] = ()


class Each(NamedTuple):
    """`for` and `select` over words."""

    name: str
    words: tuple[Written, ...]
    body: Block
    is_select: bool


class Definition(NamedTuple):
    """A function."""

    name: str
    body: Statement


class Test(NamedTuple):
    """`[[ ... ]]` and `(( ... ))`: only what their words run counts."""

    words: tuple[Written, ...]


class Redirected(NamedTuple):
    """A compound statement with redirections."""

    statement: Statement
    redirections: tuple[Redirection, ...]


Statement: TypeAlias = (
    Simple
    | Pipeline
    | AndOr
    | Background
    | Group
    | Branch
    | Choice
    | Loop
    | Each
    | Definition
    | Test
    | Redirected
)
Block: TypeAlias = tuple[Statement, ...]


class Broken(Exception):
    """The text stops being shell at `at`."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at
