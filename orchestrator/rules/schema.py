"""What a rule pack may say: its typed words.

Every model refuses unknown keys; every rule carries examples, which the loader runs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.domain.action import ToolKind
from orchestrator.domain.verdict import Effect

Identifier: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$")]
Names: TypeAlias = tuple[str, ...]
Access: TypeAlias = Literal["read", "write", "delete", "use"]
HostClass: TypeAlias = Literal["metadata", "loopback", "private", "address", "disguised"]
Label: TypeAlias = Literal["untrusted", "private", "secret"]
Deed: TypeAlias = Literal["egress", "destructive"]


class Part(BaseModel):
    """A frozen part of a policy file; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Parameter(Part):
    """A value a pack leaves open."""

    type: Literal["number", "text", "list", "flag"]
    default: Any
    about: str


class CommandMatch(Part):
    """A sub-command of a shell line, wrappers stripped; all that is said must hold of one."""

    program: Names = ()
    """Names without folder, or name and sub-command: `git push`."""
    flags: Names = ()
    """All of these are there; alternatives of one flag are written `-f|--force`."""
    no_flags: Names = ()
    """None of these is there."""
    words: Names = ()
    """RE2: each matches one of its words, flags included."""
    no_words: Names = ()
    """RE2: none matches any of its words."""
    wrapper: Names = ()
    """It runs through one of these: sudo, ssh, xargs ..."""
    piped_from: Names = ()
    """A program before it in the pipe is one of these."""
    in_line_with: Names = ()
    """One of these programs runs in the same line."""
    code_from: Names = ()
    """It runs as code what one of these programs puts out."""
    unknown: bool | None = None
    """True: what would run cannot be told."""


class PathMatch(Part):
    """A file or folder that a call touches, by an argument or in a shell line."""

    access: tuple[Access, ...] = ()
    """How it is touched; nothing means in any way."""
    like: Names = ()
    """Globs: `*` within a folder, `**` across folders, `~` the home of anybody."""
    not_like: Names = ()
    spare: Names = ()
    """Globs of places meant to be used by anybody, such as those for temporary files. Where the
    working folder itself lies in one, that one is no longer spared."""
    outside: bool | None = None
    """True: outside the folder the agent works in. Never holds where that is not known."""
    unresolved: bool | None = None
    """True: which path it is hangs on something not known before it runs."""
    not_by: Names = ()
    """Programs that may touch it in a shell line."""
    linked: bool | None = None
    """True: it goes through a symbolic link."""


class HostMatch(Part):
    """A host that a call speaks to, by a URL argument or in a shell line."""

    like: Names = ()
    """Names; `*.example.com` is every name below it."""
    not_like: Names = ()
    """None of these; an empty list never holds, so that an unset parameter fires nothing."""
    is_: Annotated[
        tuple[HostClass, ...],
        Field(alias="is"),
    ] = ()
    is_not: tuple[HostClass, ...] = ()
    sends: bool | None = None
    """True: data goes there; False: data is fetched."""
    scheme: Names = ()


class RecipientMatch(Part):
    """Somebody a message goes to."""

    domain_not_in: Names | None = None
    """None of these domains; an empty list never holds."""
    domain_in: Names = ()
    more_than: int | None = None
    """More recipients than this in one call."""


class SecretMatch(Part):
    """A secret, or the token of one, in an argument."""

    kind: Names = ()
    """Any kind if empty; `!card` leaves one out."""
    argument: Names = ()


class SqlMatch(Part):
    """A statement of an SQL argument, or of a client's command line."""

    statement: tuple[
        Literal["select", "insert", "update", "delete", "drop", "alter", "truncate", "create",
                "grant", "copy", "attach", "set", "call", "other"], ...
    ] = ()  # fmt: skip
    unbounded: bool | None = None
    """True: an update or delete without a condition."""
    table: Names = ()
    more_than_one: bool | None = None
    unknown: bool | None = None
    """True: it could not be parsed."""


class TextMatch(Part):
    """A pattern in an argument's text."""

    like: Names
    """RE2, any of these; `(?i)` ignores case."""
    argument: Names = ()
    """Names of arguments; any text of the call if empty."""


class NumberMatch(Part):
    """A number among the arguments."""

    argument: Names = ("amount",)
    """Names of arguments, or the role `amount`."""
    above: float | None = None
    below: float | None = None


class LimitMatch(Part):
    """How much of something a run may do; holds for the call that goes beyond."""

    calls: float | None = None
    """More calls than this that match the rest of the rule."""
    sum: Names = ()
    """Names of arguments, or the role `amount`, whose numbers are added up."""
    above: float | None = None
    within: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Only the last so many calls of the run count."""

    @model_validator(mode="after")
    def _count_one_thing(self) -> LimitMatch:
        if (self.calls is None) == (self.above is None) or bool(self.sum) != (
            self.above is not None
        ):
            raise ValueError("say either `calls`, or `sum` and `above`")
        return self


class ArgumentMatch(Part):
    """An argument by its name and value."""

    name: Names
    equals: tuple[Any, ...] = ()
    missing: bool | None = None


class Conditions(Part):
    """Matchers; every one that is given must hold."""

    tools: tuple[ToolKind | Literal["any"], ...] = ()
    named: Names = ()
    """Names of tools, as hosts call them; `*` stands for any characters."""
    command: CommandMatch | None = None
    path: PathMatch | None = None
    host: HostMatch | None = None
    recipient: RecipientMatch | None = None
    secret: SecretMatch | None = None
    sql: SqlMatch | None = None
    text: TextMatch | None = None
    number: NumberMatch | None = None
    argument: ArgumentMatch | None = None
    labels: tuple[Label, ...] = ()
    """What the run has taken in so far, all of these."""
    does: tuple[Deed, ...] = ()
    """What the call comes to, by whatever means: data leaves, or something is destroyed."""
    when: str | None = None
    """CEL; needs the extra `cel`."""
    any: tuple[Conditions, ...] = ()
    none: tuple[Conditions, ...] = ()
    """None of these holds of the call as a whole."""

    @property
    def names_tools(self) -> bool:
        """Say whether it is told which tools this is about."""
        return bool(self.tools or self.named)


class Change(Part):
    """What a `modify` rule does to the call."""

    mask: str | None = None
    """Text that takes the place of what matched."""
    drop_flags: Names = ()
    set: dict[str, Any] = Field(default_factory=dict)
    """Arguments set to a value."""
    keep_in_root: bool | None = None
    """Turn a path that leaves the folder into one below it."""


class Examples(Part):
    """Calls a rule must stop and must let pass; run whenever the rule is loaded."""

    match: Annotated[tuple[Any, ...], Field(min_length=1)]
    """A main argument as text, `tool: {arguments}`, or a list of such steps and results."""
    pass_: Annotated[tuple[Any, ...], Field(min_length=1, alias="pass")]
    given: dict[str, Any] = Field(default_factory=dict)
    """Values of parameters while the examples run; else the defaults."""


class RuleSpec(Conditions):
    """One rule."""

    id: Identifier
    clause: Identifier
    effect: Effect
    reason: str
    instead: str = ""
    """What would be allowed."""
    on: Literal["call", "result"] = "call"
    marks: tuple[Label, ...] = ()
    """Labels that the run takes in with a result that matches."""
    limit: LimitMatch | None = None
    after: tuple[Conditions, ...] = ()
    """Steps that must have happened, in this order, before `then`."""
    then: Conditions | None = None
    """The call that the rule fires on; stands where the matchers of other rules stand."""
    within: Annotated[int, Field(ge=1)] | None = None
    """The first step is at most so many calls ago."""
    unless: Literal["approval"] | Conditions | None = None
    """What, after the last step, makes the call right again."""
    change: Change | None = None
    approvals: Annotated[int, Field(ge=1, le=9)] = 1
    examples: Examples

    @model_validator(mode="after")
    def _agree(self) -> RuleSpec:
        if bool(self.after) != (self.then is not None):
            raise ValueError("`after` and `then` need each other")
        if not (self.then or self).names_tools:
            raise ValueError("say which tools the rule is for: `tools`, `named`, or `tools: [any]`")
        if self.then and self.names_tools:
            raise ValueError("with `then`, tools and matchers stand in it, not beside it")
        if (self.effect == "modify") != (self.change is not None):
            raise ValueError("`change` and the effect `modify` need each other")
        if self.on == "result" and (self.limit or self.after):
            raise ValueError("`limit` and `after` are about calls, not results")
        if self.marks and self.on != "result":
            raise ValueError("`marks` needs `on: result`")
        if self.approvals > 1 and self.effect != "escalate":
            raise ValueError("`approvals` needs the effect `escalate`")
        if not self.after and (self.within or self.unless):
            raise ValueError("`within` and `unless` need `after`")
        return self


class PackFile(Part):
    """A pack: a file of rules."""

    pack: Identifier
    version: str
    about: str
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    rules: tuple[RuleSpec, ...]
