"""Read the tool calls hosts hand over, in the shapes model APIs use, into actions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.domain.action import Action, Justification
from orchestrator.domain.value import TOO_DEEP, JsonObject, clean, clean_text, is_too_deep

RAW = "_raw"
"""Key under which arguments stand that could not be read as a JSON object."""


def read_action(
    call: Mapping[str, Any] | object, *, place: str, is_taken: Callable[[str], bool]
) -> Action:
    """Return the action a tool call proposes.

    Understands `{id, tool | name, arguments | args | input}` and `{id, function: {name,
    arguments}}`, as mappings or objects. Arguments may be JSON text. What cannot be read becomes
    a malformed action, never an exception. `place` names the call where its id is missing or
    already taken in this run.
    """
    function = _field(call, "function")
    inner = call if function is None or isinstance(function, str) else function
    tool = _field(inner, "tool", "name") or (function if isinstance(function, str) else None)
    given = _field(call, "id", "call_id", "tool_call_id")
    call_id = None if given is None else clean_text(str(given))
    arguments, malformed = read_arguments(_field(inner, "arguments", "args", "input"))
    if not tool:
        malformed = malformed or "the call names no tool"
    name = call_id or place
    if is_taken(name):
        name = place
    while is_taken(name):
        name += "'"
    return Action(
        id=name,
        call_id=call_id,
        tool=clean_text(str(tool or "")),
        arguments=arguments,
        malformed=malformed,
    )


def read_arguments(raw: object) -> tuple[JsonObject, str | None]:
    """Return arguments as a JSON object, and why they are malformed where they are."""
    if raw is None or raw == "":
        return {}, None
    if isinstance(raw, (str, bytes)):
        try:
            parsed = json.loads(raw)
        except ValueError as error:
            return {RAW: clean(raw)}, f"the arguments are not valid JSON: {error}"
        except RecursionError:
            return {RAW: clean(raw)}, "the arguments are nested too deep"
        return _as_object(parsed)
    return _as_object(raw)


def read_justification(raw: object) -> Justification | None:
    """Return the justification an agent gave, or None where there is nothing usable in it.

    Plain text is taken as the intent; unknown keys are dropped, since all of it is a claim.
    """
    if isinstance(raw, Justification):
        return raw
    if isinstance(raw, str):
        return Justification(intent=clean_text(raw)) if raw.strip() else None
    if not isinstance(raw, Mapping):
        return None
    return Justification(
        intent=clean_text(str(raw.get("intent") or "")),
        clauses=_texts(raw.get("clauses")),
        conditions=_texts(raw.get("conditions")),
        evidence=_texts(raw.get("evidence")),
        expected_effects=_texts(raw.get("expected_effects")),
    )


def _as_object(parsed: object) -> tuple[JsonObject, str | None]:
    cleaned = clean(parsed)
    if not isinstance(cleaned, dict):
        return {RAW: cleaned}, "the arguments are not a JSON object"
    if is_too_deep(cleaned):
        return cleaned, f"the arguments are nested too deep to show ({TOO_DEEP})"
    return cleaned, None


def _texts(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str):
        return (clean_text(raw),)
    if isinstance(raw, (list, tuple)):
        return tuple(clean_text(str(item)) for item in raw)
    return ()


def _field(source: object, *names: str) -> Any:
    for name in names:
        found = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
        if found is not None:
            return found
    return None
