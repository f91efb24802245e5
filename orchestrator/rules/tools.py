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
from orchestrator.rules.policies import PolicyText
from orchestrator.rules.programs import ProgramFile, index_programs
from orchestrator.rules.schema import Label, Names, Part

Role = Literal["line", "code", "path", "url", "body", "recipient", "amount", "statement", "prompt"]
_SQL_STARTS = ("select", "insert", "update", "delete", "drop", "alter", "create", "truncate",
               "with", "grant", "replace", "merge")  # fmt: skip


class Shape(Part):
    """The arguments that give away a kind."""

    kind: ToolKind
    needs: tuple[Role, ...]
    form: Literal["sql", "mail", "url"] | None = None
    """What the value of the first role must look like."""
    only: bool = False
    """No other argument takes free text, save ones that no role names."""
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
        self._shapes = file.shapes
        self._labels = {
            label: (frozenset(source.kinds), frozenset(map(plain_name, source.names)))
            for label, source in file.labels.items()
        }

    def identify(self, action: Action, spec: ToolSpec | None) -> Identity:
        """Say what `action` is taken for."""
        name = plain_name(action.tool)
        kind, how = self._find_kind(name, action, spec)
        return Identity(kind, how, name, self.labels_of(name, kind))

    def roles_of(self, argument: str) -> frozenset[Role]:
        """Return what an argument of this name may hold."""
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
        declared = _properties(spec)
        for shape in self._shapes:
            names = self._fits(shape, arguments) or self._fits(shape, declared)
            if names:
                return shape.kind, f"taken for {shape.kind} by its arguments {', '.join(names)}"
        return "other", "unknown"

    def _fits(self, shape: Shape, arguments: Mapping[str, Any]) -> list[str] | None:
        chosen: list[str] = []
        for role in shape.needs:
            names = [
                name
                for name, value in arguments.items()
                if role in self.roles_of(name) and isinstance(value, (str, list, int, float))
            ]
            if not names:
                return None
            chosen.append(names[0])
        first = arguments[chosen[0]]
        if shape.names and plain_name(chosen[0]) not in map(plain_name, shape.names):
            return None
        if shape.form and not _has_form(shape.form, first):
            return None
        if shape.only and any(
            self.roles_of(name) and name not in chosen
            for name, value in arguments.items()
            if isinstance(value, str)
        ):
            return None
        return chosen


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


def _has_form(form: str, value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and _has_form(form, value[0])
    if not isinstance(value, str):
        return False
    start = value.lstrip()[:200].lower()
    if form == "url":
        return "://" in start
    if form == "mail":
        return "@" in start
    return start.split(None, 1)[0] in _SQL_STARTS if start else False


def kinds() -> Iterable[str]:
    """Return every kind of tool."""
    return get_args(ToolKind)
