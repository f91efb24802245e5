"""Rules with one thing broken, to see whether an example notices."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from orchestrator.rules.schema import RuleSpec

MATCHERS = (
    "command", "path", "host", "recipient", "secret", "sql", "text", "number", "argument",
)  # fmt: skip
NESTED = ("any", "none", "after")
SINGLE = ("then", "unless")

Place = tuple[str | int, ...]


class Mutant(NamedTuple):
    """A rule that is still well-formed, and means something else."""

    name: str
    """What was done to it."""
    is_word: bool
    """Only a list inside a matcher was left out: one word less of what the matcher says."""
    spec: RuleSpec


def breed(spec: RuleSpec) -> Iterator[Mutant]:
    """Yield every mutant: a matcher, a word of one, an alternative or a step left out, a yes a no.

    An empty list says as little as one that is not there.
    """
    data = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for place in find_parts(data):
        for name, mutant in _break(data, place):
            is_word = name.startswith("without") and len(place) > 1 and place[-2] in MATCHERS
            try:
                yield Mutant(name, is_word, RuleSpec.model_validate(mutant))
            except ValidationError:
                continue  # the loader itself would refuse it


def find_parts(data: dict[str, Any], place: Place = ()) -> Iterator[Place]:
    """Yield where each matcher, alternative and step of a rule stands, and each word of them."""
    for key, value in data.items():
        here = (*place, key)
        if key in MATCHERS:
            yield here
            yield from ((*here, word) for word in value)
        elif key in NESTED:
            yield here
            for number, one in enumerate(value):
                yield (*here, number)
                yield from find_parts(one, (*here, number))
        elif key in SINGLE and isinstance(value, dict):
            if key == "unless":
                yield here
            yield from find_parts(value, here)
        elif key in ("limit", "labels", "within", "unless", "named"):
            yield here


def _break(data: dict[str, Any], place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ".".join(map(str, place))
    *_, value = _walk(data, place)
    yield f"without {name}", _change(data, place, None)
    if isinstance(value, bool):
        yield f"{name} is {not value}", _change(data, place, not value)


def _change(data: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """Return a copy with `value` at `place`; None takes away what is there."""
    changed = copy.deepcopy(data)
    holder: Any = changed
    for part in place[:-1]:
        holder = holder[part]
    if value is None:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    return changed


def _walk(data: Any, place: Place) -> Iterator[Any]:
    for part in place:
        data = data[part]
        yield data
