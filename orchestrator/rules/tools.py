"""What kind of tool a call uses: as the host declared it, by its known name, or by its shape."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args

from pydantic import Field, ValidationError

from orchestrator.domain.action import Action, ToolKind, ToolSpec
from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.policies import PolicyText, find_tools
from orchestrator.rules.programs import ProgramFile, index_programs
from orchestrator.rules.schema import Label, Names, Part

Role = Literal["line", "code", "path", "url", "body", "recipient", "amount", "statement", "prompt"]
UNKNOWN = "unknown"
_SQL_STARTS = ("select", "insert", "update", "delete", "drop", "alter", "create", "truncate",
               "with", "grant", "replace", "merge")  # fmt: skip


Stakes = Literal["irreversible", "consequential", "none"]
"""Whether a call can't be undone, changes or sends something, or only looks."""


class Shape(Part):
    """The arguments that give away a kind."""

    kind: ToolKind
    needs: tuple[Role, ...]
    form: Literal["sql", "mail", "url", "line", "code"] | None = None
    """What the value of the first role must look like."""
    only: bool = False
    """No other argument has a name that a role knows."""
    names: Names = ()
    """Narrower names for the first role."""


class Source(Part):
    """The tools that give a run a label."""

    kinds: tuple[ToolKind, ...] = ()
    names: Names = ()


class ToolFile(Part):
    """The tool mapping as reviewers sign it."""

    version: str
    kinds: dict[ToolKind, Names]
    by_argument: dict[str, dict[str, dict[str, ToolKind]]] = Field(default_factory=dict)
    roles: dict[Role, Names]
    main: dict[ToolKind, tuple[Role, ...]] = Field(default_factory=dict)
    shapes: tuple[Shape, ...] = ()
    labels: dict[Label, Source] = Field(default_factory=dict)
    stakes: dict[Literal["irreversible", "looking"], tuple[ToolKind, ...]] = Field(
        default_factory=dict
    )
    programs: ProgramFile


class Identity(NamedTuple):
    """What a call was taken for, and why."""

    kind: ToolKind
    how: str
    name: str
    """The tool's name as it is compared: lower case, without prefix and separators."""
    labels: frozenset[Label] = frozenset()
    """What its result brings into the run."""


class ToolMap:
    """Tell kinds, argument roles and labels; compiled once."""

    def __init__(self, file: ToolFile, digest: str) -> None:
        self.hash = digest
        self.main = file.main
        self.programs = index_programs(file.programs)
        self._by_name = {plain_name(n): kind for kind, names in file.kinds.items() for n in names}
        self._by_argument = {
            plain_name(tool): next(iter(table.items())) for tool, table in file.by_argument.items()
        }
        self._roles: dict[str, frozenset[Role]] = {}
        for role, names in file.roles.items():
            for name in names:
                key = plain_name(name)
                self._roles[key] = self._roles.get(key, frozenset()) | {role}
        self.roles_of = functools.lru_cache(maxsize=8192)(self._find_roles)
        """Return what an argument of this name may hold."""
        self._shapes_of = functools.lru_cache(maxsize=4096)(self._match_shapes)
        self._shapes = file.shapes
        self._stakes = file.stakes
        self._labels = {
            label: (frozenset(source.kinds), frozenset(map(plain_name, source.names)))
            for label, source in file.labels.items()
        }

    def identify(self, action: Action, spec: ToolSpec | None) -> Identity:
        """Say what `action` is taken for."""
        name = plain_name(action.tool)
        kind, how = self._find_kind(name, action, spec)
        return Identity(kind, how, name, self.labels_of(name, kind))

    def stakes_of(self, identity: Identity) -> Stakes:
        """Say what is at stake in a call; of a tool nobody knows, something is."""
        if identity.kind in self._stakes.get("irreversible", ()):
            return "irreversible"
        if identity.kind in self._stakes.get("looking", ()):
            return "none"
        known = identity.kind == "other" and identity.how != UNKNOWN
        return "none" if known else "consequential"

    def _find_roles(self, argument: str) -> frozenset[Role]:
        return self._roles.get(plain_name(argument), frozenset())

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - one map lives as long as its rules
    def labels_of(self, name: str, kind: ToolKind) -> frozenset[Label]:
        """Return the labels that a result of such a tool brings."""
        return frozenset(
            label
            for label, (kinds, names) in self._labels.items()
            if kind in kinds or name in names
        )

    def _find_kind(self, name: str, action: Action, spec: ToolSpec | None) -> tuple[ToolKind, str]:
        if spec is not None and spec.kind is not None:
            return spec.kind, "declared by the host"
        if name in self._by_argument:
            argument, kinds = self._by_argument[name]
            value = action.arguments.get(argument)
            found = kinds.get(value) if isinstance(value, str) else None
            return found or kinds["*"], f"known by name, with {argument}"
        if name in self._by_name:
            return self._by_name[name], "known by name"
        return self._find_shape(action.arguments, spec)

    def _find_shape(
        self, arguments: Mapping[str, Any], spec: ToolSpec | None
    ) -> tuple[ToolKind, str]:
        for given in (arguments, _properties(spec)):
            for shape, chosen in self._shapes_of(tuple(given)):
                if _has_form(shape, chosen, given):
                    return (
                        shape.kind,
                        f"taken for {shape.kind} by its arguments {', '.join(chosen)}",
                    )
        return "other", UNKNOWN

    def _match_shapes(self, names: tuple[str, ...]) -> tuple[tuple[Shape, tuple[str, ...]], ...]:
        """Return the shapes that arguments of these names can have, with the names that count."""
        found = []
        for shape in self._shapes:
            allowed = frozenset(map(plain_name, shape.names))
            chosen = [
                next((name for name in names if role in self.roles_of(name)), None)
                for role in shape.needs
            ]
            if shape.names:
                chosen[0] = next((name for name in names if plain_name(name) in allowed), None)
            known = tuple(name for name in chosen if name is not None)
            rest = any(self.roles_of(name) for name in names if name not in known)
            if len(known) == len(chosen) and not (shape.only and rest):
                found.append((shape, known))
        return tuple(found)


@functools.cache
def load_tools() -> ToolMap:
    """Read the shipped tool mapping, once."""
    return read_tools(find_tools())


def read_tools(policy: PolicyText) -> ToolMap:
    """Compile the text of a tool mapping; PolicyError with file and line where it is wrong."""
    document = read_document(policy.text, policy.file)
    try:
        parsed = ToolFile.model_validate(document.data)
    except ValidationError as error:
        raise explain_fault(document, error, ToolFile) from None
    for tool, table in parsed.by_argument.items():
        if len(table) != 1 or "*" not in next(iter(table.values())):
            raise document.error(
                f"{tool}: name one argument, with a kind for `*`", ("by_argument", tool)
            )
    return ToolMap(parsed, hashlib.sha256(policy.text.encode()).hexdigest())


@functools.lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a name of a tool or argument as it is compared."""
    name = name.rsplit("__", 1)[-1] if "__" in name else name
    name = name.rsplit(".", 1)[-1].rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return name.lower().replace("_", "").replace("-", "")


def _properties(spec: ToolSpec | None) -> Mapping[str, Any]:
    """Return the argument names of a schema, each with text that fits no form."""
    if spec is None:
        return {}
    properties = spec.parameters.get("properties")
    return dict.fromkeys(properties, "") if isinstance(properties, dict) else {}


def _has_form(shape: Shape, chosen: tuple[str, ...], arguments: Mapping[str, Any]) -> bool:
    """Say whether the values look like what the shape is about."""
    if not all(isinstance(arguments[name], (str, list, int, float)) for name in chosen):
        return False
    value = arguments[chosen[0]]
    if isinstance(value, list) and value:
        value = value[0]
    if shape.form is None:
        return True
    if not isinstance(value, str):
        return False
    start = value.lstrip()[:200].lower()
    if shape.form == "url":
        return "://" in start
    if shape.form == "mail":
        return "@" in start
    if shape.form == "line":  # a lone word beside other arguments is a verb: `command: create`
        return len(arguments) == 1 or any(mark in start for mark in " /|;&$`")
    if shape.form == "code":
        return any(mark in value for mark in "(=\n")
    return bool(start) and start.split(None, 1)[0] in _SQL_STARTS


def kinds() -> Iterable[str]:
    """Return every kind of tool."""
    return get_args(ToolKind)
