"""One clear sentence, with its line, for what pydantic finds wrong in a policy file."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from orchestrator.config import nearest
from orchestrator.errors import PolicyError
from orchestrator.rules.document import Document, Place


def explain_fault(
    document: Document, error: ValidationError, model: type[BaseModel], at: Place = ()
) -> PolicyError:
    """Return the error for the first thing that is wrong; `at` is where `model` stands."""
    # A misspelt key is also a missing one; the misspelling is what helps.
    first = min(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    place = _existing(document, (*at, *first["loc"]))
    name = ".".join(str(part) for part in place[len(at) :] if isinstance(part, str))
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        return document.error(
            f"unknown key {key!r}{nearest(key, _keys(model, first['loc']))}", place
        )
    if first["type"] == "literal_error":
        words = first["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        hint = nearest(str(first["input"]), words)
        return document.error(f"{name}: unknown word {first['input']!r}{hint}", place)
    if first["type"] == "missing":
        return document.error(f"{first['loc'][-1]!r} is missing", place)
    message = first["msg"].removeprefix("Value error, ")
    return document.error(f"{name}: {message[0].lower()}{message[1:]}" if name else message, place)


def _existing(document: Document, place: Place) -> Place:
    """Return as much of `place` as the document has: pydantic adds names of its own."""
    found: Place = ()
    for part in place:
        if (*found, part) in document.lines:
            found = (*found, part)
    return found


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that are known where `place` leads."""
    here = model
    for part in place[:-1]:
        field = next((f for n, f in here.model_fields.items() if (f.alias or n) == part), None)
        if field is not None:
            here = next(_models(field.annotation), here)
    return [field.alias or name for name, field in here.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, tuple, list, dict):
        for inner in get_args(annotation):
            yield from _models(inner)
