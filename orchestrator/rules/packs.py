"""Rule packs: found, read, their parameters filled in, and checked against each other."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from orchestrator.config import nearest
from orchestrator.domain.run import PackRef
from orchestrator.errors import PolicyError
from orchestrator.rules.document import Document, Place, read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.policies import PolicyText
from orchestrator.rules.schema import PackFile, Parameter, Part

MAX_RULES = 500
"""More rules than this in one pack are refused; split it."""

_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "text": (str,),
    "list": (list,),
    "flag": (bool,),
}


class Pack(NamedTuple):
    """A pack that was read."""

    ref: PackRef
    document: Document
    file: PackFile
    """With the parameters of this place filled in."""
    defaults: PackFile
    """With their defaults filled in, or what the examples give: what examples are run on."""


class _Header(Part):
    parameters: dict[str, Parameter] = Field(default_factory=dict)


def read_packs(
    texts: Sequence[PolicyText], parameters: Mapping[str, Any], clauses: Collection[str]
) -> tuple[Pack, ...]:
    """Read packs, with `parameters` filled in, and check them against each other."""
    documents = [(read_document(text, file), text) for file, text in texts]
    declared: dict[str, Parameter] = {}
    for document, _ in documents:
        declare(document, declared)
    check_parameters(parameters, declared)
    packs = tuple(read_pack(document, text, parameters) for document, text in documents)
    check_names(packs, clauses)
    return packs


def read_parameters(texts: Iterable[PolicyText]) -> dict[str, Parameter]:
    """Return the parameters that packs leave open, by name."""
    declared: dict[str, Parameter] = {}
    for file, text in texts:
        declare(read_document(text, file), declared)
    return declared


def declare(document: Document, declared: dict[str, Parameter]) -> None:
    """Add the parameters of a pack to those that are `declared` already."""
    if not isinstance(document.data, dict):
        raise document.error("a rule pack is a map that starts with `pack:`")
    found = {"parameters": document.data.get("parameters", {})}
    try:
        header = _Header.model_validate(found)
    except ValidationError as error:
        raise explain_fault(document, error, _Header) from None
    for name, parameter in header.parameters.items():
        place: Place = ("parameters", name)
        _check_type(parameter, parameter.default, document.error, f"{name}: the default", place)
        if declared.setdefault(name, parameter).type != parameter.type:
            raise document.error(f"{name} is declared with another type elsewhere", place)


def _check_type(parameter: Parameter, value: Any, error: Any, name: str, place: Place = ()) -> None:
    fits = isinstance(value, _TYPES[parameter.type])
    if not fits or (parameter.type == "number" and isinstance(value, bool)):
        raise error(f"{name} must be a {parameter.type}, not {value!r}", place)


def check_parameters(given: Mapping[str, Any], declared: Mapping[str, Parameter]) -> None:
    """Raise PolicyError for a value that no pack asks for, or that is of another type."""

    def error(message: str, _: Place = ()) -> PolicyError:
        return PolicyError(f"[rules.parameters] {message}")

    for name, value in given.items():
        if name not in declared:
            raise error(f"unknown parameter {name!r}{nearest(name, sorted(declared))}")
        _check_type(declared[name], _as_list(value), error, name)


def read_pack(document: Document, text: str, given: Mapping[str, Any]) -> Pack:
    """Validate one pack, its declarations checked before, with the values `given` for all packs."""
    data = document.data
    rules = data.get("rules")
    if isinstance(rules, list) and len(rules) > MAX_RULES:
        place: Place = ("rules", MAX_RULES)
        raise document.error(f"holds more than {MAX_RULES} rules; split it", place)
    declared = data.get("parameters", {})
    defaults = {name: parameter["default"] for name, parameter in declared.items()}
    here = {**defaults, **{k: _as_list(v) for k, v in given.items() if k in defaults}}
    file = _validate(document, here)
    ref = PackRef(
        name=file.pack, version=file.version, hash=hashlib.sha256(text.encode()).hexdigest()
    )
    tried = _validate(document, defaults, for_examples=True)
    return Pack(ref, document, file, tried)


def _validate(
    document: Document, values: Mapping[str, Any], *, for_examples: bool = False
) -> PackFile:
    data = dict(document.data)
    rules = data.get("rules")
    if isinstance(rules, list):
        data["rules"] = [
            _fill_rule(rule, values, document, ("rules", place), for_examples)
            for place, rule in enumerate(rules)
        ]
    try:
        return PackFile.model_validate(data)
    except ValidationError as error:
        raise explain_fault(document, error, PackFile) from None


def _fill_rule(
    rule: Any, values: Mapping[str, Any], document: Document, place: Place, for_examples: bool
) -> Any:
    """Put values in place of `$name`, except in prose and examples, where `$` is what it is."""
    if not isinstance(rule, dict):
        return rule
    examples = rule.get("examples")
    if for_examples and isinstance(examples, dict) and isinstance(examples.get("given"), dict):
        unknown = next((name for name in examples["given"] if name not in values), None)
        if unknown is not None:
            raise document.error(
                f"unknown parameter {unknown!r}{nearest(unknown, sorted(values))}",
                (*place, "examples", "given", unknown),
            )
        values = {**values, **examples["given"]}
    kept = ("examples", "reason", "instead", "id")
    return {
        key: value if key in kept else _fill(value, values, document, (*place, key))
        for key, value in rule.items()
    }


def _fill(data: Any, values: Mapping[str, Any], document: Document, place: Place) -> Any:
    if isinstance(data, dict):
        return {key: _fill(v, values, document, (*place, key)) for key, v in data.items()}
    if isinstance(data, list):
        filled: list[Any] = []
        for number, item in enumerate(data):
            value = _fill(item, values, document, (*place, number))
            spliced = isinstance(value, list) and not isinstance(item, list)
            filled.extend(value if spliced else [value])
        return filled
    if isinstance(data, str) and data.startswith("$") and data[1:].replace("_", "").isalnum():
        name = data[1:]
        if name.islower():
            if name not in values:
                raise document.error(
                    f"unknown parameter {name!r}{nearest(name, sorted(values))}", place
                )
            return values[name]
    return data


def check_names(packs: Sequence[Pack], clauses: Collection[str]) -> None:
    """Raise PolicyError for a rule id used twice, or a clause that is not in the constitution."""
    places: dict[str, str] = {}
    for pack in packs:
        for number, rule in enumerate(pack.file.rules):
            place: Place = ("rules", number, "id")
            here = f"{pack.document.file}:{pack.document.line_of(place)}"
            if rule.id in places:
                raise pack.document.error(
                    f"the rule id {rule.id} is already used at {places[rule.id]}", place
                )
            places[rule.id] = here
            if rule.clause not in clauses:
                hint = nearest(rule.clause, sorted(clauses))
                raise pack.document.error(
                    f"{rule.id}: no clause {rule.clause!r}{hint}", ("rules", number, "clause")
                )


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
